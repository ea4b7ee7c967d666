"""`vaguemestre digest`: the coordinators' report as of an instant. Sends nothing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from daemon.commands.common import console, house, known_group, writing
from daemon.digest.digest import digest as made
from daemon.digest.facts import Period
from daemon.digest.gather import gather
from daemon.letters.compose import compose
from daemon.letters.render import Renderer
from daemon.runners.dispatch import sender

SPAN = {"day": dt.timedelta(days=1), "week": dt.timedelta(days=7)}


def digest(*, at: str | None, group: str | None, out: Path | None, config: Path | None) -> None:
    """Prints each group's report; with `out`, writes the mail, its HTML and the workbook."""
    with house(config, at) as h:
        known_group(h, group)
        renderer = Renderer(h.config.letters.templates)
        now = h.clock()
        for rules in h.groups.values():
            if group not in (None, rules.id):
                continue
            period: Period = "day" if rules.digest.every == "day" else "week"
            with h.database.session() as s:
                facts = gather(s, rules, since=now - SPAN[period], until=now, period=period)
            letter, pictures, attachments = made(facts)
            mail = compose(
                [letter],
                renderer=renderer,
                role="coordinator",
                to=list(h.config.coordinators.get(rules.id, ())) or [rules.mailbox],
                sender=sender(h, rules.id),
                message_id="<apercu@localhost>",
                date=now,
                pictures=pictures,
                attachments=attachments,
            )
            text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
            console().print(text.get_content() if text else "", markup=False)
            if out is not None:
                with writing("--out"):
                    out.mkdir(parents=True, exist_ok=True)
                    (out / f"{rules.id}.eml").write_bytes(mail.as_bytes())
                    (out / f"{rules.id}.html").write_text(html.get_content() if html else "", encoding="utf-8")
                    for name, data, _ in attachments:
                        (out / name).write_bytes(data)
