"""What the boards on the walls of one hall have in common: their head and foot, and how much goes on each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from math import ceil
from typing import Any

from townhall.documents.commission import Commission
from townhall.documents.errors import Overflow
from townhall.documents.wall_facts import banner

Facts = dict[str, Any]


def framed(commission: Commission, width: float, largest: float = 56) -> Facts:
    """Head and foot of a board: title of the file, heading in `width` millimetres, and whom to complain to."""
    pen, words = commission.pen, commission.document.title
    return {
        "title": pen.text(f"{words}　{commission.centre_name}"),
        "heading": banner(pen.text(words), width, largest),
        "complaint_phone": pen.fill(commission.centre.profile.complaint_phone, "監督投訴電話"),
    }


def laid_out(
    heights: Callable[[float], Sequence[float]], sizes: Sequence[float], room: float, most: int
) -> tuple[float, list[range]]:
    """The size of the letters, and which members stand on which sheet: as few sheets as the smallest size allows.

    `heights` gives the height of each member at a size; sizes fall. Raises `Overflow` for more than `most` sheets,
    or for a member that no sheet holds.
    """
    fewest = len(parted(heights(sizes[-1]), room))
    if fewest > most:
        raise Overflow(fewest, most)
    for size in sizes:
        members = heights(size)
        parts = parted(members, room)
        if len(parts) <= fewest and max(members) <= room:
            return size, parts
    raise Overflow(fewest + 1, fewest)


def parted(heights: Sequence[float], room: float) -> list[range]:
    """The members in their order on as few sheets as `room` allows, no sheet much fuller than another.

    Heights and room are in one unit. A member that is higher than the room stands on a sheet of its own.
    """
    full = _filled(heights, room)
    evenly = range(ceil(sum(heights) / max(len(full), 1)), ceil(room))
    return next(_fitting(heights, evenly, len(full)), full)


def _fitting(heights: Sequence[float], rooms: Iterable[float], count: int) -> Iterator[list[range]]:
    return (parts for room in rooms if len(parts := _filled(heights, room)) <= count)


def _filled(heights: Sequence[float], room: float) -> list[range]:
    """Sheet after sheet filled as far as it goes."""
    starts, used = [], room
    for index, height in enumerate(heights):
        used += height
        if used > room:
            starts.append(index)
            used = height
    return [range(start, stop) for start, stop in pairwise([*starts, len(heights)])]
