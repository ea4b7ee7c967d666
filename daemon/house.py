"""The house put together from its configuration: database, blobs, rules, ports. What runners and commands work with."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from daemon import clock as clocks
from daemon.config import Config
from daemon.errors import ConfigurationError
from daemon.store.blobs import BlobStore
from daemon.store.database import Database
from daemon.store.models import MailRow
from parsers.records import Body, Context
from parsers.told import TableError
from rules.load import RulesError, load_group
from rules.schema import Group

if TYPE_CHECKING:
    from daemon.mailbox import Mailbox
    from daemon.outgoing import Outgoing

log = logging.getLogger(__name__)


class Groups(dict[str, Group]):
    """The rules by group id."""

    def __missing__(self, key: str) -> Group:
        """A group that is on the books and in the configuration no more."""
        raise ConfigurationError(f"groups : « {key} » n’y est plus, et des dossiers en restent", "remettez-le")


def load_groups(sources: tuple[str, ...]) -> Groups:
    """The groups by id, shipped ones by name and others by the path of their YAML. Raises ConfigurationError."""
    groups = Groups()
    for source in sources:
        try:
            text = Path(source).read_text(encoding="utf-8") if "/" in source else None
            group = load_group(source, text)
        except OSError as e:
            raise ConfigurationError(f"groups : {source} : {e.strerror}", "corrigez le chemin") from e
        except RulesError as e:
            raise _mistaken("groups", e) from e
        if group.id in groups:
            raise ConfigurationError(f"groups : {source} : l’identifiant {group.id} est déjà pris", "changez-en un")
        groups[group.id] = group
    return groups


def form_folders(config: Config) -> tuple[str, ...]:
    """A group given by path may bring its own forms and catalogue: the folder `forms` beside its YAML.

    Raises ConfigurationError for a wrong one: the readers would take every document for unreadable.
    """
    beside = (Path(s).parent / "forms" for s in config.groups if "/" in s)
    folders = tuple(str(f) for f in dict.fromkeys(beside) if f.is_dir())
    if folders:
        from parsers import catalogue, layouts

        layouts.load.cache_clear()  # a reload looks at the files as they are now
        catalogue.forget()
        try:
            layouts.load(folders)
            catalogue.catalogues(folders)
        except TableError as e:
            raise _mistaken("formulaires", e) from e
    return folders


def _mistaken(what: str, error: TableError) -> ConfigurationError:
    more = f" (et {len(error.problems) - 1} autre(s))" if len(error.problems) > 1 else ""
    return ConfigurationError(f"{what} : {error.problems[0]}{more}", "corrigez la ligne indiquée")


@dataclass
class House:
    """One configuration, opened. `close` gives everything back."""

    config: Config
    clock: clocks.Clock = clocks.system
    database: Database = field(init=False)

    def __post_init__(self) -> None:
        lease = max(self.config.schedule.lease_seconds, 2 * self.config.limits.seconds)
        self.database = Database(self.config.store.url, dt.timedelta(seconds=lease))

    @cached_property
    def groups(self) -> Mapping[str, Group]:
        """The rules by group id."""
        groups = load_groups(self.config.groups)
        for key, zone in self.config.school_holidays.items():
            if key not in groups:
                raise ConfigurationError(
                    f"[school_holidays] {key} : groupement inconnu", f"admis : {', '.join(groups)}"
                )
            calendar = groups[key].calendar.model_copy(update={"school_zone": zone})
            groups[key] = groups[key].model_copy(update={"calendar": calendar})
        held = sorted({key for g in groups.values() for key in g.providers})
        if any("/" in source for source in self.config.groups):  # where all are shipped, the configuration has checked
            for key in self.config.providers:
                if key not in held:
                    raise ConfigurationError(f"[providers] {key} : prestataire inconnu", f"admis : {', '.join(held)}")
        return groups

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """Folders of the groups' own forms, as they are when first asked for: a reload asks anew."""
        return form_folders(self.config)

    @cached_property
    def forms_digest(self) -> str:
        """Changes with any file of those folders: what was read by another form is read again."""
        files = (f for folder in self.forms for f in sorted(Path(folder).rglob("*.yaml")))
        return hashlib.sha256(b"".join(hashlib.sha256(f.read_bytes()).digest() for f in files)).hexdigest()

    @cached_property
    def blobs(self) -> BlobStore:
        """Raw mails and composed letters."""
        return BlobStore(self.config.store.blobs)

    def expect_blobs(self) -> None:
        """Before any is put down: where the books know of a mail, its folder is no new one."""
        with self.database.session() as s:
            self.blobs.used = s.scalar(select(MailRow.id).limit(1)) is not None

    @cached_property
    def mailboxes(self) -> Mapping[str, Mailbox]:
        """The mailbox of each group that has one."""
        from daemon.mailbox import open_mailbox

        c = self.config
        return {m.group: open_mailbox(m, c.limits, c.schedule) for m in c.mailbox}

    @cached_property
    def outgoing(self) -> Outgoing:
        """How letters leave."""
        from daemon.outgoing import open_outgoing

        return open_outgoing(self.config.outgoing)

    def take_census(self) -> None:
        """Who is who, from the configured file. Opens no dossier: only `members import` does."""
        if self.config.members.file is None:
            return
        from daemon.census import load
        from daemon.store import census

        read = load(self.config.members.file, self.groups.values())
        with self.database.session() as s:
            census.bring_in(s, read, dict(self.groups), self.clock())
        if read.refused:
            log.warning(
                "census lines refused", extra={"event": "census.refused", "lines": [n for n, _ in read.refused]}
            )

    def context(self, bodies: tuple[Body, ...]) -> Context:
        """What reading may know: the census, the trust anchors, the groups' own forms, the limits."""
        return Context(
            census=bodies,
            anchors=self.config.trust.pems(),
            forms=self.forms,
            limits=self.config.limits.reading(),
        )

    def close(self) -> None:
        """Closes what was opened."""
        if "mailboxes" in self.__dict__:
            for mailbox in self.mailboxes.values():
                mailbox.close()
        self.database.close()
