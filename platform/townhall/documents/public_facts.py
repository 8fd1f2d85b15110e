"""What leads the public from paper to the centre: the map of the way, and the codes of its web pages."""

import io
from collections.abc import Iterator
from typing import Any

import segno

from townhall.documents.commission import Commission
from townhall.documents.currency import edition_mark

Facts = dict[str, Any]


def way_map(commission: Commission, width: float, height: float) -> Facts:
    """The map of how to get there with its size on paper, at most `width` by `height` millimetres.

    An empty text without one.
    """
    if (sketch := commission.way) is None:
        return {"image": "", "width": 0, "height": 0}
    scale = min(width / sketch.width, height / sketch.height)
    sides = (round(side * scale, 1) for side in (sketch.width, sketch.height))
    return {"image": sketch.address} | dict(zip(("width", "height"), sides, strict=True))


def page_code(commission: Commission, page: str = "") -> Facts:
    """The QR code of a page of the centre's public guide, of its list of guides without one, as a `data:` image.

    It carries which paper it stands on, so that the page says whether that is current. Empty texts without a public
    address.
    """
    if not commission.issue.public_url:
        return {"address": "", "image": ""}
    address = f"{commission.issue.public_url.rstrip('/')}/g/{commission.unit.code9}/{page}"
    if not commission.issue.draft:
        address += (
            f"?v={edition_mark(commission.issue.number, commission.document.key, commission.pen.script)}"
        )
    return {"address": address, "image": _code(address).svg_data_uri(border=0, dark="#000")}


def codes_in(facts: Any) -> Iterator[Facts]:
    """Every code of a page that there is, wherever it lies in the facts of a paper."""
    if isinstance(facts, dict) and facts.keys() == {"address", "image"} and facts["image"]:
        yield facts
    elif isinstance(facts, dict | list):
        for inner in facts.values() if isinstance(facts, dict) else facts:
            yield from codes_in(inner)


def code_images(facts: Facts) -> dict[str, bytes]:
    """The codes of a page as PNG, by their addresses there, for programs that show no drawings."""
    return {code["image"]: _painted(code["address"]) for code in codes_in(facts)}


def _painted(address: str) -> bytes:
    image = io.BytesIO()
    _code(address).save(image, kind="png", scale=8, border=0)
    return image.getvalue()


def _code(address: str) -> segno.QRCode:
    return segno.make(address, error="m", micro=False)
