"""What an 辦事指南彙編 says: the full guides of a window or of the centre, by kind, as the single guides say them.

The tabs at the edge stand at one height for a kind in every booklet, so that booklets side by side are found by them.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from provisioning.specs import Blank, ServiceItem, Window
from provisioning.specs.item import Category
from townhall.documents.commission import Commission
from townhall.documents.fields import Pen
from townhall.documents.fitting import heading
from townhall.documents.item_facts import guide, place
from townhall.documents.public_facts import page_code, way_map

Facts = dict[str, Any]

# Millimetres, as in booklet.css: the height between the margins that the tabs share, the cover and the map.
_TABS, _COVER, _MAP_WIDTH, _MAP_HEIGHT = 252.0, 150.0, 130.0, 90.0


def booklet(commission: Commission) -> Facts:
    """The guides of the items of one window where the document is made per window, else of all items.

    Whatever is blank in a guide is blank here too, under the name of its item.
    """
    pen, centre = commission.pen, commission.centre
    window = commission.chosen(centre.windows) if commission.document.per == "window" else None
    items = [item for item in centre.items if window is None or window.key in item.windows]
    name = pen.text(window.name if window else commission.centre_name)
    facts = {
        "title": f"{name}　{pen.text(commission.document.title)}",
        "name": name,
        "name_size": heading(name, _COVER, 17.0, 9.0),
        "window": window.number if window else 0,
        "place": place(commission) | {"way": way_map(commission, _MAP_WIDTH, _MAP_HEIGHT)},
        "qr": page_code(commission),
        "empty": "" if items else _empty(pen, window),
    }
    return facts | {"sections": _sections(commission, items), "count": len(items)}


def _empty(pen: Pen, window: Window | None) -> str:
    whose = f"{window.number}號窗口" if window else "本中心"
    return pen.gap(Blank(blank=f"{whose}尚未設置服務事項"), f"{whose}的服務事項")


def _sections(commission: Commission, items: Sequence[ServiceItem]) -> list[Facts]:
    """The kinds of items that there are, each with its tab and its guides, numbered through the booklet."""
    kinds = [
        (place, kind) for place, kind in enumerate(Category) if any(item.category is kind for item in items)
    ]
    sections: list[Facts] = []
    for index, kind in kinds:
        guides = [_guide(commission, item) for item in items if item.category is kind]
        sections.append(_tab(commission.pen.text(kind.value), index) | {"guides": guides})
    for number, one in enumerate((one for section in sections for one in section["guides"]), 1):
        one["number"] = number
    return sections


def _tab(name: str, index: int) -> Facts:
    """A kind with its place among the tabs of all kinds, in millimetres below the upper margin."""
    height = _TABS / len(Category)
    return {"name": name, "top": round(index * height, 2), "height": round(height - 1, 2)}


def _guide(commission: Commission, item: ServiceItem) -> Facts:
    """A guide as it is printed by itself, but for the map, which a booklet bears once."""
    pen = commission.pen
    own = Pen(pen.script, pen.names)
    facts = guide(replace(commission, subject=item.key, pen=own))
    facts["item"]["place"]["way"]["image"] = ""
    pen.missing += [f"{item.name}：{label}" for label in own.missing if label not in pen.missing]
    return facts
