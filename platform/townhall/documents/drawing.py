"""Drawings from outside as pixels: an SVG is set in our own faces once, in a bounded child, and never again.

What came as shapes could be drawn anew by every browser and for every paper, each time at the mercy of whoever drew
it. As a picture it costs what a picture costs, and what cannot be printed is refused while somebody is there to mend it.
"""

import base64
import io
import sys
from pathlib import Path

import pypdfium2

from townhall.documents.errors import DocumentError
from townhall.documents.fonts import read_faces
from townhall.documents.pdf import Renderer
from townhall.documents.sheet import Sheet
from townhall.intake.bounded import child, worked
from townhall.intake.kinds import Kind, picture_kind
from townhall.intake.names import require_plain
from townhall.intake.raster import LONGEST_SIDE, Bitmap, bitmap, repainted
from townhall.intake.refusals import NO_FILE, UNDRAWABLE, Refused
from townhall.intake.vector import plain_drawing

MEMORY = 1_000_000_000  # bytes of address space: the faces are mapped into it, not read
LONGEST_MM = 1000  # large, so that whole millimetres keep the proportions
_PAGE = '<!DOCTYPE html><html lang="zh-Hant"><head><meta charset="utf-8"><title>圖</title></head><body>{}</body></html>'


def accepted_picture(name: str, data: bytes, faces: Path) -> Bitmap:
    """The picture in a file from outside, made anew by us. Raises `Refused`; `faces` is the folder of ours.

    Its kind is what its bytes are; its name is only looked at to be refused.
    """
    require_plain(name)
    if not data:
        raise Refused(NO_FILE)
    if picture_kind(data) is not Kind.SVG:
        return repainted(data)
    drawing, width, height = plain_drawing(data)
    scale = LONGEST_MM / max(width, height)
    size = [str(max(1, round(side * scale))) for side in (width, height)]
    return Bitmap.unpacked(worked("townhall.documents.drawing", drawing, str(faces), *size, memory=MEMORY))


def drawn(drawing: bytes, faces: Path, width: int, height: int) -> Bitmap:
    """A harmless drawing as pixels, `width` by `height` millimetres; the work of the child. Raises `Refused`."""
    source = f"data:image/svg+xml;base64,{base64.b64encode(drawing).decode()}"
    css = f"@page {{ margin: 0 }} img {{ position: absolute; left: 0; top: 0; width: {width}mm; height: {height}mm }}"
    sheet = Sheet(_PAGE.format(f'<img src="{source}" alt="">'), css, width, height, pages=1)
    try:
        pdf = Renderer(read_faces(faces)).render(sheet)
    except MemoryError:
        raise
    except (DocumentError, RecursionError, ValueError, ArithmeticError, LookupError) as error:
        raise Refused(UNDRAWABLE) from error
    return _pixels(pdf)


def _pixels(pdf: bytes) -> Bitmap:
    with pypdfium2.PdfDocument(io.BytesIO(pdf)) as document:
        leaf = document[0]
        image = leaf.render(scale=LONGEST_SIDE / max(leaf.get_size())).to_pil()
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return bitmap(image, lossless=True)


if __name__ == "__main__":
    folder, *size = sys.argv[1:]
    child(lambda drawing: drawn(drawing, Path(folder), *map(int, size)).packed())
