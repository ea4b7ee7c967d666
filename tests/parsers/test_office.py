"""Office files on the grid: what stands where, what is left out, and what is refused."""

import datetime as dt
import io
import random
import zipfile
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Pt
from openpyxl.drawing.image import Image as SheetImage
from PIL import Image, ImageDraw

from parsers.page import Document, Page
from parsers.records import Limits
from parsers.sources.office import MEDIA, to_document

FIXTURES = Path(__file__).parents[2] / "fixtures" / "office"
W14 = 'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'


def read(data: bytes, media: str = "", limits: Limits | None = None) -> Document:
    return to_document(data, media, limits or Limits())


def save(file) -> bytes:
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def rows(page: Page) -> list[str]:
    """The page's lines as text, ticks as <x> or < >."""
    found: dict[int, list[tuple[float, str]]] = {}
    for w in page.words:
        found.setdefault(round(w.box[1]), []).append((w.box[0], w.text))
    for t in page.ticks:
        found.setdefault(round(t.box[1]), []).append((t.box[0], "<x>" if t.state else "< >"))
    return [" ".join(text for _, text in sorted(found[y])) for y in sorted(found)]


def signature(size: tuple[int, int] = (300, 120)) -> io.BytesIO:
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).line([(20, 90), (90, 20), (150, 100), (280, 40)], fill="navy", width=6)
    out = io.BytesIO()
    picture.save(out, "PNG")
    out.seek(0)
    return out


def word_of(page: Page, text: str):
    return next(w for w in page.words if w.text == text)


# Word


def test_a_table_keeps_its_rows_and_columns():
    d = docx.Document()
    t = d.add_table(rows=2, cols=2, style="Table Grid")
    for r, (a, b) in enumerate([("SIRET", "219 106 523 00018"), ("Ville", "Étiolles")]):
        t.cell(r, 0).text, t.cell(r, 1).text = a, b
    document = read(save(d))
    page = document.pages[0]
    assert document.source_type == "office"
    assert not page.placed
    assert rows(page) == ["SIRET 219 106 523 00018", "Ville Étiolles"]
    siret, city = word_of(page, "219"), word_of(page, "Étiolles")
    assert siret.box[0] == city.box[0]
    assert siret.box[1] == word_of(page, "SIRET").box[1] < city.box[1]
    left, right = word_of(page, "SIRET").box, siret.box
    assert any(not r.horizontal and left[2] <= r.box[0] <= right[0] for r in page.rulings)


def test_merged_cells_stand_once():
    d = docx.Document()
    t = d.add_table(rows=3, cols=3, style="Table Grid")
    t.cell(0, 0).merge(t.cell(0, 2)).text = "Bandeau de toute la largeur"
    t.cell(1, 0).merge(t.cell(2, 0)).text = "Haut"
    t.cell(1, 2).text, t.cell(2, 2).text = "un", "deux"
    page = read(save(d)).pages[0]
    assert rows(page) == ["Bandeau de toute la largeur", "Haut un", "deux"]
    assert word_of(page, "un").box[0] == word_of(page, "deux").box[0]


CONTROL = "<w:sdt {ns} {w14}><w:sdtPr>{pr}</w:sdtPr><w:sdtContent><w:r><w:t>{text}</w:t></w:r></w:sdtContent></w:sdt>"


@pytest.mark.parametrize(
    ("properties", "text", "expected"),
    [
        ('<w14:checkbox><w14:checked w14:val="1"/></w14:checkbox>', "☒", "Oui <x>"),
        ('<w14:checkbox><w14:checked w14:val="0"/></w14:checkbox>', "☐", "Oui < >"),
        ('<w14:checkbox><w14:checked w14:val="1"/></w14:checkbox>', "O", "Oui <x>"),  # a symbol of one's own
        ("<w:showingPlcHdr/>", "Cliquez ici pour entrer du texte.", "Oui"),
        ("<w:text/>", "Mairie d’Étiolles", "Oui Mairie d’Étiolles"),
    ],
)
def test_content_controls(properties, text, expected):
    d = docx.Document()
    p = d.add_paragraph("Oui ")
    p._p.append(parse_xml(CONTROL.format(ns=nsdecls("w"), w14=W14, pr=properties, text=text)))
    assert rows(read(save(d)).pages[0]) == [expected]


FIELD = (
    '<w:r {ns}><w:fldChar w:fldCharType="begin"><w:ffData>{data}</w:ffData></w:fldChar></w:r>',
    "<w:r {ns}><w:instrText> {code} </w:instrText></w:r>",
    '<w:r {ns}><w:fldChar w:fldCharType="separate"/></w:r>',
    "<w:r {ns}><w:t>{result}</w:t></w:r>",
    '<w:r {ns}><w:fldChar w:fldCharType="end"/></w:r>',
)


@pytest.mark.parametrize(
    ("code", "data", "result", "expected"),
    [
        ("FORMCHECKBOX", '<w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox>', "", "Case <x>"),
        ("FORMCHECKBOX", '<w:checkBox><w:default w:val="0"/></w:checkBox>', "", "Case < >"),
        ("FORMCHECKBOX", '<w:checkBox><w:default w:val="1"/><w:checked w:val="0"/></w:checkBox>', "", "Case < >"),
        ("FORMTEXT", "<w:textInput/>", "91450", "Case 91450"),
        ("FORMTEXT", "<w:textInput/>", "\u2002\u2002\u2002", "Case"),
        (
            "FORMDROPDOWN",
            '<w:ddList><w:result w:val="1"/><w:listEntry w:val="Choisir"/><w:listEntry w:val="Dématis"/></w:ddList>',
            "",
            "Case Dématis",
        ),
    ],
)
def test_legacy_form_fields(code, data, result, expected):
    d = docx.Document()
    p = d.add_paragraph("Case ")
    for part in FIELD:
        p._p.append(parse_xml(part.format(ns=nsdecls("w"), data=data, code=code, result=result)))
    assert rows(read(save(d)).pages[0]) == [expected]


@pytest.mark.parametrize(
    ("font", "char", "state"),
    [
        ("Wingdings", "F0FE", True),
        ("Wingdings", "F0A8", False),
        ("Wingdings 2", "F052", True),
        ("Wingdings", "006F", False),
    ],
)
def test_symbols_of_the_symbol_fonts_are_boxes(font, char, state):
    d = docx.Document()
    p = d.add_paragraph()
    p._p.append(parse_xml(f'<w:r {nsdecls("w")}><w:sym w:font="{font}" w:char="{char}"/></w:r>'))
    run = p.add_run(chr(int(char, 16)))
    run.font.name = font
    page = read(save(d)).pages[0]
    assert [t.state for t in page.ticks] == [state, state]
    assert not page.words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("☐ oui ☒ non", "< > oui <x> non"),
        ("[x] oui [ ] non", "<x> oui < > non"),
        ("■ oui □ non", "<x> oui < > non"),
        ("■ un premier point", "■ un premier point"),
        ("oui ✔", "oui <x>"),
        ("page (1)", "page (1)"),
    ],
)
def test_boxes_typed_as_characters(text, expected):
    d = docx.Document()
    d.add_paragraph(text)
    assert rows(read(save(d)).pages[0]) == [expected]


def test_what_nobody_sees_is_not_read():
    d = docx.Document()
    p = d.add_paragraph("Quantité ")
    p._p.append(parse_xml(f"<w:del {nsdecls('w')}><w:r><w:delText>4</w:delText></w:r></w:del>"))
    p._p.append(parse_xml(f"<w:ins {nsdecls('w')}><w:r><w:t>3</w:t></w:r></w:ins>"))
    p.add_run(" cachée").font.hidden = True
    assert rows(read(save(d)).pages[0]) == ["Quantité 3"]


def test_struck_words_say_so_and_runs_join():
    d = docx.Document()
    p = d.add_paragraph()
    p.add_run("219 106")
    p.add_run("523")
    old = p.add_run(" 4")
    old.font.strike = True
    p.add_run(" 5")
    page = read(save(d)).pages[0]
    assert [(w.text, w.struck) for w in page.words] == [("219", False), ("106523", False), ("4", True), ("5", False)]


def test_header_footer_text_box_and_page_break():
    d = docx.Document()
    d.sections[0].header.paragraphs[0].text = "Commune d’Étiolles"
    d.sections[0].footer.paragraphs[0].text = "Page de garde"
    p = d.add_paragraph()
    p._p.append(
        parse_xml(
            f'<w:r {nsdecls("w")}><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textbox><w:txbxContent>'
            "<w:p><w:r><w:t>Bon de commande</w:t></w:r></w:p><w:p><w:r><w:t>n° 12</w:t></w:r></w:p>"
            "</w:txbxContent></v:textbox></v:shape></w:pict></w:r>"
        )
    )
    d.add_page_break()
    d.add_paragraph("Fiche")
    first, second = read(save(d)).pages
    assert rows(first) == ["Commune d’Étiolles", "Bon de commande", "n° 12"]
    assert rows(second) == ["Fiche", "Page de garde"]
    assert (first.number, second.number) == (1, 2)


def test_a_signature_pasted_into_its_cell_is_a_picture_there():
    d = docx.Document()
    t = d.add_table(rows=1, cols=2, style="Table Grid")
    t.cell(0, 0).text = "Cachet et signature"
    t.cell(0, 1).paragraphs[0].add_run().add_picture(signature(), width=Pt(90))
    page = read(save(d)).pages[0]
    (picture,) = page.pictures
    label = word_of(page, "Cachet")
    assert picture.box[2] - picture.box[0] == pytest.approx(90, abs=1)
    assert picture.box[0] > word_of(page, "signature").box[2]
    assert picture.box[1] <= label.box[1] + 20
    assert 0.01 < picture.ink < 0.3
    assert max(r.box[3] for r in page.rulings) >= picture.box[3]


def test_a_scan_pasted_into_an_empty_document_is_that_scan():
    d = docx.Document()
    d.add_picture(signature((800, 1100)), width=Pt(400))
    seen: list[int] = []

    def scan(data: bytes) -> Document:
        seen.append(len(data))
        return Document(pages=(Page(number=1, width=595, height=842),), source_type="scan")

    assert to_document(save(d), "", Limits(), scan).source_type == "scan"
    assert len(seen) == 1
    d.add_paragraph("Ce bon de commande porte assez de mots pour être lu comme un document : " + "mot " * 20)
    assert to_document(save(d), "", Limits(), scan).source_type == "office"
    assert len(seen) == 1


# Spreadsheets


def book() -> tuple[openpyxl.Workbook, openpyxl.worksheet.worksheet.Worksheet]:
    b = openpyxl.Workbook()
    return b, b.active


def test_numbers_and_dates_as_the_sheet_shows_them():
    b, ws = book()
    shown = [
        (21910652300018, "General", "21910652300018"),
        ("21910652300018", "@", "21910652300018"),
        (1200, "00000", "01200"),
        (139034444, '0#" "##" "##" "##" "##', "0139034444"),
        (1116, '#,##0.00" €"', "1116,00 €"),
        (1116.5, '_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-', "1116,50 €"),
        (0.2, "0%", "20 %"),
        (21.6, "General", "21,6"),
        (0.1 + 0.2, "General", "0,3"),
        (12.5, "0", "12,5"),  # the format hides what was typed
        (dt.datetime(2025, 11, 7, tzinfo=dt.UTC).replace(tzinfo=None), "dd/mm/yyyy", "07/11/2025"),
        (dt.date(2025, 11, 7), "yyyy\\-mm\\-dd", "07/11/2025"),
    ]
    for n, (value, code, _) in enumerate(shown, 1):
        ws.cell(n, 1, "valeur")
        ws.cell(n, 2, value).number_format = code
    assert rows(read(save(b)).pages[0]) == [f"valeur {text}" for _, _, text in shown]


def test_hidden_rows_columns_and_sheets_are_left_out_and_merged_cells_stand_once():
    b, ws = book()
    ws.append(["Titre", None, None])
    ws.merge_cells("A1:C1")
    ws.append(["a", "b", "c"])
    ws.append(["d", "e", "f"])
    ws.row_dimensions[3].hidden = True
    ws.column_dimensions["B"].hidden = True
    listes = b.create_sheet("Listes")
    listes["A1"] = "Choix"
    listes.sheet_state = "hidden"
    b.create_sheet("Suite")["A1"] = "page deux"
    b.create_sheet("Vide")
    first, second = read(save(b)).pages
    assert rows(first) == ["Titre", "a c"]
    assert rows(second) == ["page deux"]


def test_ticks_and_signature_of_a_sheet():
    b, ws = book()
    ws["A1"], ws["B1"] = "Déjà client", True
    ws["A2"], ws["B2"] = "Oui", "☑"
    ws["A4"] = "Cachet et signature"
    picture = SheetImage(signature())
    picture.width, picture.height = 120, 48
    ws.add_image(picture, "B4")
    page = read(save(b)).pages[0]
    assert rows(page)[:2] == ["Déjà client <x>", "Oui <x>"]
    (found,) = page.pictures
    assert found.box[0] > word_of(page, "signature").box[2]
    assert found.box[2] - found.box[0] == pytest.approx(90, abs=1)


def test_a_formula_without_its_result_is_a_finding():
    b, ws = book()
    ws.append(["Total HT", "=2*96"])
    document = read(save(b))
    assert [f.code for f in document.findings] == ["uncomputed"]
    assert rows(document.pages[0]) == ["Total HT"]


@pytest.mark.parametrize("error", ["#VALUE!", "#REF!", "#NAME?", "#DIV/0!", "#N/A"])
def test_a_formula_in_error_is_a_finding_and_no_value(error):
    b, ws = book()
    ws.append(["Total HT", error])
    ws["B1"].data_type = "e"
    document = read(save(b))
    assert [f.code for f in document.findings] == ["uncomputed"]
    assert rows(document.pages[0]) == ["Total HT"]


def test_a_list_without_borders_has_its_cells_all_the_same():
    b, ws = book()
    for row in (["Ville", "Étiolles"], ["Réf.", "Désignation", "P.U. HT", "Quantité"], ["A1", "Abonnement", 96, None]):
        ws.append(row)
    page = read(save(b)).pages[0]
    price, city = word_of(page, "96"), word_of(page, "Étiolles")
    sides = [r.box for r in page.rulings if not r.horizontal and r.box[1] <= price.box[1] <= r.box[3]]
    assert any(x[0] >= word_of(page, "Quantité").box[2] for x in sides)  # the empty quantity is a cell
    assert not [r for r in page.rulings if not r.horizontal and r.box[1] <= city.box[1] <= r.box[3]]


def test_an_empty_row_parts_what_it_parts():
    b, ws = book()
    ws["A1"], ws["A2"], ws["A5"] = "acheteur", "ville", "fournisseur"
    page = read(save(b)).pages[0]
    first, second, third = (word_of(page, t).box[1] for t in ("acheteur", "ville", "fournisseur"))
    assert third - second > 1.5 * (second - first)


def test_stored_results_count():
    document = read((FIXTURES / "bc_lot3.ods").read_bytes())
    assert not document.findings
    lines = rows(document.pages[0])
    assert "L3-01 Télétransmission HELIOS – abonnement annuel 108,00 € 1 108,00 €" in lines
    assert "TOTAL TTC 129,60 €" in lines


def test_old_excel():
    document = read((FIXTURES / "bc_lot3.xls").read_bytes(), "application/vnd.ms-excel")
    assert not document.findings
    lines = rows(document.pages[0])
    assert "L3-01 Télétransmission HELIOS – abonnement annuel 108 1 108" in lines
    assert "N° SIRET (14 chiffres) 21910652300018" in lines


def test_a_sheet_that_claims_a_million_rows_is_read_at_once():
    b, ws = book()
    ws["A1"] = "Bon de commande"
    ws.cell(1_048_576, 3).number_format = "0.00"
    document = read(save(b))
    assert rows(document.pages[0]) == ["Bon de commande"]
    assert not document.findings


def test_rows_past_the_limit_are_a_finding():
    b, ws = book()
    for n in range(1_010):
        ws.append([n])
    assert [f.code for f in read(save(b)).findings] == ["too_big"]


# OpenDocument

ODF = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    ' xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
    ' xmlns:field="urn:openoffice:names:experimental:ooo-ms-interop:xmlns:field:1.0"'
    ' xmlns:loext="urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0">'
    "<office:automatic-styles>"
    '<style:style style:name="H" style:family="table"><style:table-properties table:display="false"/></style:style>'
    '<style:style style:name="S" style:family="text">'
    '<style:text-properties style:text-line-through-style="solid"/></style:style>'
    '<style:style style:name="B" style:family="paragraph"><style:paragraph-properties fo:break-before="page"/>'
    "</style:style></office:automatic-styles><office:body>{body}</office:body></office:document-content>"
)


def odf(body: str, **parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        z.writestr("content.xml", ODF.format(body=body))
        for name, text in parts.items():
            z.writestr(name.replace("__", "/") + ".xml", text)
    return out.getvalue()


def odf_rows(text: str) -> list[list[str]]:
    return [rows(p) for p in read(odf(f"<office:text>{text}</office:text>")).pages]


def test_odt_text():
    found = odf_rows(
        "<text:p>Ville<text:s text:c='2'/>: <text:span text:style-name='S'>Evry</text:span> Étiolles</text:p>"
        "<text:tracked-changes><text:p>effacé</text:p></text:tracked-changes>"
        "<text:p>a<text:line-break/>b<text:tab/>c<office:annotation><text:p>note</text:p></office:annotation></text:p>"
        "<text:p><text:placeholder text:placeholder-type='text'>&lt;Nom&gt;</text:placeholder>Nom</text:p>"
        "<text:p text:style-name='B'>page deux</text:p>"
    )
    assert found == [["Ville : Evry Étiolles", "a", "b c", "Nom"], ["page deux"]]


def test_odt_table_spans_and_boxes():
    cell = "<table:table-cell{a}><text:p>{t}</text:p></table:table-cell>"
    covered = "<table:covered-table-cell/>"
    found = odf_rows(
        "<table:table><table:table-row>"
        + cell.format(a=' table:number-columns-spanned="2"', t="Titre") + covered
        + "</table:table-row><table:table-row>"
        + cell.format(a=' table:number-rows-spanned="2"', t="Haut") + cell.format(a="", t="un")
        + "</table:table-row><table:table-row>" + covered + cell.format(a="", t="deux")
        + "</table:table-row></table:table>"
        "<text:p><loext:content-control loext:checkbox='true' loext:checked='true'>☒</loext:content-control> oui"
        "<loext:content-control loext:showing-place-holder='true'>Choisissez</loext:content-control></text:p>"
        "<text:p><field:fieldmark field:type='vnd.oasis.opendocument.field.FORMCHECKBOX'>"
        "<field:param field:name='Checkbox_Checked' field:value='true'/></field:fieldmark> non</text:p>"
    )  # fmt: skip
    assert found == [["Titre", "Haut un", "deux", "<x> oui", "<x> non"]]


def test_ods_cells():
    body = (
        "<office:spreadsheet><table:table><table:table-column/><table:table-column/>"
        "<table:table-row><table:table-cell office:value-type='string'><text:p>SIRET</text:p></table:table-cell>"
        "<table:table-cell office:value-type='float' office:value='21910652300018'><text:p>2,19E+13</text:p>"
        "</table:table-cell><table:table-cell table:number-columns-repeated='16380'/></table:table-row>"
        "<table:table-row table:visibility='collapse'><table:table-cell><text:p>cachée</text:p></table:table-cell>"
        "</table:table-row><table:table-row><table:table-cell office:value-type='date' office:date-value='2025-11-07'>"
        "<text:p>7 nov.</text:p></table:table-cell><table:table-cell office:value-type='currency' office:value='1250'>"
        "<text:p>€1,250.00</text:p></table:table-cell></table:table-row>"
        "<table:table-row><table:table-cell office:value-type='boolean' office:boolean-value='true'>"
        "<text:p>VRAI</text:p></table:table-cell><table:table-cell table:formula='of:=1+1'/></table:table-row>"
        "<table:table-row table:number-rows-repeated='1048570'><table:table-cell/></table:table-row></table:table>"
        "<table:table table:style-name='H'><table:table-row><table:table-cell><text:p>liste</text:p>"
        "</table:table-cell></table:table-row></table:table></office:spreadsheet>"
    )
    document = read(odf(body))
    assert [rows(p) for p in document.pages] == [["SIRET 21910652300018", "07/11/2025 1250,00 €", "<x>"]]
    assert [f.code for f in document.findings] == ["uncomputed"]


# Bad input


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in parts.items():
            z.writestr(name, data)
    return out.getvalue()


BILLION = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;">]>'
    b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&c;'
    b"</w:t></w:r></w:p></w:body></w:document>"
)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\0" * 5000, "empty"),
        (zipped(**{"word/document.xml": BILLION}), "bomb"),
        (zipped(**{"word/document.xml": BILLION.decode().encode("utf-16")}), "bomb"),
        (zipped(**{"content.xml": BILLION}), "bomb"),
        (zipped(**{"xl/workbook.xml": BILLION}), "bomb"),
        (zipped(**{"word/document.xml": b"\0" * 60_000_000}), "bomb"),
        (zipped(**{"word/document.xml": b"<a" * 9}), "truncated"),
        (zipped(**{"xl/workbook.xml": b"<workbook/>"}), "truncated"),
        (zipped(**{"notes.txt": b"rien"}), "truncated"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "truncated"),
        (b"{\\rtf1 Bon de commande}", "unreadable"),
        ((FIXTURES / "ancien.doc").read_bytes(), "unreadable"),
        ((FIXTURES / "protege.xlsx").read_bytes(), "password"),
        (odf("<office:text/>"), "empty"),
        (
            odf(
                "<office:text/>",
                **{"META-INF__manifest": "<manifest><file-entry><encryption-data/></file-entry></manifest>"},
            ),
            "password",
        ),
    ],
)
def test_what_cannot_be_read_is_a_finding_with_a_remedy(data, code):
    document = read(data)
    assert [f.code for f in document.findings] == [code]
    assert not document.pages
    assert "merci de" in document.findings[0].text


def test_macros_are_noted_and_the_values_read():
    b, ws = book()
    ws["A1"] = "Bon de commande"
    data = io.BytesIO(save(b))
    with zipfile.ZipFile(data, "a") as z:
        z.writestr("xl/vbaProject.bin", b"macro")
    document = read(data.getvalue())
    assert [f.code for f in document.findings] == ["macro"]
    assert rows(document.pages[0]) == ["Bon de commande"]


@pytest.mark.parametrize("name", ["bc_lot3.xls", "bc_lot3.ods", "protege.xlsx"])
def test_truncated_and_damaged_files_never_raise(name):
    whole = (FIXTURES / name).read_bytes()
    chance = random.Random(name)
    for part in (0.2, 0.5, 0.8, 0.99):
        assert read(whole[: int(len(whole) * part)]).findings
    for _ in range(25):
        bad = bytearray(whole)
        for _ in range(8):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        assert read(bytes(bad)).source_type in ("office", "unreadable")


def test_pages_past_the_limit_are_a_finding():
    d = docx.Document()
    for n in range(4):
        d.add_paragraph(f"Page {n}")
        d.add_page_break()
    document = read(save(d), limits=Limits(pages=3))
    assert len(document.pages) == 3
    assert [f.code for f in document.findings] == ["too_many_pages"]


def test_a_long_document_is_cut_into_pages_and_a_book_is_refused_past_its_limit():
    d = docx.Document()
    for n in range(400):
        d.add_paragraph(f"Alinéa {n}")
    document = read(save(d))
    assert [len(p.words) for p in document.pages] == [338, 338, 124]
    assert not document.findings
    d = docx.Document()
    for _ in range(600):
        d.add_paragraph("mot " * 60)
    document = read(save(d))
    assert sum(len(p.words) for p in document.pages) < 36_000
    assert [f.code for f in document.findings] == ["too_many_pages"]


def test_the_same_bytes_read_alike_whatever_their_type_says():
    d = docx.Document()
    d.add_paragraph("Bon de commande")
    data = save(d)
    assert {rows(read(data, media).pages[0])[0] for media in MEDIA} == {"Bon de commande"}


# What Excel and Word keep beside their cells and paragraphs

CONTROL_PARTS = {
    "xl/worksheets/_rels/sheet1.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://x/ctrlProp" Target="../ctrlProps/ctrlProp1.xml"/>'
        '<Relationship Id="rId2" Type="http://x/ctrlProp" Target="../ctrlProps/ctrlProp2.xml"/>'
        '<Relationship Id="rId3" Type="http://x/vmlDrawing" Target="../drawings/vmlDrawing1.vml"/>'
        '<Relationship Id="rId4" Type="http://x/drawing" Target="../drawings/drawing1.xml"/></Relationships>'
    ),
    "xl/ctrlProps/ctrlProp1.xml": '<formControlPr objectType="CheckBox" checked="Checked"/>',
    "xl/ctrlProps/ctrlProp2.xml": '<formControlPr objectType="CheckBox"/>',
    "xl/drawings/vmlDrawing1.vml": (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml"><v:shape id="_x0000_s1025"><v:textbox><div>Oui</div></v:textbox>'
        '</v:shape><v:shape id="_x0000_s1026"><v:textbox><div>Non</div></v:textbox></v:shape></xml>'
    ),
    "xl/drawings/drawing1.xml": (
        '<xdr:wsDr xmlns:xdr="urn:xdr" xmlns:a="urn:a"><xdr:twoCellAnchor>'
        "<xdr:from><xdr:col>0</xdr:col><xdr:row>4</xdr:row></xdr:from>"
        "<xdr:sp><xdr:txBody><a:p><a:r><a:t>Fait à Étiolles</a:t></a:r></a:p></xdr:txBody></xdr:sp>"
        "</xdr:twoCellAnchor></xdr:wsDr>"
    ),
}
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTROL_ANCHOR = (
    '<control shapeId="{shape}" r:id="{rid}" name="Case {shape}"><controlPr><anchor><from><xdr:col>{column}</xdr:col>'
    "<xdr:row>1</xdr:row></from></anchor></controlPr></control>"
)


def test_check_boxes_and_text_boxes_that_float_over_a_sheet():
    b, ws = book()
    ws["A1"], ws["A2"] = "Bon de commande", "Déjà client"
    out, plain = io.BytesIO(), save(b)
    controls = "".join(
        CONTROL_ANCHOR.format(shape=s, rid=rid, column=c) for s, rid, c in ((1025, "rId1", 1), (1026, "rId2", 2))
    )
    with zipfile.ZipFile(io.BytesIO(plain)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            data = old.read(info).decode() if info.filename.endswith(".xml") else old.read(info)
            if info.filename == "xl/worksheets/sheet1.xml":
                spaces = f'xmlns:r="{RELATION}" xmlns:xdr="urn:xdr"'
                data = data.replace("</worksheet>", f"<controls {spaces}>{controls}</controls></worksheet>")
            new.writestr(info, data)
        for name, text in CONTROL_PARTS.items():
            new.writestr(name, text)
    assert rows(read(out.getvalue()).pages[0]) == ["Bon de commande", "Déjà client <x> Oui < > Non", "Fait à Étiolles"]


def test_a_workbook_that_openpyxl_trips_over_is_read_all_the_same():
    b, ws = book()
    ws["A1"] = "Bon de commande"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(save(b))) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            new.writestr(
                info, b"<styleSheet><fonts/></styleSheet>" if info.filename == "xl/styles.xml" else old.read(info)
            )
    document = read(out.getvalue())
    assert rows(document.pages[0]) == ["Bon de commande"]
    assert not document.findings


def test_of_alternatives_the_first_that_shows_something_counts():
    d = docx.Document()
    box = "<w:txbxContent><w:p><w:r><w:t>{}</w:t></w:r></w:p><w:p><w:r><w:t>suite</w:t></w:r></w:p></w:txbxContent>"
    d.add_paragraph()._p.append(
        parse_xml(
            f'<w:r {nsdecls("w")} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
            f'<mc:AlternateContent><mc:Choice Requires="wps">{box.format("neuf")}</mc:Choice>'
            f"<mc:Fallback><w:pict>{box.format('ancien')}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
        )
    )
    assert rows(read(save(d)).pages[0]) == ["neuf", "suite"]


def test_controls_around_cells_and_paragraphs():
    d = docx.Document()
    t = d.add_table(rows=1, cols=2, style="Table Grid")
    t.cell(0, 0).text, t.cell(0, 1).text = "Ville", "Cliquez ici"
    cell = t.cell(0, 1)._tc
    control = parse_xml(f"<w:sdt {nsdecls('w')}><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent/></w:sdt>")
    cell.addprevious(control)
    control[1].append(cell)
    assert rows(read(save(d)).pages[0]) == ["Ville"]


def test_a_presentation_is_read_slide_by_slide():
    slide = '<p:sld xmlns:p="urn:p" xmlns:a="urn:a"><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:sld>'
    data = zipped(
        **{f"ppt/slides/slide{n}.xml": slide.format(f"Diapositive {n}").encode() for n in (1, 2, 10)},
        **{"ppt/presentation.xml": b"<p/>"},
    )
    assert [rows(p) for p in read(data).pages] == [["Diapositive 1"], ["Diapositive 2"], ["Diapositive 10"]]
