"""The commands. This module only declares them, so that `--help` is quick; each does its work in a module of its own.

Errors are translated here, once: one line on standard error, and the exit code of the design (0 done, 1 the program's
fault, 2 usage or configuration, 3 a service out of reach, 4 from `check` alone: something waits for a person).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from daemon.errors import VaguemestreError

app = typer.Typer(
    name="vaguemestre",
    rich_markup_mode=None,  # rich is loaded by the commands that print tables, not by --help
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Vaguemestre sorts a purchasing group's mail: reads what members send, applies each lot's rules, answers.\n\n"
    "Start with `vaguemestre demo` (no account needed), then write vaguemestre.toml, run `vaguemestre check`, "
    "`vaguemestre members import`, `vaguemestre plan`, and `vaguemestre run`.",
)
members_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The members of the groups.")
letters_app = typer.Typer(rich_markup_mode=None, help="The letters on the books; `letters show KEY` prints one.")
reviews_app = typer.Typer(
    rich_markup_mode=None,
    help="The questions to the coordinator; `reviews answer` answers one, `reviews again` asks a list again.",
)
dossiers_app = typer.Typer(
    rich_markup_mode=None,
    help="The dossiers; `dossiers close`, `withdraw` and `reopen` are what a coordinator's reply can do, too.",
)
app.add_typer(dossiers_app, name="dossiers")
app.add_typer(members_app, name="members")
app.add_typer(letters_app, name="letters")
app.add_typer(reviews_app, name="reviews")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="Configuration (default: $VAGUEMESTRE_CONFIG, ./vaguemestre.toml, /etc/vaguemestre/vaguemestre.toml).",
    ),
]
NowOption = Annotated[
    str | None,
    typer.Option("--now", metavar="INSTANT", help="Act as if it were that instant: 2026-01-05, 2026-01-05T09:30."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, oldest first.")]
ByOption = Annotated[str, typer.Option("--by", metavar="WHO", help="Who decides, for the journal.")]
GroupOption = Annotated[str | None, typer.Option("--group", "-g", metavar="GROUP", help="Only that group.")]


@app.command()
def run(
    config: ConfigOption = None,
    once: Annotated[bool, typer.Option("--once", help="Do everything that is due, then end.")] = False,
    now: NowOption = None,
) -> None:
    """The daemon: watches the mailboxes, reads, decides, answers, files. SIGTERM ends it, SIGHUP loads anew."""
    from daemon.commands import run as command

    command.run(config, once=once, now=now)


@app.command()
def read(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Mails (.eml) or documents.")],
    json: JsonOption = False,
    overlay: Annotated[
        Path | None, typer.Option("--overlay", metavar="OUT.pdf", help="The document with each value's box drawn.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """What would be read in these files. Touches nothing; a configuration only adds its census and trust anchors."""
    from daemon.commands import read as command

    command.read(files, json=json, overlay=overlay, config=config)


@app.command()
def explain(
    what: Annotated[str, typer.Argument(metavar="DOSSIER|FILE", help="A dossier's ref (CIG-2-0042), or a file.")],
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Why: the rule, the requirement, the value and where it was read."""
    from daemon.commands import explain as command

    command.explain(what, config=config, now=now)


@app.command()
def plan(
    at: Annotated[str, typer.Option("--at", metavar="INSTANT", help="The instant to look at.")],
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Which letters would be due at an instant, if nothing came in until then. Sends nothing, writes nothing."""
    from daemon.commands import plan as command

    command.plan(at, json=json, config=config)


@app.command()
def replay(
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="Only letters due since then.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Print what stays as it is, too.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Today's rules over the past: which letters would be new, which no longer due. Sends nothing, writes nothing."""
    from daemon.commands import replay as command

    command.replay(since=since, json=json, everything=everything, config=config, now=now)


@app.command()
def digest(
    at: Annotated[
        str | None, typer.Option("--at", metavar="INSTANT", help="As of that instant, past ones too.")
    ] = None,
    group: GroupOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the letter (.eml, .html) and the workbook there.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """The coordinators' report, as it would leave now. Sends nothing."""
    from daemon.commands import digest as command

    command.digest(at=at, group=group, out=out, config=config)


@dossiers_app.callback(invoke_without_command=True)
def dossiers(
    context: typer.Context, json: JsonOption = False, group: GroupOption = None, config: ConfigOption = None
) -> None:
    """The dossiers: one member, one lot, what is there and what is missing; `close`, `withdraw`, `reopen` one."""
    if context.invoked_subcommand is None:
        from daemon.commands import books

        books.dossiers(json=json, group=group, config=config)


def _ordered(name: str, what: Literal["closed", "withdrawn", "reopened"], told: str) -> None:
    """One of the three things that a coordinator orders of dossiers."""

    @dossiers_app.command(name, help=told)
    def order(
        refs: Annotated[list[str], typer.Argument(metavar="REF...", help="Dossiers' refs (CIG-2-0042).")],
        reason: Annotated[
            str, typer.Option("--reason", metavar="WORDS", help="Why: for the journal, and for the member who is told.")
        ] = "",
        by: ByOption = "terminal",
        config: ConfigOption = None,
        now: NowOption = None,
    ) -> None:
        from daemon.commands import instructions

        instructions.carry_out(what, refs, reason, by=by, config=config, now=now)


_ordered("close", "closed", "Closes dossiers (--reason): nothing more is asked of the member, no reminder leaves.")
_ordered("withdraw", "withdrawn", "Withdraws dossiers (--reason); the member is told where the group's rules say so.")
_ordered("reopen", "reopened", "Opens dossiers again: they stand as their papers say.")


@letters_app.callback(invoke_without_command=True)
def letters(
    context: typer.Context, json: JsonOption = False, group: GroupOption = None, config: ConfigOption = None
) -> None:
    """The letters: due, sent, failed."""
    if context.invoked_subcommand is None:
        from daemon.commands import books

        books.letters(json=json, group=group, config=config)


@letters_app.command("show")
def letters_show(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A letter's key, as `letters` prints it.")],
    config: ConfigOption = None,
) -> None:
    """One letter: headers, text and HTML."""
    from daemon.commands import books

    books.show_letter(key, config=config)


@reviews_app.callback(invoke_without_command=True)
def reviews(
    context: typer.Context, json: JsonOption = False, group: GroupOption = None, config: ConfigOption = None
) -> None:
    """The questions to the coordinator, and their answers."""
    if context.invoked_subcommand is None:
        from daemon.commands import books

        books.reviews(json=json, group=group, config=config)


@reviews_app.command("answer")
def reviews_answer(
    number: Annotated[int, typer.Argument(metavar="ID", help="The review's id, as `reviews` prints it.")],
    words: Annotated[
        list[str], typer.Argument(metavar="ANSWER...", help="ok | ok sauf 0541…J | siret 2191… | refuser : motif")
    ],
    by: ByOption = "terminal",
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Answers a review as the coordinator's reply would."""
    from daemon.commands import reviews as command

    command.answer(number, " ".join(words), by=by, config=config, now=now)


@reviews_app.command("again")
def reviews_again(
    lot: Annotated[str, typer.Argument(metavar="LOT", help="An automatic lot, as the rules name it (vote).")],
    group: GroupOption = None,
    by: ByOption = "terminal",
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Asks the coordinator an automatic lot's list again, after a refusal or an `ok sauf`."""
    from daemon.commands import reviews as command

    command.again(lot, group=group, by=by, config=config, now=now)


@app.command()
def events(
    json: JsonOption = False,
    dossier: Annotated[str | None, typer.Option("--dossier", metavar="REF", help="Only that dossier's.")] = None,
    config: ConfigOption = None,
) -> None:
    """The journal, and whether its chain of hashes is whole."""
    from daemon.commands import books

    books.events(json=json, dossier=dossier, config=config)


@members_app.command("import")
def members_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or XLSX, as Démarches simplifiées exports it.")],
    config: ConfigOption = None,
    group: GroupOption = None,
    now: NowOption = None,
) -> None:
    """The census: who is who, and the dossiers that it commits each member to (opened as `expected`)."""
    from daemon.commands import members as command

    command.import_(file, config=config, group=group, now=now)


@app.command()
def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would go; nothing goes.")] = False,
    json: JsonOption = False,
    config: ConfigOption = None,
    now: NowOption = None,
) -> None:
    """Removes for good what has stayed as long as the rules' `retention` allows. The daemon does so once a day."""
    from daemon.commands import purge as command

    command.purge(dry_run=dry_run, json=json, config=config, now=now)


@app.command()
def check(config: ConfigOption = None) -> None:
    """Tries configuration, rules, templates, mailboxes, SMTP, database and tools; each failure with its remedy."""
    from daemon.commands import check as command

    command.check(config)


@app.command()
def demo(
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where the demo lives; begun anew each time.")
    ] = Path("demo"),
) -> None:
    """The whole thing on a Maildir and SQLite, with mails of its own. No account, no network."""
    from daemon.commands import demo as command

    command.demo(folder)


def main() -> None:
    """The entry point: runs a command and translates its errors."""
    try:
        app()
    except VaguemestreError as e:
        sys.stderr.write(f"vaguemestre: {e}\n")
        sys.exit(e.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as e:
        # The program's own fault: one line for who runs it, all of it for who mends it.
        if os.environ.get("VAGUEMESTRE_TRACE"):
            raise
        words = " ".join(f"{type(e).__name__}: {e}".split())[:300]
        sys.stderr.write(f"vaguemestre: faute du programme ({words}) – signalez-la, avec VAGUEMESTRE_TRACE=1\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
