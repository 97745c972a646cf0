"""Labels as they come out of a printer, read back by decoders that know nothing of ours."""

from __future__ import annotations

import io
import re
import stat
from pathlib import Path
from xml.etree import ElementTree as ET

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from anju.labels import drawing, font, make, sheets
from anju.labels.drawing import Face, captions, draw
from anju.labels.make import Format, Paper
from anju.service.errors import ServiceError
from anju.wire.label import Label, SetupCode, device_id, read

LABELS = [(Label(device_id(bytes([n])), SetupCode(bytes(range(n, n + 10)))), "esp32c3_door") for n in range(26)]
TEXTS = [label.qr_text for label, _board in LABELS]
ROLL = Paper(sheets.sheet("40x30"))


def scanned(image: Image.Image) -> list[str]:
    """Texts of all QR codes in a picture."""
    return [found.text for found in zxingcpp.read_barcodes(image.convert("L"))]


def pages(content: bytes, dpi: int = 300) -> list[Image.Image]:
    """A PDF as it is printed."""
    return [page.render(scale=dpi / 72).to_pil() for page in pypdfium2.PdfDocument(content)]


@pytest.mark.parametrize("name", sheets.SHEETS)
def test_every_code_on_a_sheet_is_scanned_at_its_place(name: str) -> None:
    sheet = sheets.sheet(name)
    content = make.content(LABELS, Format.PDF, Paper(sheet, skip=3))[""]
    images = pages(content)
    assert len(images) == -(-(len(LABELS) + 3) // sheet.places)
    for (label, _board), (page, x, y) in zip(LABELS, sheet.corners(len(LABELS), 3), strict=True):
        corners = [round(side * 300 / 25.4) for side in (x, y, x + sheet.label[0], y + sheet.label[1])]
        assert scanned(images[page].crop((corners[0], corners[1], corners[2], corners[3]))) == [label.qr_text]


def test_the_words_of_a_pdf_are_words() -> None:
    document = pypdfium2.PdfDocument(make.content(LABELS[:1], Format.PDF, ROLL)[""])
    words = document[0].get_textpage().get_text_range()
    label = LABELS[0][0]
    assert label.short_name in words
    assert label.device in words
    assert "Setup code" in words
    typed = "".join(re.findall(r"[\w-]+", words.partition("Setup code")[2])[:2])
    assert read(typed).code == label.code
    assert document[0].get_size() == pytest.approx((40 * 72 / 25.4, 30 * 72 / 25.4), abs=0.1)


@pytest.mark.parametrize("dpi", [203, 300, 600])
@pytest.mark.parametrize("size", ["40x30", "30x15", "100x60"])
def test_a_png_is_scanned_and_knows_its_size(dpi: int, size: str) -> None:
    sheet = sheets.sheet(size)
    ((name, content),) = make.content(LABELS[:1], Format.PNG, Paper(sheet, dpi=dpi)).items()
    image = Image.open(io.BytesIO(content))
    assert name == LABELS[0][0].device + ".png"
    assert scanned(image) == TEXTS[:1]
    assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.1)
    assert image.size == (round(sheet.label[0] * dpi / 25.4), round(sheet.label[1] * dpi / 25.4))


@pytest.mark.parametrize("size", ["40x30", "41x30"])  # whole bytes a row, and not
def test_zpl_is_a_picture_that_is_scanned(size: str) -> None:
    content = make.content(LABELS[:3], Format.ZPL, Paper(sheets.sheet(size)))[""].decode()
    form = r"\^XA\^PW(\d+)\^LL(\d+)\^FO0,0\^GFA,(\d+),(\d+),(\d+),([0-9A-F]+)\^FS\^XZ\n"
    found = re.findall(form, content)
    assert re.fullmatch(f"(?:{form})+", content)
    texts = []
    for wide, high, total, again, row, digits in found:
        bits = bytes.fromhex(digits)
        assert len(bits) == int(total) == int(again) == int(row) * int(high)
        image = Image.frombytes("1", (int(row) * 8, int(high)), bytes(byte ^ 0xFF for byte in bits))
        assert (
            not image.crop((int(wide), 0, int(row) * 8, int(high))).convert("L").point(lambda dot: 255 - dot).getbbox()
        )
        texts += scanned(image.crop((0, 0, int(wide), int(high))))
    assert texts == TEXTS[:3]


def test_svg_draws_the_same_squares() -> None:
    label, _board = LABELS[0]
    ((_name, content),) = make.content([(label, "a<b&c")], Format.SVG, ROLL).items()
    tree = ET.fromstring(content)
    space = "{http://www.w3.org/2000/svg}"
    path = tree.find(space + "path")
    assert path is not None
    per_mm = 20
    image = Image.new("L", (40 * per_mm, 30 * per_mm), 255)
    for x, y, side in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)", path.attrib["d"]):
        box = [round(float(part) * per_mm) for part in (x, y)]
        image.paste(0, (box[0], box[1], box[0] + round(float(side) * per_mm), box[1] + round(float(side) * per_mm)))
    assert scanned(image) == [label.qr_text]
    words = [text.text for text in tree.iter(space + "text")]
    assert words[-1] == "a<b&c"
    assert f"{captions()['Setup code']} Setup code" in words
    assert (tree.attrib["width"], tree.attrib["height"]) == ("40mm", "30mm")


def test_text_is_a_line_for_each() -> None:
    lines = make.content(LABELS, Format.TEXT, ROLL)[""].decode().splitlines()
    assert [line.split("\t")[3] for line in lines] == TEXTS
    assert lines[0].split("\t")[2] == LABELS[0][0].code.typed


@pytest.mark.parametrize("size", [(38.1, 21.2), (40, 30), (70, 37), (28, 13), (20, 60), (100, 15)])
def test_nothing_leaves_the_label_or_touches_the_quiet_zone(size: tuple[float, float]) -> None:
    try:
        drawn = draw(*LABELS[0], *size, is_chinese=True)
    except ServiceError:
        assert size == (20, 60)
        return
    code_ends = max(x for x, _y in drawn.squares) + (1 + drawing.QUIET_MODULES) * drawn.module_mm
    baselines = [line.y_mm for line in drawn.lines]
    assert baselines == sorted(baselines)
    for line in drawn.lines:
        assert line.x_mm == pytest.approx(code_ends)
        assert line.size_mm <= line.y_mm + 0.1 * line.size_mm
        assert line.y_mm <= size[1]
        assert line.x_mm + line.width_mm <= size[0]
        if line.face is Face.CODE:
            assert len(line.text) * 0.6 * line.size_mm <= line.width_mm + 1e-9


@pytest.mark.parametrize("name", ["", "a4", "0x0", "5x5", "400x30", "40x", "40x30mm", "-40x30", "1e2x30"])
def test_what_is_no_sheet_is_refused(name: str) -> None:
    with pytest.raises(ServiceError):
        sheets.sheet(name)


def test_a_place_that_a_sheet_does_not_have_cannot_be_skipped() -> None:
    sheets.sheet("a4-70x37").check_skip(23)
    with pytest.raises(ServiceError):
        sheets.sheet("a4-70x37").check_skip(24)
    with pytest.raises(ServiceError):
        sheets.sheet("40x30").check_skip(1)


def test_files_are_private_and_none_is_written_over(tmp_path: Path) -> None:
    written = make.write(tmp_path / "new", {"a.png": b"a", "b.png": b"b"})
    assert [stat.S_IMODE(path.stat().st_mode) for path in written] == [0o600, 0o600]
    with pytest.raises(ServiceError, match=r"b\.png exists already"):
        make.write(tmp_path / "new", {"c.png": b"c", "b.png": b"x"})
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.png", "b.png"]
    assert (tmp_path / "new" / "b.png").read_bytes() == b"b"


def test_half_of_the_files_is_none(tmp_path: Path) -> None:
    (tmp_path / "wall").write_text("")
    for name in ("wall/b.png", "x" * 300):
        with pytest.raises(ServiceError, match="cannot be written"):
            make.write(tmp_path, {"a.png": b"a", name: b"b"})
        assert [path.name for path in tmp_path.iterdir()] == ["wall"]


def test_a_font_without_the_letters_is_refused(tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(b"no font")
    for path in (tmp_path / "font.ttf", tmp_path / "none.ttf", tmp_path):
        with pytest.raises(ServiceError, match="cannot be used"):
            font.named(path)
