"""The way of a citizen through a centre, as the board 服務流程圖 tells it (京什社區建設方案, wall item 3; domain 1.3, 1.4).

Numbers come from the centre's own regimes, so that no two boards of a hall disagree.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from provisioning.specs import ServiceItem
from provisioning.specs.item import CaseType, Route
from townhall.documents.boards import framed
from townhall.documents.clauses import figure
from townhall.documents.commission import Commission
from townhall.documents.errors import Overflow
from townhall.documents.fitting import extent
from townhall.documents.wall_facts import window_list

Facts = dict[str, Any]

# The board of 900 by 600 mm, as in service-flow.html: its heading, and the strip with the windows, four in a row.
_HEADING, _LARGEST = 760.0, 50
_ROW, _CELL, _LETTERS, _MOST_ROWS = 4, 196.0, 12.0, 4


class Told(NamedTuple):
    """A stage of a case: its name, where in the hall, and what happens.

    `figured` says it with a number of a regime, named by its bare keys, in the place of {}; `plain` is for a centre
    that defines none.
    """

    name: str
    plain: str
    figured: str = ""
    regime: str = ""
    parameter: str = ""
    zone: str = ""


ARRIVAL = (
    Told("問清要辦的事", "到諮詢台說明來意，領取要辦事項的辦事指南。", zone="zone-guidance"),
    Told("備齊材料", "照指南備齊材料，填好表格；不會填的，請工作人員幫助。", zone="zone-writing"),
    Told(
        "到窗口提交",
        "到對應的窗口提交，當場核對材料。",
        "到對應的窗口提交，當場核對材料，{}內核對完畢。",
        "one-time-notice",
        "check-minutes",
        "zone-windows",
    ),
)
# 太湖鄉管理辦法 第十三條, the six kinds of cases; 補辦 is a state that ends in one of the others (domain 1.7, 16).
KINDS = (
    Told("即辦件", "程序簡便、材料齊全的，當場辦結；當場辦不完的，當天辦結並電話告知。"),
    Told("承諾件", "需要審核、公示或者現場查看的，發給承諾辦理通知書，寫明辦結日期，憑通知書領取結果。"),
    Told(
        "聯辦件",
        "涉及多個窗口或者部門的，由最先受理的窗口主辦，一次收件，同步轉辦。",
        "涉及{}以上窗口或者部門的，由最先受理的窗口主辦，一次收件，同步轉辦。",
        "time-limit",
        "joint-windows",
    ),
    Told(
        "代辦件",
        "需要報上級辦理的，由項目代辦員登記、報送，全程跟蹤，帶回結果。",
        "需要報上級辦理的，由項目代辦員登記，{}內報送，全程跟蹤，帶回結果。",
        "time-limit",
        "proxy-days",
    ),
)
# A refusal is in writing, the stricter of the source's two rules (domain 1.7, 15).
UNACCEPTED = (
    Told(
        "退回件",
        "按照規定不能辦理的，發給退回件通知書，寫明退回的原因。",
        "按照規定不能辦理的，{}內發給退回件通知書，寫明退回的原因。",
        "one-time-notice",
        "refuse-days",
    ),
    Told("補辦件", "材料不全的，當場書面告知，一次寫清全部要補的材料；補齊後繼續辦理。"),
)
DEPARTURE = (
    Told(
        "領取結果",
        "辦結後通知，到窗口領取或者按約定的方式送達。",
        "辦結後{}內通知，到窗口領取或者按約定的方式送達。",
        "time-limit",
        "notify-days",
        "zone-windows",
    ),
    Told("評價和監督", "自願評價；有意見可以寫意見簿，或者撥打監督投訴電話。"),
)


def service_flow(commission: Commission) -> Facts:
    """The stages of a visit, the kinds of cases that this centre has, and its windows.

    Raises `Overflow` for more windows, or longer names of windows, than the strip holds in letters of 12 mm.
    """
    stages = {
        "arrival": ARRIVAL,
        "accepted": tuple(_present(commission.centre.items)),
        "unaccepted": UNACCEPTED,
        "departure": DEPARTURE,
    }
    told = {name: [_told(commission, stage) for stage in group] for name, group in stages.items()}
    return framed(commission, _HEADING, _LARGEST) | told | _strip(commission)


def _present(items: tuple[ServiceItem, ...]) -> Iterator[Told]:
    """The kinds that items of the centre are of; all, where it has no items yet."""
    kinds = {item.case_type.value for item in items} or {kind.value for kind in CaseType}
    if not items or any(item.route is Route.PROXY for item in items):
        kinds.add("代辦件")
    return (kind for kind in KINDS if kind.name in kinds)


def _told(commission: Commission, stage: Told) -> Facts:
    pen = commission.pen
    number = figure(commission, stage.regime, stage.parameter) if stage.figured else ""
    words = pen.text(stage.figured).format(number) if number else pen.text(stage.plain)
    zones = (zone.name for zone in commission.centre.zones if zone.key.rsplit(":", 1)[-1] == stage.zone)
    return {"name": pen.text(stage.name), "words": words, "place": pen.text(next(zones, ""))}


def _strip(commission: Commission) -> Facts:
    names = window_list(commission)
    rows = -(-len(names) // _ROW)
    if rows > _MOST_ROWS or any(extent(window["name"]) * _LETTERS > _CELL for window in names):
        raise Overflow(2, 1)
    return {"windows": names, "rows": rows}
