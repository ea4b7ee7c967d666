"""Forms as recognition gives them: words with confidences and a second reading, letters misread, hands alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.make_forms import COMMUNE, FILLED, ORDER_READ
from parsers import document
from parsers.page import Document, Page, Ruling, Stroke, Word
from parsers.records import Body, Context, Limits
from parsers.sources.pdf import to_document
from tests.parsers.recognised import Change, differing, misread, recognised


def test_what_both_engines_read_alike_is_sure() -> None:
    found = recognised("lot2-order-flat-signed")
    assert {k: f.value for k, f in found.fields.items()} == {
        **ORDER_READ,
        "total_excl_tax": "96.00",
        "total_vat": "19.20",
        "total_incl_tax": "115.20",
        "signed_on": "2026-03-04",
    }
    assert not found.findings
    assert all(f.confidence >= 0.9 for f in found.fields.values())


@pytest.mark.parametrize(
    ("word", "field"),
    [
        ("4/3/26", "signed_on"),
        ("l'Abbé-Grégoire", "street"),
        ("BC_2026-0417", "order_number"),
        ("ENG-00871", "commitment_number"),
    ],
)
def test_a_doubt_names_its_field(word: str, field: str) -> None:
    found = recognised("lot2-order-flat-signed", differing(word))
    assert [f.field for f in found.findings] == [field]
    assert found.findings[0].code == "doubtful"
    assert found.fields[field].confidence < 0.9


def test_labels_misread_by_a_letter_are_found() -> None:
    change = misread(
        Dénomination="Dénominatlon", Courriel="Courrlel", Téléphone="Téléphcne", Interlocuteur="lnterlocuteur"
    )
    found = recognised("lot2-order-flat-signed", change)
    for field in ("member_name", "contact_email", "contact_phone", "contact_name"):
        assert found.fields[field].value == ORDER_READ[field]


def test_a_check_digit_speaks_for_a_siret_that_the_second_engine_could_not_read() -> None:
    found = recognised("avenant-other-party", differing(COMMUNE, second="2178O", confidence=0.85))
    assert found.fields["siret"].confidence >= 0.9


def test_ones_and_sevens_are_told_by_the_census() -> None:
    # In comb cells each digit is a word of its own; this hand's ones look like sevens.
    def change(w: Word) -> Word:
        return (
            replace(w, text="7", second="?") if w.text == "1" and 135 < w.box[0] < 340 and 160 < w.box[1] < 185 else w
        )

    siret = ORDER_READ["siret"]
    alone = recognised("lot2-order-flat-signed", change)
    assert "siret" in {f.field for f in alone.findings}
    known = Context(census=(Body(name="Commune de Fontaine-les-Grès-Verts", siret=siret),))
    found = recognised("lot2-order-flat-signed", change, known)
    assert found.fields["siret"].value == siret
    assert not found.findings


def test_a_quantity_is_told_by_price_and_total() -> None:
    def change(w: Word) -> Word:
        return replace(w, text="7", second="?", confidence=0.9) if w.text == "1" and w.box[0] > 430 else w

    found = recognised("lot2-order-flat-signed", change)
    assert [int(x.quantity) for x in found.lines] == [1]
    assert not found.findings


@pytest.mark.parametrize(("read", "asks"), [("|", False), ("A", True)])
def test_a_quantity_that_cannot_be_read_is_told_by_its_total(read: str, asks: bool) -> None:
    def change(w: Word) -> Word:
        return replace(w, text=read, second=read) if w.text == "1" and w.box[0] > 430 else w

    found = recognised("lot2-order-flat-signed", change)
    assert [int(x.quantity) for x in found.lines] == [1]
    assert bool(found.findings) is asks


def test_an_agent_s_name_is_borne_out_by_the_address() -> None:
    found = recognised("lot2-order-flat-signed", differing("Quéméneur", second="Quémeneuv"))
    assert found.fields["contact_name"].confidence >= 0.9


def test_a_wrong_reading_that_both_share_is_not_taken_for_a_date() -> None:
    found = recognised("lot2-order-flat-signed", misread(**{"4/3/26": "413126"}))
    assert [f.field for f in found.findings] == ["signed_on"]


def test_a_struck_value_and_the_new_one_are_put_to_a_person() -> None:
    pages = to_document((FILLED / "lot2-order-flat-signed.pdf").read_bytes(), Limits()).pages
    old = next(w for w in pages[0].words if w.text == "FINANCES")
    x0, y0, x1, y1 = old.box
    new = Word(text="COMPTA", box=(x1 + 8, y0, x1 + 40, y1), origin="ocr", confidence=0.999, second="COMPTA")
    words = [replace(w, origin="ocr", second=w.text, confidence=0.999) for w in pages[0].words]
    line = Ruling(box=(x0 - 2, (y0 + y1) / 2, x1 + 2, (y0 + y1) / 2))
    page = replace(pages[0], words=(*words, new), rulings=(*pages[0].rulings, line))
    read = Document(pages=(page,), source_type="scan")
    found = document.extract_pages(read, read.pages, Context())
    assert found.fields["service_code"].value == "COMPTA"
    assert [(f.code, f.field) for f in found.findings] == [("struck", "service_code")]


def test_words_of_offices_that_run_together_stand_apart() -> None:
    found = recognised("lot2-order-flat-signed", misread(générale="généraledes", des=""))
    assert found.fields["contact_role"].value == "Directrice générale des services"


@pytest.mark.parametrize(("read", "begin"), [("98venelle", "98 venelle "), ("2ième", "2ième ")])
def test_a_house_number_run_together_with_its_street_stands_apart(read: str, begin: str) -> None:
    found = recognised("lot2-order-flat-signed", misread(**{"12": read, "ter,": ""}))
    assert str(found.fields["street"].value).startswith(begin)


Cuts = tuple[tuple[tuple[str, float], ...], ...]


def _looked_at(text: str, looks: Cuts, *, read: str = "", second: str | None = "?") -> Change:
    """A doubtful word that was cut out anew in several ways."""

    def change(w: Word) -> Word:
        return replace(w, text=read or w.text, second=second, confidence=0.6, looks=looks) if w.text == text else w

    return change


def _cuts(line: dict[str, float], *others: dict[str, float]) -> Cuts:
    return tuple(tuple(look.items()) for look in (line, *others))


_STREET = "l'Abbé-Grégoire"


def test_a_word_that_every_further_cut_reads_alike_asks_nobody() -> None:
    sure = {_STREET: 0.97}
    found = recognised("lot2-order-flat-signed", _looked_at(_STREET, _cuts({_STREET: 0.5}, sure, sure, sure)))
    assert not found.findings
    assert found.fields["street"].confidence >= 0.9


def test_one_cut_that_hesitates_keeps_the_doubt() -> None:
    sure, unsure = {_STREET: 0.97}, {_STREET: 0.7, "l'Abbe-Gregoine": 0.25}
    found = recognised("lot2-order-flat-signed", _looked_at(_STREET, _cuts({_STREET: 0.5}, sure, unsure, sure)))
    assert [f.field for f in found.findings] == ["street"]


def test_readings_that_differ_in_accents_and_capitals_alone_count_as_one() -> None:
    cut = {_STREET: 0.5, "l'Abbe-Grégoire": 0.3, "l'ABBÉ-Grégoire": 0.17}
    found = recognised("lot2-order-flat-signed", _looked_at(_STREET, _cuts(cut, cut, cut, cut)))
    assert not found.findings


def test_further_cuts_change_no_value_without_the_second_engine() -> None:
    wrong, sure = "l'Abbé-Grégoine", {_STREET: 0.98}
    cuts = _cuts({wrong: 0.6, _STREET: 0.3}, sure, sure, sure)
    alone = recognised("lot2-order-flat-signed", _looked_at(_STREET, cuts, read=wrong))
    assert [f.field for f in alone.findings] == ["street"]
    both = recognised("lot2-order-flat-signed", _looked_at(_STREET, cuts, read=wrong, second=_STREET))
    assert both.fields["street"].value == ORDER_READ["street"]
    assert not both.findings


def test_a_date_of_another_century_is_put_to_a_person() -> None:
    found = recognised("lot2-order-flat-signed", misread(**{"4/3/26": "4/3/2071"}))
    assert [f.field for f in found.findings] == ["signed_on"]


def test_a_short_label_whose_letters_look_alike_is_found() -> None:
    found = recognised("lot3-account-flat", misread(Mél="MéI"))
    assert found.fields["contact_email"].value == "i.ouedraogo@trois-etangs.example"


def test_a_tick_that_recognition_reads_into_its_word_is_still_that_word_s() -> None:
    plain = recognised("lot3-account-flat")
    answers = {k: f.value for k, f in plain.fields.items() if isinstance(f.value, bool)}

    def glued(w: Word) -> Word:  # the word begins where its box does
        return replace(w, box=(w.box[0] - 11, *w.box[1:])) if w.text in ("Oui", "Non") else w

    found = recognised("lot3-account-flat", glued)
    assert answers
    assert {k: f.value for k, f in found.fields.items() if isinstance(f.value, bool)} == answers


def test_a_box_before_one_answer_is_not_the_other_s() -> None:
    """« Oui » read together with its box, which is not seen: the empty box before « Non » tells nothing of it."""

    def lost(page: Page) -> Page:
        yes = next(w for w in page.words if w.text == "Oui")
        ticks = tuple(t for t in page.ticks if abs(t.box[1] - yes.box[1]) > 4 or t.box[0] > yes.box[0])
        ticks = tuple(replace(t, state=False) if abs(t.box[1] - yes.box[1]) < 4 else t for t in ticks)
        return replace(page, ticks=ticks)

    found = recognised("lot3-account-flat", of_page=lost)
    assert "already_transmitting" not in found.fields
    assert "already_transmitting" in {f.field for f in found.findings}


@pytest.mark.parametrize(
    ("word", "read", "value"),
    [
        ("FINANCES", "DS1", "DSI"),  # a code that services have
        ("FINANCES", "XB1", None),  # one that nobody knows
    ],
)
def test_a_one_among_letters_is_a_letter_or_a_question(word: str, read: str, value: str | None) -> None:
    found = recognised("lot2-order-flat-signed", misread(**{word: read}))
    if value is None:
        assert [f.field for f in found.findings] == ["service_code"]
    else:
        assert found.fields["service_code"].value == value
        assert not found.findings


def test_an_address_that_begins_with_a_one_is_a_name_s_initial() -> None:
    mail = str(ORDER_READ["contact_email"])
    found = recognised("lot2-order-flat-signed", misread(**{mail: "1" + mail[1:]}))
    assert found.fields["contact_email"].value != "1" + mail[1:] or found.findings


def test_words_that_both_engines_read_alike_are_kept() -> None:
    def hesitant(w: Word) -> Word:  # the cuts of one word see another name in it
        looks = ((("Quéméneur", 0.4), ("Quémeneux", 0.6)),) * 4
        return replace(w, confidence=0.9, again=0.95, looks=looks) if w.text == "Quéméneur" else w

    plain = recognised("lot2-order-flat-signed")
    assert recognised("lot2-order-flat-signed", hesitant).fields["contact_name"] == plain.fields["contact_name"]


def test_figures_that_a_hand_set_apart_a_little_are_one_number() -> None:
    def apart(w: Word) -> Word:
        return replace(w, text="0000", second="0000") if w.text == "BC_2026-0417" else w

    def split(page: Page) -> Page:
        whole = next(w for w in page.words if w.text == "0000")
        x0, y0, x1, y1 = whole.box
        first = replace(whole, text="2026", box=(x0, y0, (x0 + x1) / 2, y1))
        second = replace(whole, text="0417", second="0417", box=((x0 + x1) / 2 + 2, y0, x1, y1))
        return replace(page, words=tuple(x for w in page.words for x in ((first, second) if w is whole else (w,))))

    found = recognised("lot2-order-flat-signed", apart, of_page=split)
    assert found.fields["order_number"].value == "20260417"


def test_a_box_read_as_a_figure_before_its_word_is_its_box() -> None:
    plain = recognised("lot3-account-flat")
    found = recognised("lot3-account-flat", misread(Oui="0Oui"))
    assert {k: f.value for k, f in found.fields.items()} == {k: f.value for k, f in plain.fields.items()}


@pytest.mark.parametrize(
    ("text", "read", "field", "value"),
    [
        ("FINANCES", "DS/", "service_code", "DSI"),
        ("BC_2026-0417", "2026/DS1/43", "order_number", "2026/DSI/43"),
        ("12", "I", "street", "1 ter, rue de l'Abbé-Grégoire"),
        ("12", "/", "street", "1 ter, rue de l'Abbé-Grégoire"),
    ],
)
def test_a_lone_stroke_is_what_its_place_makes_it(text: str, read: str, field: str, value: str) -> None:
    found = recognised("lot2-order-flat-signed", misread(**{text: read}))
    assert found.fields[field].value == value


def test_a_misread_particle_of_a_street_is_no_word() -> None:
    found = recognised("lot2-order-flat-signed", misread(de="ae"))
    street = next((f for f in found.findings if f.field == "street"), None)
    assert street is not None or " de " in str(found.fields["street"].value)


def test_a_pen_s_upright_stroke_is_no_border_of_the_signature_s_box() -> None:
    def signed(page: Page) -> Page:
        stamp = next(w for w in page.words if w.text == "Cachet")
        x, y = stamp.box[0] + 150, stamp.box[3] + 5
        pen = Ruling(box=(x, y, x, y + 30))
        stroke = Stroke(box=(x + 1, y + 4, x + 25, y + 31), length=38.0)
        kept = tuple(s for s in page.strokes if s.box[1] < stamp.box[1])
        return replace(page, rulings=(*page.rulings, pen), strokes=(*kept, stroke))

    assert recognised("lot2-order-flat-signed", of_page=signed).signed_by_hand


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"12": "1l"}, "street", "11 ter, rue de l'Abbé-Grégoire"),
        ({"BC_2026-0417": "11811 /"}, "order_number", "11811"),
        ({"générale": "dintendance", "des": "", "services": ""}, "contact_role", "Directrice d'intendance"),
        ({"de": "dIvry", "l'Abbé-Grégoire": ""}, "street", "12 ter, rue d'Ivry"),
    ],
)
def test_what_a_hand_s_strokes_hide_is_read(change: dict[str, str], field: str, value: str) -> None:
    found = recognised("lot2-order-flat-signed", misread(**change))
    assert found.fields[field].value == value
    assert field not in {f.field for f in found.findings}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"12": "S1"}, "street"),
        ({"rue": "", "de": "", "l'Abbé-Grégoire": ""}, "street"),
        ({"de": "au"}, "street"),
        ({"BC_2026-0417": "ES7031"}, "order_number"),
        ({"BC_2026-0417": "2026S"}, "order_number"),
        ({"Directrice": "Le", "générale": "", "des": "", "services": ""}, "contact_role"),
        ({"Directrice": "Lt", "générale": "Président", "des": "", "services": ""}, "contact_role"),
    ],
)
def test_what_both_engines_misread_alike_asks(change: dict[str, str], field: str) -> None:
    found = recognised("lot2-order-flat-signed", misread(**change))
    assert field in {f.field for f in found.findings}


ADDRESS = "quemeneur@fontaine-les-gres-verts.example"


def test_an_address_whose_beginning_a_wide_full_stop_parts_is_read_whole_or_asked() -> None:
    def apart(page: Page) -> Page:
        whole = next(w for w in page.words if w.text.endswith(ADDRESS))
        x0, y0, x1, y1 = whole.box
        first = replace(whole, text="aurelie", second="aurelie", box=(x0, y0, x0 + 20, y1))
        rest = replace(whole, text=ADDRESS, second=ADDRESS, box=(x0 + 26, y0, x1, y1))
        return replace(page, words=tuple(x for w in page.words for x in ((first, rest) if w is whole else (w,))))

    found = recognised("lot2-order-flat-signed", of_page=apart)
    assert found.fields["contact_email"].value == f"aurelie.{ADDRESS}"  # borne out by the agent's name
    found = recognised("lot2-order-flat-signed", misread(Aurélie="Jeanne", Quéméneur="Martin"), of_page=apart)
    assert "contact_email" in {f.field for f in found.findings}


def test_a_nought_for_an_initial_o_is_no_address() -> None:
    found = recognised("lot2-order-flat-signed", misread(**{f"a.{ADDRESS}": f"0.{ADDRESS}"}))
    assert found.fields["contact_email"].value == f"o.{ADDRESS}"


def test_a_code_and_an_office_that_are_known_need_no_second_engine() -> None:
    def doubtful(w: Word) -> Word:
        if w.text == "FINANCES":
            return replace(w, text="DSI", second="DS]", confidence=0.63)
        if w.text == "Directrice":
            return replace(w, text="Dinectrice", second="M£kxe", confidence=0.5, others=("Directrice",))
        return w

    found = recognised("lot2-order-flat-signed", doubtful)
    assert found.fields["contact_role"].value == "Directrice générale des services"
    assert found.fields["service_code"].value == "DSI"
    assert not {"contact_role", "service_code"} & {f.field for f in found.findings}


def test_a_short_label_is_sought_in_what_further_cuts_read() -> None:
    look = ((("Vville", 0.5), ("Ville", 0.4)), (("Ville:", 0.95),), (("Ville", 0.98),), (("Ville", 0.99),))

    def doubled(w: Word) -> Word:
        return replace(w, text="Vville", second="vile:", confidence=0.5, looks=look) if w.text == "Ville" else w

    found = recognised("lot2-order-flat-signed", doubled)
    assert found.fields["postal_code"].value == "78870"
    assert found.fields["city"].value == "Fontaine-les-Grès-Verts"


def test_a_label_that_is_lost_leaves_no_place_s_name_in_a_postal_code() -> None:
    found = recognised("lot2-order-flat-signed", misread(Ville="Wlte"))
    assert "postal_code" in {f.field for f in found.findings}


@pytest.mark.parametrize("second", ["?", "7"])
def test_a_one_in_a_comb_that_the_second_witness_does_not_see_as_one_asks(second: str) -> None:
    def change(w: Word) -> Word:
        return replace(w, second=second) if w.text == "1" and 380 < w.box[1] < 396 else w

    found = recognised("lot3-account-flat", change)
    assert found.fields["accounting_post"].value == "091033"
    assert "accounting_post" in {f.field for f in found.findings}
