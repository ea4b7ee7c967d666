"""Invented bodies, their papers and their mails, as reading would give them. Seeded: the same seed, the same people."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

from fixtures.scene import siret
from parsers.records import Field, Finding, Intent, Line, Mail, Nature, Piece, Reading, Signature
from rules.records import Member
from tests.simulation.shell import Delivered

CIG, LDMEMS = "cig-grande-couronne", "ldmems"
DEPARTMENTS = {CIG: ("78", "91", "95", "95"), LDMEMS: ("54", "55", "57", "88", "57")}
LOTS = {CIG: ("1", "2", "3", "5"), LDMEMS: ("vote", "tpe", "pdf", "rgs", "signature")}
SAINTS = ("Aubin", "Brice", "Cyr", "Denis", "Éloi", "Fiacre", "Gildas", "Hilaire", "Josse", "Leu", "Maur", "Ouen")
ENDS = ("sur-Orge", "en-Vexin", "la-Forêt", "le-Château", "aux-Bois", "des-Champs", "les-Étangs", "sous-Laxou")
HABITS = ((0.9, 2.0, 0.9), (0.7, 6.0, 0.8), (0.5, 15.0, 0.7), (0.95, 0.5, 0.6), (0.0, 1.0, 1.0))  # heed, days, care
MENDABLE = ("blank", "outdated", "password", "truncated")


@dataclass(eq=False)
class Person:
    """Who writes for a member, and how it behaves."""

    member: Member
    group: str
    customer: bool  # of lot 1's provider
    transmits: bool  # lots 2 and 3: already
    heed: float  # how likely a letter makes it write
    days: float  # how long it takes, on average
    care: float  # how likely a paper is right
    mails: int = 0
    sent: list[Piece] = field(default_factory=list)


def member(random: Random, group: str, number: int) -> Member:
    """A body of the census. Its lots are those that it commits to."""
    town = f"Saint-{random.choice(SAINTS)}-{random.choice(ENDS)}-{number}"
    department = random.choice(DEPARTMENTS[group])
    lots = tuple(x for x in LOTS[group] if random.random() < 0.55) or (LOTS[group][number % len(LOTS[group])],)
    if group == CIG:
        facts: dict[str, str | bool | int] = {}
        return Member(
            name=f"Commune de {town}",
            siret=siret(f"2{number:07d}"),
            department=department,
            emails=(f"mairie@commune-{number}.example",),
            functional_email=f"dgs@commune-{number}.example" if random.random() < 0.3 else None,
            lots=lots,
            facts=facts,
        )
    uai = f"{department}{number:05d}A"[:2].rjust(3, "0") + f"{number:04d}Z"
    return Member(
        name=f"Lycée {town}",
        siret=siret(f"1{number:07d}"),
        uai=uai,
        kind="private" if random.random() < 0.15 else "public",
        department=department,
        emails=(f"gestion@lycee-{number}.example",),
        functional_email=f"ce.{uai.lower()}@ac-nancy-metz.fr",
        lots=lots,
    )


def person(random: Random, group: str, number: int) -> Person:
    """A member and how it behaves: prompt, late, careless, silent."""
    body = member(random, group, number)
    customer = random.random() < 0.4
    if group == CIG and random.random() < 0.6:
        body = replace(body, facts={"already_customer": customer})
    heed, days, care = random.choice(HABITS)
    return Person(body, group, customer, random.random() < 0.5, heed, days, care)


class Desk:
    """Makes papers and mails. `bytes` holds each paper's invented content, by its SHA-256."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.made = 0
        self.mails = 0
        self.bytes: dict[str, bytes] = {}
        self.base: dict[str, str] = {}  # sha256 → `good`, `doubt`, `refused`
        self.papers: dict[str, Piece] = {}  # sha256 → what it says

    def paper(self, who: Person, kind: str, lot: str) -> Piece:
        """A paper of that kind: mostly right, else wrong in one of the ways papers are."""
        r = self.random
        self.made += 1
        content = f"{kind} {lot} {self.made}".encode()
        sha256 = hashlib.sha256(content).hexdigest()
        self.bytes[sha256] = content
        lots: tuple[str, ...] = () if kind == "group_convention" else (lot,)
        signature: Signature = "none"
        if kind in ("prefecture_amendment", "prefecture_convention"):
            signature = r.choice(("handwritten", "electronic_valid"))
        elif kind == "group_convention":
            signature = "electronic_valid"
        base, findings = "good", ()
        if r.random() > who.care:
            wrong = r.choice(("mendable", "doubt", "signature", "lot"))
            if wrong == "lot" and kind in ("purchase_order", "account_form") and who.group == CIG:
                lots = () if r.random() < 0.5 else (r.choice(LOTS[CIG]),)
            elif wrong == "signature" and signature != "none":
                signature = "handwritten" if kind == "group_convention" else "none"
                base = "refused"
            elif wrong == "mendable":
                base, findings = (
                    "refused",
                    (Finding(code=r.choice(MENDABLE), text="Défaut que l’adhérent peut corriger."),),
                )
            else:
                base, findings = "doubt", (Finding(code="totals", text="Le total ne correspond pas aux lignes."),)
        self.base[sha256] = base
        made = self.papers[sha256] = Piece(
            name=f"{kind}-{lot}-{self.made}.pdf",
            sha256=sha256,
            kind=kind,  # type: ignore[arg-type]
            group=who.group,
            lots=lots,
            signature=signature,
            fields={k: Field(value=v) for k, v in self._fields(who, kind, lots[0] if lots else lot).items()},
            lines=(Line(label="Abonnement annuel", quantity=Decimal(1), total=Decimal("260.00")),)
            if kind == "purchase_order"
            else (),
            findings=findings,
            source_type="text_pdf",
        )
        return made

    def _fields(self, who: Person, kind: str, lot: str) -> dict[str, str | bool | int]:
        body = who.member
        out: dict[str, str | bool | int] = {"member_name": body.name}
        if body.siret:
            out["siret"] = body.siret
        if body.uai:
            out["uai"] = body.uai
        if kind == "purchase_order":
            out |= {"order_number": f"2025-{self.made}", "total_excl_tax": "260.00"}
        elif kind == "account_form" and lot == "1":
            out["already_customer"] = who.customer
        elif kind == "account_form" and lot in ("2", "3"):
            out |= {"already_transmitting": who.transmits, "has_rgs_certificate": who.transmits}
            if who.transmits:
                out |= {"current_provider": "Docapost", "certificate_expires_on": "2026-03-03"}
        elif kind == "merchant_contract":
            out["merchant_number"] = f"{self.made:07d}"
        return out

    def mail(
        self,
        group: str,
        sender: str,
        subject: str,
        body: str,
        pieces: tuple[Piece, ...] = (),
        *,
        intents: tuple[Intent, ...] = (),
        answers: tuple[str, ...] = (),
        refs: tuple[str, ...] = (),
        authenticity: str = "unknown",
        nature: Nature = "message",
    ) -> Delivered:
        """A mail as it was read."""
        self.mails += 1
        head = Mail(
            message_id=f"<{self.mails}@membres.example>",
            from_=sender,
            from_name="Camille Aubry",
            subject=subject,
            date=dt.datetime(2025, 9, 1, tzinfo=dt.UTC),
            nature=nature,
            intents=intents or (("other",) if nature == "message" else ()),
            body=body,
            quoted_refs=refs,
        )
        reading = Reading(source=f"{self.mails}.eml", mail=head, pieces=pieces)
        return Delivered(group=group, reading=reading, authenticity=authenticity, answers=answers)
