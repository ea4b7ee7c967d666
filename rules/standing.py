"""How a dossier stands as of an instant: each piece judged, each requirement's state, whatever came first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from rules import schema
from rules.departments import filled
from rules.facts import Facts, gather, holds
from rules.records import Dossier, PieceOnFile, Requirement
from rules.schema import Group, Lot

# `kept`: a paper that the lot does not ask for; `replaced`: in doubt, but the member has sent a newer one since.
Judgement = Literal["met", "review", "refused", "kept", "replaced"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One piece judged on its own."""

    piece: PieceOnFile
    state: Judgement
    rule: schema.Requirement | None = None  # that asks for its kind
    code: str = ""  # of the refusal or of the first doubt
    why: str = ""
    instead: str = ""
    points: tuple[tuple[str, str], ...] = ()  # (code, sentence) that the coordinator must settle

    @property
    def name(self) -> str:
        """What the paper is called, with its article; empty where no requirement asks for its kind."""
        if self.rule is None:
            return ""
        return next((name for kind, name in self.rule.named.items() if kind == self.piece.kind), self.rule.what)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """The whole as of `at`."""

    at: dt.datetime
    facts: Facts
    verdicts: tuple[Verdict, ...]  # of all pieces, by instant then id
    requirements: tuple[Requirement, ...]
    counted: Mapping[str, tuple[Verdict, ...]]  # requirement id → pieces that meet it, in order
    instead: Mapping[str, str]  # requirement id → what to do instead, where refused
    unknown: tuple[str, ...]  # facts to ask the member for

    def state(self, requirement: str) -> str:
        """The state of the requirement of that id; `not_needed` where there is none."""
        return next((r.state for r in self.requirements if r.id == requirement), "not_needed")

    @property
    def complete(self) -> bool:
        """Nothing is owed: each requirement met or not needed, and nothing unknown among them."""
        return all(r.state in {"met", "not_needed"} for r in self.requirements)

    @property
    def ready(self) -> bool:
        """All that blocks the forward is met."""
        return all(r.state in {"met", "not_needed"} for r in self.requirements if r.blocks)

    @property
    def owed(self) -> tuple[Requirement, ...]:
        """What the member is asked for: missing or refused; not what hangs on a fact that nobody told yet."""
        return tuple(r for r in self.requirements if r.state == "refused" or (r.state == "missing" and not r.why))


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What need not be worked out again for each instant of one dossier's history."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)  # of pieces that no review touches
    heard: dict[str, dict[str, bool]] = field(default_factory=dict)  # message → facts that its words settle


def stand(group: Group, lot: Lot, dossier: Dossier, at: dt.datetime, memory: Memory | None = None) -> Standing:
    """The dossier as of `at`: later pieces, messages and news do not exist yet."""
    memory = memory or Memory()
    pieces = sorted((p for p in dossier.pieces if p.received_at <= at), key=lambda p: (p.received_at, p.id))
    verdicts = _replaced(_remembered(group, lot, dossier, p, at, memory) for p in pieces)
    believed = (v.piece for v in verdicts if v.state == "met")
    facts = gather(group, lot, dossier, at, believed, memory.heard)
    requirements: list[Requirement] = []
    counted: dict[str, tuple[Verdict, ...]] = {}
    instead: dict[str, str] = {}
    for rule in rules_of(group, lot):
        requirement, counting, what_instead = _require(group, rule, verdicts, facts, dossier)
        requirements.append(requirement)
        counted[rule.id] = counting
        if what_instead:
            instead[rule.id] = what_instead
    return Standing(
        at=at,
        facts=facts,
        verdicts=verdicts,
        requirements=tuple(requirements),
        counted=counted,
        instead=instead,
        unknown=_unknown(group, lot, facts, requirements),
    )


def rules_of(group: Group, lot: Lot) -> tuple[schema.Requirement, ...]:
    """The lot's requirements, then the group's."""
    return (*lot.requirements, *group.requirements)


def _remembered(
    group: Group, lot: Lot, dossier: Dossier, piece: PieceOnFile, at: dt.datetime, memory: Memory
) -> Verdict:
    if piece.id not in memory.verdicts:
        verdict = judge(group, lot, dossier, piece, at)
        if any(n.kind == "review" and n.data.get("piece") == piece.id for n in dossier.news):
            return verdict
        memory.verdicts[piece.id] = verdict
    return memory.verdicts[piece.id]


def _replaced(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The same, where a paper in doubt has been overtaken by a newer one of its requirement: nobody need settle it."""
    judged = tuple(verdicts)
    newest: dict[str, dt.datetime] = {}
    for v in judged:
        if v.rule and v.state in {"met", "review"}:
            newest[v.rule.id] = max(v.piece.received_at, newest.get(v.rule.id, v.piece.received_at))
    return tuple(
        replace(v, state="replaced", points=())
        if v.rule and v.state == "review" and v.piece.received_at < newest[v.rule.id]
        else v
        for v in judged
    )


def judge(group: Group, lot: Lot, dossier: Dossier, piece: PieceOnFile, at: dt.datetime) -> Verdict:
    """One piece as of `at`. A doubt that a review settled later was still one before."""
    rule = next((r for r in rules_of(group, lot) if piece.kind in r.kinds), None)

    def refused(code: str) -> Verdict:
        why, instead = _worded(group, rule, code, dossier)
        return Verdict(piece=piece, state="refused", rule=rule, code=code, why=why, instead=instead)

    reviews = [n for n in dossier.news if n.kind == "review" and n.data.get("piece") == piece.id]
    if reviews and min(n.at for n in reviews) > at:
        return Verdict(piece=piece, state="review", rule=rule)
    if any(n.data.get("outcome") == "moved" for n in reviews):
        return refused("other_body")
    if piece.refused is not None:
        instead = "Renvoyez un document corrigé, en réponse à ce message."
        return Verdict(piece=piece, state="refused", rule=rule, code="coordinator", why=piece.refused, instead=instead)
    if _elsewhere(group, lot, piece, rule):
        return refused("other_lot") if rule else Verdict(piece=piece, state="kept")
    codes = {code for code, _ in piece.findings}
    mended = next((code for code in group.refusals if code in codes), None)
    if mended is not None:
        return refused(mended)
    if piece.findings:
        return Verdict(piece=piece, state="review", rule=rule, code=piece.findings[0][0], points=piece.findings)
    if rule is None:
        return Verdict(piece=piece, state="kept")
    unsigned = _unsigned(rule, piece, settled=bool(reviews))
    if unsigned == "sig_untrusted":
        point = (
            unsigned,
            "La signature électronique est intacte, mais son signataire n’est rattaché à aucune autorité connue.",
        )
        return Verdict(piece=piece, state="review", rule=rule, code=unsigned, points=(point,))
    if unsigned:
        return refused(unsigned)
    absent = [group.labels.get(f, f) for f in rule.needs if not piece.fields.get(f)]
    if absent and not reviews:
        point = ("absent", f"Ne figure pas sur ce document\u00a0: {', '.join(absent)}.")
        return Verdict(piece=piece, state="review", rule=rule, code="absent", points=(point,))
    return Verdict(piece=piece, state="met", rule=rule)


def _worded(group: Group, rule: schema.Requirement | None, code: str, dossier: Dossier) -> tuple[str, str]:
    """Why, and what to do instead: in the requirement's own words where it has some."""
    wording = (rule.refusals if rule else {}).get(code) or group.refusals[code]
    department, link = dossier.member.department, rule.link if rule else None
    return filled(wording.why, department, link), filled(wording.instead, department, link)


def _elsewhere(group: Group, lot: Lot, piece: PieceOnFile, rule: schema.Requirement | None) -> bool:
    """Whether the piece is of another lot or another group."""
    if piece.group is not None and piece.group != group.id:
        return True
    return not (rule and rule.group_wide) and bool(piece.lots) and lot.id not in piece.lots


def _unsigned(rule: schema.Requirement, piece: PieceOnFile, *, settled: bool) -> str:
    """Why its signature does not do, as a refusal's code; empty where it does. A review settles a doubt."""
    if piece.signature == "electronic_broken" and not settled:
        return "sig_broken"
    if rule.signed == "none":
        return ""
    if piece.signature == "none":
        return "unsigned"
    if piece.signature == "handwritten":
        return "handwritten" if rule.signed == "online" else ""
    if piece.signature == "electronic_untrusted" and not settled:
        return "sig_untrusted"
    return ""


def _require(
    group: Group, rule: schema.Requirement, verdicts: tuple[Verdict, ...], facts: Facts, dossier: Dossier
) -> tuple[Requirement, tuple[Verdict, ...], str]:
    """The requirement's state, the pieces that count for it, and what to do instead of a refused one."""
    needed = holds(rule.when, facts)
    mine = [v for v in verdicts if v.rule is rule]
    standing = [v for v in mine if v.state in {"met", "review"}]
    last = max((v.piece.received_at for v in standing), default=None)
    newest = [v for v in standing if v.piece.received_at == last]
    newest.sort(key=lambda v: (rule.kinds.index(_kind(v)), v.piece.name, v.piece.id))

    def said(state: str, v: Verdict | None = None, why: str = "") -> Requirement:
        return Requirement(
            id=rule.id,
            kind=v.piece.kind if v and v.rule is rule else rule.kinds[0],
            state=state,  # type: ignore[arg-type]
            piece=v.piece.id if v else None,
            why=why,
            what=rule.what,
            blocks=rule.blocks,
        )

    if needed is False:
        return said("not_needed"), (), ""
    doubtful = next((v for v in newest if v.state == "review"), None)
    if doubtful:
        return said("review", doubtful, " ".join(text for _, text in doubtful.points)), (), ""
    if newest:
        return said("met", newest[0]), tuple(newest), ""
    refused = next((v for v in reversed(mine) if v.state == "refused"), None)
    if refused:
        return said("refused", refused, refused.why), (), refused.instead
    mistaken = [v for v in verdicts if v.piece.kind in rule.instead_of and v.state in {"met", "refused"}]
    if mistaken and needed:
        why, instead = _worded(group, rule, "other_paper", dossier)
        return said("refused", mistaken[-1], why), (), instead
    return said("missing", why="" if needed else "Dépend d’une réponse que nous n’avons pas encore."), (), ""


def _kind(verdict: Verdict) -> schema.PieceKind:
    return verdict.piece.kind  # type: ignore[return-value]


def _unknown(group: Group, lot: Lot, facts: Facts, requirements: list[Requirement]) -> tuple[str, ...]:
    """Facts that a requirement waits for and that no owed paper will tell."""
    states = {r.id: r.state for r in requirements}
    out: list[str] = []
    for rule in rules_of(group, lot):
        if states[rule.id] != "missing" or holds(rule.when, facts) is not None:
            continue
        for name in rule.when:
            fact = lot.facts.get(name)
            if fact is None or name in facts or name in out:
                continue
            if fact.told_by is None or states.get(fact.told_by) in {"met", "not_needed"}:
                out.append(name)
    return tuple(out)
