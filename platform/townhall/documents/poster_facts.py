"""A regime as a wall board, and as a poster in another size: head, margins and foot follow the width of the sheet.

Letters have a floor by where a sheet is read from, and what does not fit above it is refused: distance is letter
height times 300 (reading distance D = H × 300, domain 2.3, S40). On a wall 8 mm, read from 2.4 m; a sheet narrower
than A2 is read from 1.5 m and may go down to 5 mm.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from provisioning.specs import DocumentType
from townhall.documents.commission import Commission
from townhall.documents.errors import Overflow
from townhall.documents.fitting import LEAST_GAP, body, lines
from townhall.documents.wall_facts import BOARD_STEPS, banner, regime_sheet

Facts = dict[str, Any]

# Of the board of 600 by 900 mm, as in regime-board.css; on another sheet in proportion to its width.
_WIDTH, _MARGIN, _HEAD, _FOOT, _FOOT_LETTER = 600, 50.0, 182.0, 66.0, 9.5
_TITLE, _LEAST_TITLE = 56.0, 30.0


class _Layout(NamedTuple):
    """How a sheet at least so wide is laid out: `frame` is the share of head, margins and foot that it keeps.

    `leading` is the line pitch in ems; widths and letters are millimetres.
    """

    width: int
    frame: float
    leading: float
    steps: Sequence[float]


# A2 is small for letters of 8 mm: the regulations of the pack fit it only with a lower head and closer lines.
_LAYOUTS = (
    _Layout(600, 1.0, 1.75, BOARD_STEPS),
    _Layout(594, 1.0, 1.75, (14, 12, 11, 10, 9, 8)),
    _Layout(420, 0.78, 1.6, (10, 9, 8)),
    _Layout(0, 1.0, 1.75, (7, 6.5, 6, 5.5, 5)),
)


def regime_board(commission: Commission) -> Facts:
    """A regime on one sheet; the size of its letters follows from its length.

    Raises `Overflow` with the reason for one that is too long at the smallest letters, but for a draft.
    """
    facts, sheet = regime_sheet(commission), commission.document
    regime, layout = facts["regime"], next(one for one in _LAYOUTS if sheet.width >= one.width)
    unit = layout.frame * sheet.width / _WIDTH
    width, height = sheet.width - 2 * _MARGIN * unit, sheet.height - (_HEAD + _FOOT) * unit
    texts = _paragraphs(regime)
    regime["body"] = body(texts, width, height, layout.steps, layout.leading)
    regime["heading"] = banner(regime["title"], width, _TITLE * unit, _LEAST_TITLE * unit)
    regime |= {"unit": round(unit, 4), "letter": round(max(_FOOT_LETTER * unit, layout.steps[-1]), 2)}
    if not commission.issue.draft and _height(texts, width, layout) > height:
        raise Overflow(2, 1, _reason(sheet, layout.steps[-1]))
    return facts


def _paragraphs(regime: Facts) -> list[str]:
    articles = (article["number"] + "、" + article["text"] for article in regime["articles"])
    return [regime["purpose"], *articles, *regime["closing"]]


def _height(texts: Sequence[str], width: float, layout: _Layout) -> float:
    """Millimetres that the text takes at least."""
    smallest = layout.steps[-1]
    rows = sum(lines(text, smallest, width, 2) for text in texts)
    return (rows * layout.leading + len(texts) * LEAST_GAP) * smallest


def _reason(sheet: DocumentType, letter: float) -> str:
    return f"字縮到下限{letter:g}毫米，正文仍放不進{sheet.width}×{sheet.height}毫米，請改用較大的尺寸"
