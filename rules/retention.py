"""When a dossier's time is over: counted from its end, or from its last word once the account is open. Pure."""

from __future__ import annotations

import datetime as dt

from rules.case import Case, study
from rules.records import Dossier
from rules.schema import Group


def expires_at(group: Group, dossier: Dossier, now: dt.datetime) -> dt.datetime | None:
    """From when its papers, mails and words may go; None while it lives, or where nothing is left to go.

    A dossier that nobody ends (a silent member, a paper that is owed) never expires: the coordinator closes it.
    """
    case = study(group, dossier, now)
    last = _last(dossier, now)
    if case.told.purged_at is not None and last <= case.told.purged_at:
        return None
    if case.told.over:
        return last + dt.timedelta(days=group.retention.closed)
    return last + dt.timedelta(days=group.retention.done) if _done(case) else None


def _last(dossier: Dossier, now: dt.datetime) -> dt.datetime:
    """The last thing that happened in it."""
    happened = [dossier.opened_at, *(m.received_at for m in dossier.messages), *(n.at for n in dossier.news)]
    happened += [x.sent_at for x in dossier.letters if x.sent_at is not None]
    return max((i for i in happened if i <= now), default=dossier.opened_at)


def _done(case: Case) -> bool:
    standing = case.told.standing
    doubted = any(v.state == "review" for v in standing.verdicts)
    reached = all(s.record.state == "reached" for s in case.steps)
    return case.state == "active" and standing.complete and reached and not doubted
