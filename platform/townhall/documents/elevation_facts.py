"""What the elevations of the walls say: each place with its size and its height above the floor (domain 1.4)."""

from collections.abc import Iterator
from typing import Any

from provisioning.specs import CentreSpec, HallObject, WallSlot, Zone
from provisioning.specs.centre import SignKind, Wall
from townhall.documents.commission import Commission
from townhall.documents.elevation import Elevation, Panel, Span, common_scale, drawn, extent
from townhall.documents.errors import DocumentError, Overflow
from townhall.documents.fields import Pen
from townhall.documents.hall_facts import marked, shown
from townhall.documents.typefaces import families

Facts = dict[str, Any]

# As in wall-elevation.css, in millimetres: the room of a drawing, and of the table below it with the pitch of a row.
_WIDTH, _HEIGHT, _FRAME, _ROW, _TABLE_HEAD = 396.0, 160.0, 276.0, 6.6, 16.0
_AT_THE_WALL = 100  # hall millimetres; what is nearer stands at it


def wall_elevation(commission: Commission) -> Facts:
    """The four walls at one scale, a page each.

    Raises `DocumentError` for a hall too large for the sheet at 1:200, `Overflow` for more places than a page lists.
    """
    pen, centre, page = commission.pen, commission.centre, commission.document
    walls = {wall: elevation_of(centre, wall, pen) for wall in Wall}
    scale = common_scale(list(walls.values()), _WIDTH, _HEIGHT)
    if scale is None:
        raise DocumentError(f"大廳過大：按 1:200 的比例仍放不進「{page.title}」的紙面")
    pages = [_page(commission, wall, elevation, scale) for wall, elevation in walls.items()]
    title = pen.text(f"{page.title}　{commission.centre_name}")
    return {"title": title, "walls": pages, "scale": f"1:{scale}", "signs": _signs(commission)}


def _page(commission: Commission, wall: Wall, elevation: Elevation, scale: int) -> Facts:
    pen = commission.pen
    title = pen.text(f"{wall.value}立面圖")
    rows = [
        _row(commission, mark, slot) for mark, slot in marked(commission.centre.slots) if slot.wall is wall
    ]
    drawing = drawn(elevation, scale, families("Hei", pen.script), title)
    if _FRAME - extent(elevation, scale)[1] - _TABLE_HEAD < len(rows) * _ROW:
        raise Overflow(len(Wall) + 1, len(Wall))
    size = pen.text(f"寬{elevation.width}毫米，淨高{elevation.height}毫米")
    return {"title": title, "svg": drawing, "rows": rows, "size": size}


def _row(commission: Commission, mark: str, slot: WallSlot) -> Facts:
    pen = commission.pen
    return {
        "mark": pen.text(mark),
        "shows": pen.text(shown(commission.centre, slot.shows)),
        "size": f"{slot.width}×{slot.height}",
        "left": slot.offset,
        "bottom": slot.bottom,
        "top": slot.bottom + slot.height,
    }


def elevation_of(centre: CentreSpec, wall: Wall, pen: Pen) -> Elevation:
    """The plain data of one wall, words in the wanted script."""
    along = centre.hall.width if wall in {Wall.NORTH, Wall.SOUTH} else centre.hall.depth
    panels = tuple(
        Panel(
            pen.text(mark),
            pen.text(shown(centre, slot.shows)),
            slot.offset,
            slot.bottom,
            slot.width,
            slot.height,
        )
        for mark, slot in marked(centre.slots)
        if slot.wall is wall
    )
    areas, things = (tuple(_spans(centre, wall, some, pen)) for some in (centre.zones, centre.objects))
    return Elevation(along, centre.hall.height, panels, areas, things)


def _spans(
    centre: CentreSpec, wall: Wall, some: tuple[Zone, ...] | tuple[HallObject, ...], pen: Pen
) -> Iterator[Span]:
    """What touches the wall, measured from its left end as seen from inside."""
    for one in some:
        away, start, length = _seen(centre, wall, one)
        if away <= _AT_THE_WALL:
            yield Span(pen.text(one.name), start, length)


def _seen(centre: CentreSpec, wall: Wall, one: Zone | HallObject) -> tuple[int, int, int]:
    """How far from the wall a rectangle is, where it starts along the wall, and how long it is there."""
    right, below = centre.hall.width - one.x - one.width, centre.hall.depth - one.y - one.depth
    return {
        Wall.NORTH: (one.y, one.x, one.width),
        Wall.EAST: (right, one.y, one.depth),
        Wall.SOUTH: (below, right, one.width),
        Wall.WEST: (one.x, below, one.depth),
    }[wall]


def _signs(commission: Commission) -> list[Facts]:
    """The signs inside the hall that hang on no place of a wall, and where the standard wants them."""
    pen = commission.pen
    return [
        {"name": pen.text(sign.name), "size": f"{sign.width}×{sign.height}", "place": pen.text(sign.place)}
        for sign in commission.centre.signs
        if sign.kind in {SignKind.WINDOW, SignKind.ZONE}
    ]
