"""The 便民服務卡 as a sheet of 210 by 148 mm folded once to A6 (ISO 216): room for every window and for the way."""

from typing import Any

from provisioning.naming import bare
from provisioning.specs import CentreSpec
from provisioning.specs.item import Category
from townhall.documents.commission import Commission
from townhall.documents.errors import Overflow
from townhall.documents.fields import Pen
from townhall.documents.fitting import extent, halves, lines, one_line
from townhall.documents.item_facts import place
from townhall.documents.part_facts import told
from townhall.documents.public_facts import page_code, way_map
from townhall.documents.wall_facts import window_list

Facts = dict[str, Any]

# Of one of the four panels, in millimetres, as in card-folded.css: its width, the letters on it and their line pitch.
_WIDTH, _LETTER, _PITCH = 87.0, 3.8, 5.5
_LIST_ROOM, _LIST_WIDTH, _LEAST_ROW, _MOST_ROW = 112.0, 64.0, 6.8, 13.0
_BACK_ROOM, _MAP_HEIGHT, _RECORD = 108.0, 62.0, 74.0


def card_folded(commission: Commission) -> Facts:
    """Cover, windows, what there is to be done, and the way; no names and no private numbers of staff (domain 2.3).

    Raises `Overflow` when the texts do not fit their panels at 3.8 mm letters; nothing is set smaller for them.
    """
    name = commission.pen.text(commission.centre_name)
    facts = place(commission) | _cover(commission) | _windows(commission)
    facts |= {
        "name": name,
        "categories": _categories(commission.centre, commission.pen),
        "notice": told(commission, "card_notice"),
        "way": way_map(commission, _WIDTH, _MAP_HEIGHT),
    }
    if not commission.issue.draft and (_list_height(facts) > _LIST_ROOM or _back_height(facts) > _BACK_ROOM):
        raise Overflow(3, 2)
    facts["phone_size"] = _phone_size(facts["hotline"], draft=commission.issue.draft)
    title = f"{commission.pen.text(commission.document.title)}　{name}"
    return {"title": title, "card": facts, "qr": page_code(commission)}


def _cover(commission: Commission) -> Facts:
    """The name of the centre in two lines, parted behind the name of the place."""
    pen, name, unit = commission.pen, commission.centre_name, bare(commission.unit.name)
    both = [unit, name.removeprefix(unit)] if name.startswith(unit) and name != unit else halves(name)
    both = pen.lines(both)
    return {
        "lines": both,
        "line_size": one_line(max(both, key=extent), _WIDTH, 13.0, 5.0),
        "slogan": pen.text(commission.centre.profile.slogan),
    }


def _phone_size(phone: str, *, draft: bool) -> float:
    return _LETTER if draft and extent(phone) > 20 else one_line(phone, _WIDTH, 9.0, 4.4)


def _windows(commission: Commission) -> Facts:
    """The windows with how many items each has, and the height of a row that spreads them over the panel."""
    centre = commission.centre
    counts = {w.number: sum(w.key in item.windows for item in centre.items) for w in centre.windows}
    windows = [window | {"count": counts[window["number"]]} for window in window_list(commission)]
    row = min(_MOST_ROW, _LIST_ROOM / max(len(windows), 1))
    return {"windows": windows, "row": round(max(row, _LEAST_ROW), 2)}


def _categories(centre: CentreSpec, pen: Pen) -> list[Facts]:
    """What there is to be done, by kind, with the number of items; a kind without any is left out."""
    counts = {kind: sum(item.category is kind for item in centre.items) for kind in Category}
    return [{"name": pen.text(kind.value), "count": count} for kind, count in counts.items() if count]


def _list_height(facts: Facts) -> float:
    """Millimetres of the panel of windows, its notice included."""
    more = sum(lines(window["name"], _LETTER, _LIST_WIDTH) - 1 for window in facts["windows"])
    told_lines = sum(lines(text, _LETTER, _WIDTH) for text in facts["notice"])
    return len(facts["windows"]) * _LEAST_ROW + (more + told_lines) * _PITCH


def _back_height(facts: Facts) -> float:
    """Millimetres of the panel of the way: the map, or the lines to write on, address and hours."""
    texts = sum(lines(facts[name], _LETTER, _WIDTH, 4) for name in ("address", "opening_hours"))
    return (facts["way"]["height"] or _RECORD) + texts * _PITCH
