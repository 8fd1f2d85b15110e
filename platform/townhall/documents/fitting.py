"""How large letters may be: sizes from the length of a text and the room it has, in millimetres.

Nothing is shrunk below its smallest size: then `Overflow` is raised, or the text is left to run onto a second page
where the renderer finds it.
"""

from collections.abc import Sequence
from math import ceil, floor

from townhall.documents.errors import Overflow

LEAST_GAP = 0.45  # ems between paragraphs on a wall


def extent(words: str) -> float:
    """The length of a line in ems: one for a Han character, a little over half for a Latin one."""
    return sum(1.0 if ord(character) >= 0x2E80 else 0.58 for character in words)


def one_line(words: str, width: float, largest: float, smallest: float) -> float:
    """The size at which the words fill `width`, at most `largest`. Raises `Overflow` below `smallest`."""
    size = min(largest, width / max(extent(words), 1))
    if size < smallest:
        raise Overflow(2, 1)
    return floor(size * 100) / 100


def heading(words: str, width: float, largest: float, smallest: float) -> float:
    """The size of a heading: one line while its letters stay above `smallest`, else two lines of a middling size."""
    size = min(largest, width / max(extent(words), 1))
    if size < smallest:
        size = min((largest + smallest) / 2, width / (extent(words) / 2 + 1))
    return floor(size * 100) / 100


def spread(words: str, width: float, size: float, widest: float) -> float:
    """The space between letters that spreads them over `width`, at most `widest` ems of it."""
    gaps = max(len(words) - 1, 1)
    return floor(min((width - extent(words) * size) / gaps, widest * size) * 100) / 100


def halves(words: str) -> list[str]:
    """Two lines of nearly even length, parted after 和 or 、 where one is near; the word 窗口 is never torn."""
    middle = ceil(len(words) / 2)
    near = [middle, middle - 1, middle + 1]
    cut = next((at for at in near if words[at - 1 : at] in {"和", "及", "與", "与", "、"}), middle)
    if words.endswith("窗口") and cut == len(words) - 1:
        cut -= 1
    return [words[:cut], words[cut:]]


def lines(words: str, size: float, width: float, indent: float = 0) -> int:
    """How many lines a paragraph takes; `indent` ems are lost at every line's start."""
    room = floor(width / size - indent)
    return max(1, ceil(extent(words) * 1.03 / room))


def body(
    paragraphs: Sequence[str], width: float, height: float, steps: Sequence[float], leading: float
) -> dict[str, float]:
    """The largest step at which the paragraphs fit, and the gap that spreads them over the room left.

    `leading` is the line pitch in ems. At the smallest step nothing is promised: a text
    that still does not fit runs over and is refused by the renderer.
    """
    for size in steps:
        rows = sum(lines(paragraph, size, width, 2) for paragraph in paragraphs)
        left = height - rows * size * leading
        gap = left / max(len(paragraphs), 1) / size
        if gap >= LEAST_GAP:
            break
    return {"size": size, "gap": round(min(max(gap, LEAST_GAP), 1.5), 2), "leading": leading}
