"""辦事事項流程圖 of one item: what goes in, who does what in which time, what comes out (京什社區建設方案, wall item 4).

Elements as in 《行政許可標準化指引（2016版）》 附錄1 (domain 2.1); letters of 10 mm at least, to be read at 3 m (domain 2.3).
"""

from collections.abc import Sequence
from math import ceil
from typing import Any

from provisioning.specs import ServiceItem
from townhall.documents.boards import laid_out
from townhall.documents.commission import Commission
from townhall.documents.errors import Overflow
from townhall.documents.fitting import extent, heading, lines
from townhall.documents.item_facts import of_item

Facts = dict[str, Any]

# The sheet of 297 by 420 mm, as in item-flow.css, in millimetres: letters; widths of heading and texts; room of a
# sheet, and how much more the first has; what head and facts take of it, the frame of a box, an arrow, and the note
# on a draft.
_SIZES = (14.0, 13.0, 12.0, 11.0, 10.0)
_NAME_WIDTH, _LARGEST, _SMALLEST = 253.0, 18.0, 10.0
_WIDTH, _STEP_WIDTH, _ROOM, _MORE = 261.0, 246.0, 368.0, 16.0
_HEAD, _FACTS, _FRAME, _ARROW = 20.8, 22.0, 4.6, 6.0
_LEADING, _NAME_LEADING, _NOTE = 1.32, 1.4, 13.0
_MOST_SHEETS = 2
_TOP = 9.0  # letters of the name of the centre and of the windows, above the heading
# Ems of 「申請材料」 before the papers, of the mark on those not always needed, and of the space after each.
_LABEL, _SIGN, _SPACE = 5.3, 1.0, 1.0


def item_flow(commission: Commission) -> Facts:
    """The flow on one sheet in letters as large as fit, else on two that hang side by side.

    Raises `Overflow` for a flow that two sheets cannot hold in letters of 10 mm, or a name of more than two lines.
    """
    item = commission.chosen(commission.centre.items)
    facts = of_item(commission, item) | _outcome(commission, item)
    note = _NOTE if commission.issue.draft or commission.issue.demonstration else 0
    head = _head(facts, commission.centre_name) + note
    size, parts = laid_out(lambda size: _heights(facts, size, head), _SIZES, _ROOM, _MOST_SHEETS)
    layout = {"size": size, "sheets": len(parts), "second": parts[1].start - 1 if len(parts) > 1 else 0}
    title = commission.pen.text(f"{item.name}　{commission.document.title}　{commission.centre_name}")
    return {"title": title, "item": facts} | layout


def _outcome(commission: Commission, item: ServiceItem) -> Facts:
    """The heading, what comes out, and within which time by law."""
    pen = commission.pen
    words = pen.text(f"{item.name}流程圖")
    size = heading(words, _NAME_WIDTH, _LARGEST, _SMALLEST)
    if size < _SMALLEST:
        raise Overflow(_MOST_SHEETS + 1, _MOST_SHEETS)
    limit = pen.limit(item.legal_limit, "法定辦結時限")
    return {"heading": words, "heading_size": size, "legal_limit": limit, "result": pen.text(item.result)}


def _head(facts: Facts, centre: str) -> float:
    """Millimetres of head and facts beyond what the first sheet has more than the second."""
    size: float = facts["heading_size"]
    name = lines(facts["heading"], size, _NAME_WIDTH) * size * 1.25
    windows = (lines(f"9號{window['name']}", _TOP, _NAME_WIDTH * 0.34) for window in facts["windows"])
    rows = max(lines(centre, _TOP, _NAME_WIDTH * 0.66), sum(windows))
    return _HEAD + (rows - 1) * _TOP * 1.25 + name + _FACTS - _MORE


def _heights(facts: Facts, size: float, head: float) -> list[float]:
    """Millimetres of the box of papers with the head above it, of each step, and of the result."""
    rows = _paper_rows(facts["materials"], size)
    steps = [_step(step, size) + _FRAME + _ARROW for step in facts["steps"]]
    result = lines(f"辦理結果　{facts['result']}", size, _WIDTH) * size * _LEADING
    return [head + rows * size * _LEADING + _FRAME + _ARROW, *steps, result + _FRAME]


def _paper_rows(papers: Sequence[Facts], size: float) -> int:
    """Rows of the papers, each kept whole where a row holds it, and of the remark on what is marked."""
    room, rows, used = _WIDTH / size, 1, _LABEL
    for paper in papers:
        length = extent(f"9.{paper['name']}") + (_SIGN if not paper["required"] else 0) + _SPACE
        if used + length > room:
            rows, used = rows + ceil(length / room), 0
        used += length
    return rows + int(any(not paper["required"] for paper in papers))


def _step(step: Facts, size: float) -> float:
    """Millimetres of the text of a step: its name, who does it and the time, then what is done."""
    limit = (extent(step["limit"]) + 0.8) * size if step["limit"] else 0
    first = lines(f"{step['name']}　{step['actor']}", size, _STEP_WIDTH - limit)
    return (first * _NAME_LEADING + lines(step["action"], size, _STEP_WIDTH) * _LEADING) * size
