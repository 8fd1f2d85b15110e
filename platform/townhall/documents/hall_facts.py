"""What the hall plan and the fixture list say."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from provisioning.specs import CentreSpec, Fixture, HallObject, WallSlot
from provisioning.specs.centre import ObjectKind, Requirement, Wall, required
from townhall.documents.commission import Commission
from townhall.documents.errors import DocumentError, Overflow
from townhall.documents.fields import Pen
from townhall.documents.fitting import lines
from townhall.documents.furniture import key_symbol
from townhall.documents.plan import Area, Plan, Slot, Thing, fitting, sheet
from townhall.documents.typefaces import families

Facts = dict[str, Any]

_MARGIN = 10  # of the A3 sheet, millimetres
_LEGEND = 66  # width of the column with legend and title block, its gap included
_LEGEND_HEIGHT = 220.0
_DENSE = 20  # more wall places than these are set smaller
_PAPERS = {
    "guide": "辦事指南",
    "guide-brief": "辦事指南（簡版）",
    "card": "便民服務卡",
    "hall-plan": "大廳平面圖",
    "fixture-list": "設施清單",
    "service-flow": "服務流程圖",
    "staff-board": "工作人員公開欄",
    "post-board": "崗位職責",
}


def hall_plan(commission: Commission) -> Facts:
    """The plan as SVG with its legend. Raises `DocumentError` for a hall too large for the sheet at 1:200."""
    pen, centre, page = commission.pen, commission.centre, commission.document
    frame = fitting(plan_of(centre, pen), page.width - 2 * _MARGIN - _LEGEND, page.height - 2 * _MARGIN)
    if frame is None:
        raise DocumentError(f"大廳過大：按 1:200 的比例仍放不進「{page.title}」的紙面")
    title = pen.text(f"{commission.centre_name}{page.title}")
    facts = {
        "svg": sheet(frame, families("Hei", pen.script), title),
        "scale": f"1:{frame.scale}",
        "area": pen.text(f"{_square_metres(centre)}平方米"),
        "height": pen.text(f"{centre.hall.height}毫米"),
        "windows": [{"number": window.number, "name": pen.text(window.name)} for window in _numbered(centre)],
        "kinds": _kinds(centre, pen),
        "slots": _slot_rows(centre, pen),
        "dense": len(centre.slots) > _DENSE,
    }
    if not commission.issue.draft and _legend_height(facts) > _LEGEND_HEIGHT:
        raise Overflow(2, 1)
    return {"title": title, "plan": facts}


def _legend_height(facts: Facts) -> float:
    """Millimetres of the column: three headings, windows, symbols in pairs, wall places."""
    pitch = 3.9 if len(facts["slots"]) > _DENSE else 4.5
    names = sum(lines(window["name"], 3.2, 50) for window in facts["windows"])
    rows = sum(lines(slot["shows"], 3, 24) for slot in facts["slots"])
    return 27 + names * 4.9 + (len(facts["kinds"]) + 1) // 2 * 5.7 + rows * pitch


def plan_of(centre: CentreSpec, pen: Pen) -> Plan:
    """The plain data of the drawing, words in the wanted script; also for the thumbnail of a web page."""
    windows = {window.key: window for window in centre.windows}
    things = tuple(_thing(entry, windows, pen) for entry in centre.objects)
    areas = tuple(Area(pen.text(zone.name), zone.x, zone.y, zone.width, zone.depth) for zone in centre.zones)
    slots = tuple(
        Slot(slot.wall.value, slot.offset, slot.width, pen.text(mark)) for mark, slot in marked(centre.slots)
    )
    return Plan(centre.hall.width, centre.hall.depth, areas, things, slots)


def _thing(entry: HallObject, windows: dict[str, Any], pen: Pen) -> Thing:
    window = windows.get(entry.window or "")
    number, name = (window.number, pen.text(window.name)) if window else (0, "")
    return Thing(
        entry.kind.value, pen.text(entry.name), entry.x, entry.y, entry.width, entry.depth, number, name
    )


def marked(slots: Iterable[WallSlot]) -> list[tuple[str, WallSlot]]:
    """Each wall place with its mark, 北1 or 東3, counted along the wall from the left."""
    placed = sorted(
        slots, key=lambda slot: (list(Wall).index(slot.wall), slot.offset, -slot.bottom, slot.key)
    )
    return [
        (f"{wall.value[0]}{index}", slot)
        for wall, members in groupby(placed, key=lambda slot: slot.wall)
        for index, slot in enumerate(members, 1)
    ]


def _slot_rows(centre: CentreSpec, pen: Pen) -> list[Facts]:
    return [
        {
            "mark": pen.text(mark),
            "shows": pen.text(shown(centre, slot.shows)),
            "size": f"{slot.width}×{slot.height}",
            "bottom": str(slot.bottom),
        }
        for mark, slot in marked(centre.slots)
    ]


def shown(centre: CentreSpec, shows: str | None) -> str:
    """What hangs in a place, in words."""
    kind, _, key = (shows or "").partition(":")
    titles = {
        "regime": {regime.key: regime.title for regime in centre.regimes},
        "fixture": {fixture.key: fixture.name for fixture in centre.fixtures},
        "document": _PAPERS,
    }
    return titles.get(kind, {}).get(key, "公示材料") if shows else "預留"


def _kinds(centre: CentreSpec, pen: Pen) -> list[Facts]:
    present = {entry.kind for entry in centre.objects}
    face = families("Hei", pen.script)
    return [
        {"name": pen.text(kind.value), "svg": pen.text(key_symbol(kind.value, face))}
        for kind in ObjectKind
        if kind in present
    ]


def _numbered(centre: CentreSpec) -> list[Any]:
    return sorted(centre.windows, key=lambda window: window.number)


def _square_metres(centre: CentreSpec) -> str:
    return f"{centre.hall.width * centre.hall.depth / 1_000_000:.1f}".removesuffix(".0")


def fixture_list(commission: Commission) -> Facts:
    """The checklist of fixtures, grouped, with the number of lines of each requirement.

    Also what is accepted by it: hardware 3 to 7 (黔西南州建設方案, domain 1.5) with 有條件的配備 counted apart.
    """
    pen, centre = commission.pen, commission.centre
    order = list(Requirement)
    fixtures = sorted(centre.fixtures, key=lambda fixture: (order.index(fixture.requirement), fixture.key))
    groups = list(dict.fromkeys(fixture.group for fixture in fixtures))
    title = pen.text(f"{commission.centre_name}{commission.document.title}")
    return {
        "title": title,
        "groups": [_group(centre, pen, name, [f for f in fixtures if f.group == name]) for name in groups],
        "totals": [
            {"name": pen.text(need.value), "lines": sum(f.requirement is need for f in fixtures)}
            for need in order
        ],
        "lines": len(fixtures),
    }


def _group(centre: CentreSpec, pen: Pen, name: str, fixtures: list[Fixture]) -> Facts:
    return {"name": pen.text(name), "fixtures": [_fixture(centre, pen, fixture) for fixture in fixtures]}


def _places(centre: CentreSpec, pen: Pen, fixture: Fixture) -> str:
    """The areas of the hall plan in which a fixture stands."""
    zones = {entry.zone for entry in centre.objects if entry.fixture == fixture.key}
    return pen.text("、".join(zone.name for zone in centre.zones if zone.key in zones))


def _fixture(centre: CentreSpec, pen: Pen, fixture: Fixture) -> Facts:
    return {
        "key": fixture.key,
        "places": _places(centre, pen, fixture),
        "name": pen.text(fixture.name),
        "specification": pen.text(fixture.specification),
        "requirement": pen.text(fixture.requirement.value),
        "mandatory": fixture.requirement is Requirement.MANDATORY,
        "quantity": required(fixture.quantity, centre),
        "unit": pen.text(fixture.unit),
        "note": pen.text(fixture.note),
    }
