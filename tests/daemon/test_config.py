"""The TOML: what it gives, and that every mistake is one line with its key and its remedy."""

from __future__ import annotations

import contextlib
import re
import tomllib
from pathlib import Path

import pytest

from daemon.config import (
    Config,
    Letters,
    Limits,
    Mailbox,
    Members,
    Outgoing,
    Schedule,
    Store,
    Trust,
    find,
    load,
)
from daemon.errors import ConfigurationError
from daemon.house import House

WHOLE = """
groups = ["cig-grande-couronne", "ldmems"]
[store]
database = "sqlite:///livres/vaguemestre.db"
blobs = "file://livres/blobs"
[[mailbox]]
group = "cig-grande-couronne"
url = "imaps://marches%40example.org@imap.example.org/INBOX/March%C3%A9s"
password_file = "imap-password"
[[mailbox]]
group = "ldmems"
url = "maildir:courrier"
[outgoing]
url = "smtp+starttls://user@smtp.example.org:2587"
password_env = "SMTP_PASSWORD"
sender = "Groupement <groupement@example.org>"
rehearsal = "operateur@example.org"
[coordinators]
cig-grande-couronne = ["coordination@cig.example.org"]
ldmems = ["coordination@lycee.example.org", "Mme Lefèvre <m.lefevre@lycee.example.org>"]
[providers]
dematis = "dossiers@dematis.example.org"
[members]
file = "members.csv"
[trust]
anchors = "anchors"
authserv_id = "mx.example.org"
[letters]
templates = "lettres"
[limits]
pages = 12
[schedule]
poll_seconds = 5
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "imap-password").write_text("très secret\n", encoding="utf-8")
    (tmp_path / "members.csv").write_text("siret;uai\n")
    for folder in ("courrier", "anchors", "lettres"):
        (tmp_path / folder).mkdir()
    (tmp_path / "anchors" / "root.pem").write_bytes(b"PEM")
    (tmp_path / "anchors" / "README").write_bytes(b"no anchor")
    return tmp_path


ENV = {"SMTP_PASSWORD": "xyz-smtp"}


def read(home: Path, text: str, env: dict[str, str] | None = None) -> Config:
    path = home / "vaguemestre.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, ENV if env is None else env)


def refusal(home: Path, text: str, env: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(home, text, env)
    line = str(caught.value)
    assert "\n" not in line
    assert caught.value.remedy, line
    assert caught.value.exit_code == 2
    return line


def test_the_whole_file(home: Path) -> None:
    config = read(home, WHOLE)
    assert config.groups == ("cig-grande-couronne", "ldmems")
    assert config.store.database == f"sqlite:///{home}/livres/vaguemestre.db"
    assert str(config.store.url.database) == f"{home}/livres/vaguemestre.db"
    assert config.store.blobs == f"file://{home}/livres/blobs"
    first, second = config.mailbox
    assert (first.url.user, first.url.host, first.url.port) == ("marches@example.org", "imap.example.org", 993)
    assert (first.url.security, first.url.path) == ("tls", "INBOX/Marchés")
    assert first.password is not None
    assert first.password.get_secret_value() == "très secret"
    assert (second.url.security, second.url.path) == ("none", f"{home}/courrier")
    assert (config.outgoing.url.security, config.outgoing.url.port) == ("starttls", 2587)
    assert config.outgoing.rehearsal == "operateur@example.org"
    assert config.coordinators["ldmems"][1] == "Mme Lefèvre <m.lefevre@lycee.example.org>"
    assert config.members.file == home / "members.csv"
    assert config.trust.pems() == (b"PEM",)
    assert config.letters.templates == home / "lettres"
    assert config.limits.reading().pages == 12
    assert config.schedule.poll_seconds == 5


def test_defaults_and_freezing(home: Path) -> None:
    config = read(home, MINIMAL)
    assert config.outgoing.sender is None
    assert config.trust.pems() == ()
    with pytest.raises(ValueError, match="frozen"):
        config.limits.pages = 3  # type: ignore[misc]


MINIMAL = """
groups = ["ldmems"]
[store]
database = "sqlite:///v.db"
blobs = "blobs"
[[mailbox]]
group = "ldmems"
url = "maildir:courrier"
[outgoing]
url = "maildir:sortie"
"""


def test_no_secret_is_ever_printed(home: Path) -> None:
    config = read(home, WHOLE)
    for shown in (repr(config), str(config), config.model_dump_json()):
        assert "très secret" not in shown
        assert "xyz-smtp" not in shown


def test_postgresql_with_its_password_apart(home: Path) -> None:
    (home / "pg").write_text("p@ss/word")
    text = MINIMAL.replace('"sqlite:///v.db"', '"postgresql://v@db.example.org/v"\npassword_file = "pg"')
    url = read(home, text).store.url
    assert url.password == "p@ss/word"
    assert "p@ss" not in str(url)


def test_systemd_credential(home: Path) -> None:
    credentials = home / "credentials"
    credentials.mkdir()
    (credentials / "imap").write_text("du coffre")
    text = WHOLE.replace('password_file = "imap-password"', 'password_credential = "imap"')
    config = read(home, text, {**ENV, "CREDENTIALS_DIRECTORY": str(credentials)})
    assert config.mailbox[0].password is not None
    assert config.mailbox[0].password.get_secret_value() == "du coffre"
    assert "LoadCredential=imap" in refusal(home, text)


MISTAKES = {  # what is written instead of what → what the line must hold
    "unknown key": ("poll_seconds = 5", "pol_seconds = 5", ["[schedule] pol_seconds", "inconnue", "« poll_seconds »"]),
    "unknown table": ("[schedule]", "[scheduel]", ["scheduel", "« schedule »"]),
    "unknown key in a mailbox": ('group = "ldmems"', 'group = "ldmems"\nfodler = 1', ["[[mailbox]] nº 2, fodler"]),
    "unlisted group": ('group = "ldmems"', 'group = "ldmen"', ["[[mailbox]] nº 2, group", "« ldmems »"]),
    "two mailboxes of one group": ('group = "ldmems"', 'group = "cig-grande-couronne"', ["nº 2", "déjà une boîte"]),
    "coordinator of another group": ("\nldmems = [", "\nldmemz = [", ["[coordinators] ldmemz", "« ldmems »"]),
    "unknown provider": ("dematis =", "dematiss =", ["[providers] dematiss", "« dematis »"]),
    "bad scheme": ("imaps://", "pop3://", ["[[mailbox]] nº 1, url", "pop3", "imaps"]),
    "bad port": (":2587", ":25x87", ["[outgoing], url", "mal formée"]),
    "password in a URL": ("user@smtp", "user:hunter2@smtp", ["[outgoing], url", "mot de passe", "password_file"]),
    "password in the file": (
        'password_env = "SMTP_PASSWORD"',
        'password = "hunter2"',
        ["[outgoing], password", "secret"],
    ),
    "missing secret": ('password_env = "SMTP_PASSWORD"', "", ["[outgoing]", "« user »", "password_file"]),
    "missing secret file": ('"imap-password"', '"rien"', ["[[mailbox]] nº 1, password_file", "rien"]),
    "two secrets": ("password_env", 'password_file = "imap-password"\npassword_env', ["password_env", "une seule"]),
    "unset variable": ('"SMTP_PASSWORD"', '"AUTRE"', ["password_env", "AUTRE"]),
    "missing census": ('"members.csv"', '"membres.csv"', ["[members] file", "membres.csv", "introuvable"]),
    "missing anchors": ('anchors = "anchors"', 'anchors = "ancres"', ["[trust] anchors", "ancres"]),
    "templates that are a file": ('"lettres"', '"members.csv"', ["[letters] templates", "dossier introuvable"]),
    "missing Maildir": ("maildir:courrier", "maildir:/nulle/part", ["[[mailbox]] nº 2, url", "/nulle/part"]),
    "blobs under a file": ("file://livres/blobs", "file://members.csv/blobs", ["[store] blobs", "members.csv"]),
    "bad database": ('"sqlite:///livres/vaguemestre.db"', '"mysql://h/db"', ["[store] database", "mysql"]),
    "bad address": ('"operateur@example.org"', '"operateur"', ["[outgoing] rehearsal", "nom@domaine.fr"]),
    "a number for a text": ('"mx.example.org"', "12", ["[trust] authserv_id", "texte"]),
    "a limit of zero": ("pages = 12", "pages = 0", ["[limits] pages", "zéro"]),
    "one mailbox table": ("[[mailbox]]\ngroup", "[mailbox2]\ngroup", ["mailbox2", "« mailbox »"]),
    "missing group file": ('"ldmems"]', '"ldmems", "autre.yaml"]', ["groups", "autre.yaml", "introuvable"]),
    "not TOML": ("[trust]", "[trust", ["TOML", "line"]),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_each_mistake_is_one_line(home: Path, case: str) -> None:
    before, after, words = MISTAKES[case]
    assert before in WHOLE
    line = refusal(home, WHOLE.replace(before, after, 1))
    assert "hunter2" not in line
    for word in words:
        assert word in line, line


def test_no_mailbox_table(home: Path) -> None:
    assert "[[mailbox]]" in refusal(home, MINIMAL.replace("[[mailbox]]", "[mailbox]"))


def test_books_without_secrets(home: Path) -> None:
    (home / "imap-password").unlink()
    path = home / "vaguemestre.toml"
    path.write_text(WHOLE, encoding="utf-8")
    config = load(path, {}, secrets=False)
    assert config.mailbox[0].password is None
    with pytest.raises(ConfigurationError):
        load(path, {})


def test_a_misspelt_key_at_the_top_is_the_one_named(home: Path) -> None:
    assert "grups : clé inconnue" in refusal(home, WHOLE.replace("groups =", "grups =", 1))


def test_an_empty_file(home: Path) -> None:
    assert "groups" in refusal(home, "")


def test_an_empty_secret(home: Path) -> None:
    (home / "imap-password").write_text("\n")
    assert "vide" in refusal(home, WHOLE)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.toml"):
        load(tmp_path / "absent.toml", {})


def test_a_group_of_ones_own(home: Path) -> None:
    (home / "marche.yaml").write_text("id: mon-groupement\n")
    text = MINIMAL.replace('groups = ["ldmems"]', 'groups = ["marche.yaml"]').replace('"ldmems"', '"mon-groupement"')
    config = read(home, text + '[providers]\nun-autre = "x@example.org"\n')
    assert config.groups == (str(home / "marche.yaml"),)
    assert config.mailbox[0].group == "mon-groupement"
    assert config.providers == {"un-autre": "x@example.org"}


def test_where_it_is_looked_for(tmp_path: Path) -> None:
    here, told, asked = (tmp_path / n for n in ("vaguemestre.toml", "told.toml", "asked.toml"))
    with pytest.raises(ConfigurationError, match="--config FICHIER"):
        find(None, {}, tmp_path)
    for path in (here, told, asked):
        path.touch()
    env = {"VAGUEMESTRE_CONFIG": str(told)}
    assert find(None, {}, tmp_path) == here
    assert find(None, env, tmp_path) == told
    assert find(asked, env, tmp_path) == asked
    with pytest.raises(ConfigurationError, match=r"\$VAGUEMESTRE_CONFIG"):
        find(None, {"VAGUEMESTRE_CONFIG": str(tmp_path / "none")}, tmp_path)


def test_an_unreadable_secret_file(home: Path) -> None:
    (home / "imap-password").unlink()
    (home / "imap-password").mkdir()  # unreadable for root too, whom no mode stops
    assert "password_file" in refusal(home, WHOLE)


DOCS = Path(__file__).parents[2] / "docs"


def test_the_model_loads_once_its_files_are_there(tmp_path: Path) -> None:
    text = (DOCS / "vaguemestre.toml").read_text(encoding="utf-8")
    text = re.sub(r"/(var/lib|etc)/vaguemestre", str(tmp_path), text)
    told = tomllib.loads(text)
    (tmp_path / told["trust"]["anchors"]).mkdir()
    for name in [told["members"]["file"], *(t["password_file"] for t in (*told["mailbox"], told["outgoing"]))]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert read(tmp_path, text).outgoing.rehearsal  # nobody's first run writes to members


def test_every_key_is_told_with_its_default() -> None:
    text = "\n".join((DOCS / name).read_text(encoding="utf-8") for name in ("exploitation.md", "vaguemestre.toml"))
    for model in (Store, Mailbox, Outgoing, Members, Trust, Letters, Limits, Schedule):
        for name, field in model.model_fields.items():
            key = "password_file" if name == "password" else name
            found = re.search(rf"^(?:# ?)?{key} = (.*?)(?:\s+#.*)?$", text, re.MULTILINE)
            assert found, key
            if model in (Limits, Schedule):
                assert float(found.group(1)) == field.default


def test_school_holidays_are_a_group_s_zone(home: Path) -> None:
    told = WHOLE + '[school_holidays]\nldmems = "B"\n'
    config = read(home, told)
    with contextlib.closing(House(config)) as house:
        assert house.groups["ldmems"].calendar.school_zone == "B"
        assert house.groups["cig-grande-couronne"].calendar.school_zone is None
    assert "[school_holidays] ldmems : valeur refusée" in refusal(home, told.replace('"B"', '"D"'))
    assert "« lycees » n’est pas dans groups" in refusal(home, told.replace('ldmems = "B"', 'lycees = "B"'))
