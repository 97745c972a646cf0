"""Chinese on labels, with a font that is made here: what a machine has installed must not decide about a test."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image, ImageChops

from anju.labels import font, make, raster, sheets
from anju.labels.drawing import captions, draw
from anju.labels.font import Font
from anju.labels.make import Format, Paper
from anju.service.errors import ServiceError
from anju.wire.label import Label, SetupCode, device_id

LABEL = Label(device_id(b"key"), SetupCode(bytes(range(10))))


def made(path: Path, letters: str) -> Path:
    """A font in which each of these letters is a square."""
    names = {ord(letter): f"u{ord(letter):04x}" for letter in letters}
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 800), (900, 800), (900, 0)):
        pen.lineTo(corner)
    pen.closePath()
    glyphs = [".notdef", *names.values()]
    builder = FontBuilder(1000)
    builder.setupGlyphOrder(glyphs)
    builder.setupCharacterMap(names)
    builder.setupGlyf(dict.fromkeys(glyphs, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


@pytest.fixture
def squares(tmp_path: Path) -> Font:
    """A font with all that stands on a label."""
    return font.named(made(tmp_path / "squares.ttf", " ".join(["abcdefghijklmnopqrstuvwxyzASN", *captions().values()])))


def test_chinese_stands_in_the_pdf(squares: Font) -> None:
    paper = Paper(sheets.sheet("40x30"), font=squares)
    words = pypdfium2.PdfDocument(make.content([(LABEL, "")], Format.PDF, paper)[""])[0].get_textpage().get_text_range()
    for english, chinese in captions().items():
        assert chinese in words
        assert english in words


def test_chinese_stands_in_the_picture(squares: Font) -> None:
    drawn = draw(LABEL, "", 40, 30, is_chinese=True)
    with_font = raster.picture(drawn, 203, squares)
    without = raster.picture(drawn, 203, None)
    changed = ImageChops.difference(with_font.convert("L"), without.convert("L")).getbbox()
    assert changed is not None
    assert changed[0] > with_font.width * 0.4
    assert isinstance(with_font, Image.Image)


def test_a_font_that_lacks_one_letter_is_refused(tmp_path: Path) -> None:
    letters = "".join(captions().values())
    with pytest.raises(ServiceError, match="Chinese letters"):
        font.named(made(tmp_path / "short.ttf", letters[1:].replace(letters[0], "")))


def test_a_font_is_found_among_those_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, squares: Font
) -> None:
    monkeypatch.setattr(font, "_FOLDERS", ())
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert font.installed() is None
    folder = tmp_path / "data" / "fonts" / "deep"
    folder.mkdir(parents=True)
    (folder / "NotoSansCJK-Regular.ttc").write_bytes(b"broken")
    (folder / "simhei.ttf").write_bytes(squares.path.read_bytes())
    assert font.installed() == Font(folder / "simhei.ttf", 0)
