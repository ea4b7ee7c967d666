"""The configuration: one TOML file, checked whole before anything starts. Every error is one line: key and remedy.

Secrets never stand in it: they come from a file (`password_file`), a systemd credential (`password_credential`, a file
of `$CREDENTIALS_DIRECTORY`) or an environment variable (`password_env`). Paths are relative to the file's folder.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from daemon.errors import ConfigurationError
from daemon.tables import SECRET_KEYS, KeyProblem, Preparation, nearest

if TYPE_CHECKING:
    import sqlalchemy

    from parsers.records import Limits as ReadingLimits

NAME = "vaguemestre.toml"
SYSTEM = Path("/etc/vaguemestre") / NAME

EXPECTED = {  # pydantic's error types, in French
    "bool_type": "true ou false attendu",
    "dict_type": "table attendue",
    "float_parsing": "nombre attendu",
    "float_type": "nombre attendu",
    "greater_than": "nombre plus grand que zéro attendu",
    "int_from_float": "nombre entier attendu",
    "int_parsing": "nombre entier attendu",
    "int_type": "nombre entier attendu",
    "mapping_type": "table attendue",
    "model_type": "table attendue",
    "string_type": "texte entre guillemets attendu",
    "too_short": "liste vide",
    "tuple_type": "liste entre crochets attendue",
}

Security = Literal["tls", "starttls", "plain", "none"]


class _Table(BaseModel):
    """A table of the TOML: frozen, unknown keys refused, values never echoed in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Endpoint(_Table):
    """A mail URL taken apart. Holds no secret."""

    scheme: str
    host: str = ""
    port: int = 0
    user: str | None = None
    path: str = ""  # of a Maildir: absolute path; of IMAP: the folder to read, `INBOX` if none is named

    @property
    def security(self) -> Security:
        """How the connection is protected: TLS from the start, STARTTLS, not at all; `none` for a Maildir."""
        if self.scheme == "maildir":
            return "none"
        if self.scheme.endswith("+starttls"):
            return "starttls"
        return "tls" if self.scheme in ("imaps", "smtps") else "plain"

    def __str__(self) -> str:
        if self.scheme == "maildir":
            return f"maildir://{self.path}"
        return f"{self.scheme}://{self.user + '@' if self.user else ''}{self.host}:{self.port}"


def _address(text: str) -> str:
    name, bare = parseaddr(text)
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", bare) or (not name and bare != text.strip()):
        raise ValueError("adresse électronique mal écrite|écrivez nom@domaine.fr, ou « Nom <nom@domaine.fr> »")
    return text.strip()


Address = Annotated[str, AfterValidator(_address)]


class Store(_Table):
    """Where the books are."""

    database: str = "sqlite:////var/lib/vaguemestre/vaguemestre.db"  # SQLAlchemy URL without password
    blobs: str = "file:///var/lib/vaguemestre/blobs"  # fsspec URL
    password: SecretStr | None = None  # of the database, from password_file & co.
    ca_file: Path | None = None

    @property
    def url(self) -> sqlalchemy.URL:
        """The database's URL with its password in it: never print it otherwise than by `str()`, which hides it."""
        from sqlalchemy import make_url

        url = make_url(self.database)
        return url if self.password is None else url.set(password=self.password.get_secret_value())


class Mailbox(_Table):
    """A group's mailbox."""

    group: str
    url: Endpoint
    password: SecretStr | None = None
    ca_file: Path | None = None  # PEM of the authority that signed the server's certificate; the system's if None


class Outgoing(_Table):
    """How letters leave."""

    url: Endpoint
    password: SecretStr | None = None
    ca_file: Path | None = None
    sender: Address | None = None  # None: a letter comes from its group's own address
    rehearsal: Address | None = None  # every letter goes there instead


class Members(_Table):
    """Who is who."""

    file: Path | None = None  # CSV or XLSX


class Trust(_Table):
    """Whom to believe."""

    anchors: Path | None = None  # folder of PEM roots for electronic signatures, or one PEM file
    authserv_id: str | None = None  # whose Authentication-Results count
    resolver: str | None = None  # IP of a DNS server for DKIM; None: the system's

    def files(self) -> tuple[Path, ...]:
        """The anchors' files, in the order of their names."""
        if self.anchors is None:
            return ()
        if self.anchors.is_file():
            return (self.anchors,)
        return tuple(p for p in sorted(self.anchors.iterdir()) if p.suffix in (".pem", ".crt", ".cer"))

    def pems(self) -> tuple[bytes, ...]:
        """What the anchors' files hold."""
        return tuple(p.read_bytes() for p in self.files())


class Letters(_Table):
    """How letters look."""

    templates: Path | None = None  # folder whose templates replace the shipped ones of the same name


Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]


class Limits(_Table):
    """What one mail or one document may cost; over it, a finding or an answer, never an outage."""

    mail_bytes: Positive = 50_000_000  # a whole mail; a larger one is answered with the limit
    batch_bytes: Positive = 32_000_000  # fetched from a mailbox at once
    bytes: Positive = 40_000_000  # one file, unpacked
    pages: Positive = 60
    pixels: Positive = 60_000_000
    depth: Positive = 4
    parts: Positive = 200
    seconds_per_page: Seconds = 60.0
    seconds: Seconds = 300.0  # one document; a mail may take twelve times as long
    memory: Positive = 1_200_000_000  # bytes a reader process may take

    def reading(self) -> ReadingLimits:
        """The part that parsers need."""
        from parsers.records import Limits as ReadingLimits

        names = ("bytes", "pages", "pixels", "depth", "parts", "seconds_per_page", "seconds", "memory")
        return ReadingLimits(**{n: getattr(self, n) for n in names})


class Schedule(_Table):
    """How often things are looked at, in seconds."""

    poll_seconds: Seconds = 60.0  # the mailbox, where IDLE is not offered and as a check where it is
    idle_seconds: Seconds = 300.0  # IDLE is armed anew
    lease_seconds: Seconds = 600.0  # a claimed row is free again
    retry_seconds: Seconds = 60.0  # first wait after a failure; doubled each time
    retry_max_seconds: Seconds = 3600.0
    attempts: Positive = 3  # of reading or ruling one mail, before it is put aside
    delivery_hours: Seconds = 48.0  # a letter that cannot leave is given up after that
    readers: Positive = 2  # reader processes side by side


class Config(_Table):
    """The whole file, paths absolute and secrets read."""

    file: Path
    groups: tuple[str, ...] = Field(min_length=1)  # shipped names, or absolute paths of YAML files
    store: Store = Store()
    mailbox: tuple[Mailbox, ...] = Field(min_length=1)
    outgoing: Outgoing
    coordinators: Mapping[str, tuple[Address, ...]] = {}
    providers: Mapping[str, Address] = {}
    school_holidays: Mapping[str, Literal["A", "B", "C"]] = {}  # group → zone in whose holidays nobody is reminded
    members: Members = Members()
    trust: Trust = Trust()
    letters: Letters = Letters()
    limits: Limits = Limits()
    schedule: Schedule = Schedule()


def find(explicit: Path | None = None, env: Mapping[str, str] = os.environ, folder: Path | None = None) -> Path:
    """The configuration to use: `--config`, `$VAGUEMESTRE_CONFIG`, `./vaguemestre.toml`, then `/etc/vaguemestre`'s.

    Raises ConfigurationError where none is there, or where the one named is not.
    """
    named = explicit or (Path(v) if (v := env.get("VAGUEMESTRE_CONFIG")) else None)
    if named is not None:
        if not named.is_file():
            origin = "--config" if explicit else "$VAGUEMESTRE_CONFIG"
            raise ConfigurationError(f"{origin} : {named} n’est pas un fichier", "donnez le chemin du fichier TOML")
        return named
    places = ((folder or Path.cwd()) / NAME, SYSTEM)
    for place in places:
        if place.is_file():
            return place
    raise ConfigurationError(
        f"aucune configuration : ni {places[0]} ni {places[1]}",
        "créez l’un des deux, ou donnez --config FICHIER (modèle : docs/vaguemestre.toml)",
    )


def load(path: Path, env: Mapping[str, str] = os.environ, *, secrets: bool = True) -> Config:
    """Read, check and freeze a configuration. Raises ConfigurationError, one line that names the key and the remedy.

    Without `secrets`, those of mailboxes and SMTP are neither read nor missed: commands that only look into the books
    need not be allowed to read them.
    """
    path = path.absolute()
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise ConfigurationError(
            f"{path} : lecture impossible ({e.strerror})", "vérifiez le chemin et les droits"
        ) from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise ConfigurationError(f"{path} : ce n’est pas du TOML ({e})", "corrigez la ligne indiquée, en UTF-8") from e
    _top_level(path, raw)
    try:
        prepared = Preparation(path.parent, env, secrets=secrets).whole(raw)
        return Config.model_validate({**prepared, "file": path})
    except KeyProblem as e:
        raise ConfigurationError(f"{path.name}, {e.key} : {e.problem}", e.remedy) from e
    except ValidationError as e:
        raise _translated(path, e) from None  # the original would show values


def _top_level(path: Path, raw: Mapping[str, object]) -> None:
    """A key misspelt at the top is named before what is missed without it."""
    known = _known_keys(("",))
    for key in raw:
        if key not in known:
            raise ConfigurationError(f"{path.name}, {key} : clé inconnue", nearest(key, known))
    if "groups" not in raw:
        raise ConfigurationError(f"{path.name}, groups : manque", "ajoutez cette clé (modèle : docs/vaguemestre.toml)")


def _translated(path: Path, error: ValidationError) -> ConfigurationError:
    """pydantic's first complaint as one French line; the number of the others behind it."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    first = problems[0]
    location, kind, words = first["loc"], first["type"], first["msg"]
    key = _key(location)
    more = f" (et {len(problems) - 1} autre(s) erreur(s))" if len(problems) > 1 else ""
    if kind == "extra_forbidden":
        problem, remedy = "clé inconnue", nearest(str(location[-1]), _known_keys(location))
    elif kind == "missing":
        problem, remedy = "manque", "ajoutez cette clé (modèle : docs/vaguemestre.toml)"
    elif kind == "value_error":
        problem, _, remedy = words.removeprefix("Value error, ").partition("|")
    else:
        problem, remedy = EXPECTED.get(kind, "valeur refusée"), "corrigez-la (modèle : docs/vaguemestre.toml)"
        if location == ("mailbox",) and kind == "tuple_type":
            remedy = "écrivez [[mailbox]], entre doubles crochets"
    return ConfigurationError(f"{path.name}, {key} : {problem}{more}", remedy)


def _key(location: Sequence[int | str]) -> str:
    """`("mailbox", 1, "url")` as `[[mailbox]] nº 2, url`."""
    head, *rest = location
    if head == "mailbox" and rest and isinstance(rest[0], int):
        return ", ".join([f"[[mailbox]] nº {rest[0] + 1}", *map(str, rest[1:])])
    if not rest:
        return str(head)
    tail = " ".join(f"nº {r + 1}" if isinstance(r, int) else r for r in rest)
    return f"{head} {tail}" if head == "groups" else f"[{head}] {tail}"


def _known_keys(location: Sequence[int | str]) -> list[str]:
    tables: dict[str | int, type[_Table]] = {
        "store": Store, "mailbox": Mailbox, "outgoing": Outgoing, "members": Members, "trust": Trust,
        "letters": Letters, "limits": Limits, "schedule": Schedule,
    }  # fmt: skip
    if len(location) == 1:
        return [k for k in Config.model_fields if k != "file"]
    model = tables.get(location[0])
    keys = [k for k in model.model_fields if k != "password"] if model else []
    return keys + (list(SECRET_KEYS) if model in (Store, Mailbox, Outgoing) else [])
