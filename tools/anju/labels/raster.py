"""Drawings as dots: PNG, and ZPL for thermal printers. ZPL carries the picture: no printer's own fonts have to be trusted."""

from __future__ import annotations

import io
import math

from PIL import Image, ImageDraw, ImageFont

from anju.labels.drawing import Drawing, Face, Line
from anju.labels.font import Font

_MM = 25.4


def picture(drawing: Drawing, dpi: int, font: Font | None) -> Image.Image:
    """Black on white, one bit a dot; each module of the QR code is a whole number of dots."""
    per_mm = dpi / _MM
    image = Image.new("1", (round(drawing.width_mm * per_mm), round(drawing.height_mm * per_mm)), 1)
    pen = ImageDraw.Draw(image)
    dots = max(1, math.floor(drawing.module_mm * per_mm + 0.01))
    for left, top in _whole(drawing, dots, per_mm):
        pen.rectangle((left, top, left + dots - 1, top + dots - 1), fill=0)
    for line in drawing.lines:
        pen.text(
            (line.x_mm * per_mm, line.y_mm * per_mm), line.text, fill=0, font=_fitting(line, per_mm, font), anchor="ls"
        )
    return image


def png(drawing: Drawing, dpi: int, font: Font | None) -> bytes:
    """A PNG that knows its size."""
    buffer = io.BytesIO()
    picture(drawing, dpi, font).save(buffer, "PNG", dpi=(dpi, dpi))
    return buffer.getvalue()


def zpl(drawing: Drawing, dpi: int, font: Font | None) -> bytes:
    """One label as a picture in ZPL II."""
    image = picture(drawing, dpi, font)
    # Pillow's bits are 1 for white; ZPL's are 1 for black, in whole bytes a row.
    wide = -(-image.width // 8)
    rows = image.tobytes()
    rest = (1 << (wide * 8 - image.width)) - 1
    dark = bytearray(byte ^ 0xFF for byte in rows)
    for row in range(image.height):
        dark[row * wide + wide - 1] &= 0xFF ^ rest
    head = f"^XA^PW{image.width}^LL{image.height}^FO0,0^GFA,{len(dark)},{len(dark)},{wide},"
    return f"{head}{dark.hex().upper()}^FS^XZ\n".encode()


def _whole(drawing: Drawing, dots: int, per_mm: float) -> list[tuple[int, int]]:
    """Corners of the modules in dots, without gaps between them; the code stays centred where it was."""
    left = min(x for x, _y in drawing.squares)
    top = min(y for _x, y in drawing.squares)
    slack = (drawing.module_mm * per_mm - dots) * 25 / 2
    origin_x, origin_y = round(left * per_mm + slack), round(top * per_mm + slack)
    return [
        (
            origin_x + dots * round((x - left) / drawing.module_mm),
            origin_y + dots * round((y - top) / drawing.module_mm),
        )
        for x, y in drawing.squares
    ]


def _fitting(line: Line, per_mm: float, font: Font | None) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    size = line.size_mm * per_mm
    chosen = _sized(line, size, font)
    wide = chosen.getlength(line.text)
    return chosen if wide <= line.width_mm * per_mm else _sized(line, size * line.width_mm * per_mm / wide, font)


def _sized(line: Line, size: float, font: Font | None) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if line.face is Face.PROSE and font is not None:
        return ImageFont.truetype(str(font.path), size, index=font.face)
    return ImageFont.load_default(size)
