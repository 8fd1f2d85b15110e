"""What leads the public from paper to the centre: the map of the way, and the codes of its web pages."""

from typing import Any

import segno

from townhall.documents.commission import Commission

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

    Empty texts without a public address.
    """
    if not commission.issue.public_url:
        return {"address": "", "image": ""}
    address = f"{commission.issue.public_url.rstrip('/')}/g/{commission.unit.code9}/{page}"
    code = segno.make(address, error="m", micro=False)
    return {"address": address, "image": code.svg_data_uri(border=0, dark="#000")}
