"""Pictures from outside, painted anew: only pixels come through, no metadata, nothing that is appended.

Runs as a child (`townhall.intake.bounded`): decoding is where a small file becomes large.
"""

import io
import json
import warnings
from dataclasses import dataclass
from typing import Any, Self

from PIL import Image, ImageOps

from townhall.intake.bounded import child, worked
from townhall.intake.kinds import Kind, picture_kind
from townhall.intake.refusals import BROKEN_PICTURE, NARROW, PIXELS, TINY, Refused
from townhall.intake.structure import require_orderly

PIXELS_AT_MOST = 25_000_000
SHORTEST_SIDE, RATIO = 100, 6
LONGEST_SIDE = 1600  # pixels kept: 300 to the inch on the width of a guide
STORED_AT_MOST = 1_000_000  # bytes
COLOURS = 256
_QUALITIES = (84, 72, 60, 40)


@dataclass(frozen=True, slots=True)
class Bitmap:
    """A picture that we have made ourselves: PNG or JPEG, its size in pixels."""

    mime: str
    width: int
    height: int
    data: bytes

    def packed(self) -> bytes:
        """As a child hands it over: a line of facts, then the bytes."""
        facts = {"mime": self.mime, "width": self.width, "height": self.height}
        return json.dumps(facts).encode() + b"\n" + self.data

    @classmethod
    def unpacked(cls, answer: bytes) -> Self:
        facts, _, data = answer.partition(b"\n")
        return cls(**json.loads(facts), data=data)


def repainted(data: bytes) -> Bitmap:
    """The picture, painted anew in a child. Raises `Refused`."""
    return Bitmap.unpacked(worked("townhall.intake.raster", data))


def repaint(data: bytes) -> Bitmap:
    """The picture, painted anew here. Raises `Refused` for broken, huge, tiny and narrow ones."""
    kind = picture_kind(data)
    require_orderly(data, kind)
    try:
        with warnings.catch_warnings(action="ignore"):  # broken metadata, which is thrown away anyhow
            return bitmap(_pixels(data, kind), lossless=kind is Kind.PNG)
    except (Refused, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise Refused(PIXELS, limit=PIXELS_AT_MOST // 10_000) from error
    except Exception as error:  # whatever a decoder stumbles over, the picture cannot be read
        raise Refused(BROKEN_PICTURE) from error


def _pixels(data: bytes, kind: Kind) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=[kind.value]) as image:
        require_extent(*image.size)
        image.verify()
    with Image.open(io.BytesIO(data), formats=[kind.value]) as image:
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG need not be unpacked larger than this
        image.load()
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        return ImageOps.exif_transpose(image)


def require_extent(width: int, height: int) -> None:
    """Raises `Refused` for more pixels than are decoded, and for too small or narrow a picture."""
    if width * height > PIXELS_AT_MOST:
        raise Refused(PIXELS, limit=PIXELS_AT_MOST // 10_000)
    if min(width, height) < SHORTEST_SIDE:
        raise Refused(TINY, limit=SHORTEST_SIDE)
    if max(width, height) > RATIO * min(width, height):
        raise Refused(NARROW, limit=RATIO)


def bitmap(image: Image.Image, *, lossless: bool) -> Bitmap:
    """The pixels on white, as PNG where that stays small, else as JPEG."""
    page = Image.new("RGB", image.size, "white")
    clear = image.convert("RGBA")
    page.paste(clear, mask=clear.getchannel("A"))
    if lossless and len(data := _written(_few_colours(page), "PNG", optimize=True)) <= STORED_AT_MOST:
        return Bitmap("image/png", *page.size, data)
    for quality in _QUALITIES:
        data = _written(page, "JPEG", quality=quality, optimize=True)
        if len(data) <= STORED_AT_MOST:
            break
    return Bitmap("image/jpeg", *page.size, data)


def _few_colours(page: Image.Image) -> Image.Image:
    """A drawing has few colours, and a palette of them is a third of the size; a photograph keeps all of its own."""
    return page.convert("P", palette=Image.Palette.ADAPTIVE) if page.getcolors(COLOURS) else page


def _written(image: Image.Image, form: str, **options: Any) -> bytes:
    output = io.BytesIO()
    image.save(output, form, **options)
    return output.getvalue()


if __name__ == "__main__":
    child(lambda data: repaint(data).packed())
