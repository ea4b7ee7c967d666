"""A form typed anew: values that run on in a further line, and lines that are nobody's."""

from __future__ import annotations

from parsers import extract
from parsers.extraction import Extraction
from parsers.records import Context
from tests.parsers.typed import page

ACCOUNT = """FICHE DE RENSEIGNEMENT DE COMPTE
LOT N° 5 – CONVOCATION ÉLECTRONIQUE
Groupement de commandes « Dématérialisation des procédures » – marché 2023-2026
COLLECTIVITÉ
Nom de la collectivité : Mairie de Valmont
SIRET : 219 106 523 00018                     Code INSEE : 91999

Adresse postale : {street}

CP : 91999                                    Commune : Valmont

Adresse électronique générique de la collectivité : {mail}

RÉFÉRENT DU COMPTE
Nom et prénom : Zoé Roy                       Fonction : DGS

Tél. direct : 01 43 35 34 95                  Mél : zoe.roy@valmont.fr

SITUATION ACTUELLE
Si oui, prestataire actuel : IDelibre
Qualité : Maire"""


def read(street: str = "12 rue du Lavoir", mail: str = "mairie@valmont.fr") -> Extraction:
    found = extract.extract((page(ACCOUNT.format(street=street, mail=mail)),), Context())
    assert found is not None
    return found


def test_an_address_broken_at_its_hyphen_by_the_end_of_the_line() -> None:
    found = read(mail="mairie@valmont-\nen-foret-sur-orge.fr")
    assert found.fields["functional_email"].value == "mairie@valmont-en-foret-sur-orge.fr"


def test_a_line_set_below_its_value_goes_on_with_it() -> None:
    assert (
        read(street="12 rue du Lavoir\n" + " " * 18 + "bâtiment B").fields["street"].value
        == "12 rue du Lavoir bâtiment B"
    )


def test_a_line_at_the_edge_whose_word_had_room_above_is_nobody_s() -> None:
    assert read(street="12 rue du Lavoir\nvoir au dos").fields["street"].value == "12 rue du Lavoir"
