"""The préfecture's papers in other words than the models': the ministry's convention, an avenant of one's own."""

from __future__ import annotations

from parsers import extract
from parsers.records import Context
from tests.parsers.typed import page

CONVENTION = """Préfecture du Loiret
CONVENTION
ENTRE LE REPRÉSENTANT DE L'ÉTAT ET LES COLLECTIVITÉS TERRITORIALES
POUR LA TRANSMISSION ÉLECTRONIQUE DES ACTES AU CONTRÔLE DE LÉGALITÉ
1) PARTIES PRENANTES À LA CONVENTION
La présente convention est passée entre :
1) La préfecture du Loiret, représentée par la préfète, ci-après désignée : le « représentant de l'État ».
2) Et le syndicat des eaux de Vaubrun, représenté par son président, M. Luc Ardouin, agissant en vertu d'une
délibération du 12 mars 2024, ci-après désigné : la « collectivité ».
Numéro SIREN : 253 000 000
2) PARTENAIRES DU MINISTÈRE DE L'INTÉRIEUR
L'opérateur de transmission est la société Dematis.
Fait à Vaubrun, le 2 avril 2024
Le président                     La préfète"""

AMENDMENT = """AVENANT N° 2 À LA CONVENTION RELATIVE À LA TÉLÉTRANSMISSION DES ACTES
Entre la préfète du Loiret, d'une part,
et la commune de Vaubrun (SIRET 356 000 000 00048), représentée par Mme Inès Ardouin, maire, d'autre part,
il est convenu ce qui suit :
Article 1. La commune change d'opérateur : la société Dematis remplace le précédent.
Article 2. Les autres clauses demeurent.
Fait à Vaubrun, le 3 mai 2024
La maire                       La préfète"""

RESOLUTION = """EXTRAIT DU REGISTRE DES DÉLIBÉRATIONS
Commune de Vaubrun, représentée par son maire, Mme Inès Ardouin, séance du 12 mars 2024
Objet : avenant à la convention passée avec la préfecture pour la transmission électronique des actes
Vu la convention conclue avec la préfecture du Loiret, représentée par la préfète,
Le conseil municipal autorise la maire à signer l'avenant.
Fait à Vaubrun, le 12 mars 2024"""

LETTER = """Commune de Vaubrun
Vaubrun, le 4 mai 2024
Objet : avenant à la convention de télétransmission des actes avec la préfecture
Madame, Monsieur,
Nous vous prions de trouver l'avenant signé par la préfète du Loiret.
Nous restons à votre disposition.
La maire, Inès Ardouin"""


def _read(text: str):
    return extract.extract((page(text),), Context())


def test_the_ministry_s_convention():
    found = _read(CONVENTION)
    assert found is not None
    assert (found.kind, found.lots) == ("prefecture_convention", ("2",))
    assert {k: f.value for k, f in found.fields.items()} == {
        "prefecture": "Loiret",
        "member_name": "syndicat des eaux de Vaubrun",
        "signatory_name": "Luc Ardouin",
        "signatory_role": "président",
        "signed_on": "2024-04-02",
    }


def test_an_amendment_in_one_s_own_words():
    found = _read(AMENDMENT)
    assert found is not None
    assert (found.kind, found.lots) == ("prefecture_amendment", ("2",))
    assert {k: f.value for k, f in found.fields.items()} == {
        "prefecture": "Loiret",
        "member_name": "commune de Vaubrun",
        "siret": "35600000000048",
        "signatory_name": "Inès Ardouin",
        "signatory_role": "maire",
        "signed_on": "2024-05-03",
    }


def test_what_only_speaks_of_a_convention_is_none():
    assert _read(RESOLUTION) is None
    assert _read(LETTER) is None


def test_the_model_s_label_may_stand_in_the_sentence() -> None:
    found = _read("""AVENANT À LA CONVENTION
entre le représentant de l'État et la collectivité
pour la transmission électronique des actes soumis au contrôle de légalité
Entre la préfecture du Loiret, représentée par le préfet, ci-après désignée « le représentant de l'État »,
et la collectivité : Commune de Vaubrun, n° SIRET 356 000 000 00048, représentée par Inès Ardouin,
en qualité de maire, agissant en vertu de la délibération du 12 mars 2026,
L'article 2 de la convention susvisée est ainsi modifié : « la collectivité recourt au dispositif homologué exploité
par Dematis, dans le cadre du groupement de commandes coordonné par le centre interdépartemental de gestion de la
grande couronne ».
Fait en deux exemplaires, à Vaubrun, le 19 mars 2026""")
    assert found is not None
    assert found.fields["member_name"].value == "Commune de Vaubrun"
    assert found.fields["siret"].value == "35600000000048"
