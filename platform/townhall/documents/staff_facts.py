"""What the board with the people of a centre shows (京什社區建設方案, wall item 2 「工作人員形象公開欄」; domain 1.4, 2.3)."""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Any

from provisioning.specs import Post
from townhall.documents.boards import framed, parted
from townhall.documents.commission import Commission
from townhall.documents.errors import Overflow
from townhall.documents.fitting import lines

Facts = dict[str, Any]

_HEADING = 900.0  # millimetres for the heading of the board of 1200 by 800 mm
# As in staff-board.css: the room for the places, the air around each, and what a place takes below its frame, in ems.
_WIDTH, _HEIGHT, _AIR = 856.0, 578.0, 26.0
_LINE, _RULED = 1.35, 4.4
_FEWEST, _MOST, _ROWS = 4, 6, 2  # places in a row, rows of a board
_LARGEST, _SMALLEST = 16.0, 12.0  # letters of a caption
_PORTRAIT = 5 / 7  # width to height of the frame for a photograph, as on papers of identity
_LEAST_FRAME = 90.0  # its height; smaller, a face is not known again from two metres
DIRECTOR = "中心主任"  # where a centre has no post without a window


def staff_board(commission: Commission) -> Facts:
    """A place for everybody who serves, with an empty frame and ruled lines for what the centre has not said.

    A centre's values name nobody but the director, and no name is made up. Twelve places a board, more go on
    another. Raises `Overflow` for names of windows and posts that leave too little of a frame.
    """
    leader, places = _leader(commission), list(_places(commission))
    parts = parted([1.0] * len(places), _MOST * _ROWS) or [range(0)]
    columns = max(_FEWEST, *(ceil(len(part) / _ROWS) for part in parts))
    boards = [[places[index] for index in part] for part in parts]
    facts = {"leader": leader, "boards": boards, "sheets": len(boards)}
    return framed(commission, _HEADING) | facts | _grid(columns, places)


def _leader(commission: Commission) -> Facts:
    """The first post without a window, and the director's name where the centre has given one."""
    titles = [post.title for post in commission.centre.posts if not post.window]
    director = commission.centre.profile.director
    name = commission.pen.text(director) if isinstance(director, str) else ""
    return {"window": "", "post": commission.pen.text((titles or [DIRECTOR])[0]), "name": name}


def _places(commission: Commission) -> Iterator[Facts]:
    """Window by window, also one without a post; then the posts without a window but the leader's."""
    pen, centre = commission.pen, commission.centre
    for window in sorted(centre.windows, key=lambda window: window.number):
        words = pen.text(f"{window.number}號{window.name}")
        titles = _titles(post for post in centre.posts if post.window == window.key) or [""]
        yield from ({"window": words, "post": pen.text(title), "name": ""} for title in titles)
    others = _titles(post for post in centre.posts if not post.window)[1:]
    yield from ({"window": "", "post": pen.text(title), "name": ""} for title in others)


def _titles(posts: Iterable[Post]) -> list[str]:
    return [post.title for post in posts]


def _grid(columns: int, places: Sequence[Facts]) -> Facts:
    """Sizes in millimetres: of a place, of its letters and of its frame."""
    width, height = _WIDTH / columns, _HEIGHT / _ROWS
    size = max(_SMALLEST, min(_LARGEST, (width - _AIR) / 11))
    frame = _frame(places, size, width - _AIR, height - _AIR)
    portrait = {"width": frame * _PORTRAIT, "height": frame}
    return {"place": {"width": width, "height": height}, "size": size, "frame": portrait}


def _frame(places: Sequence[Facts], size: float, width: float, height: float) -> float:
    """The height that the longest caption leaves for a frame. Raises `Overflow` for too little of it."""
    captions = ([place[name] for place in places] for name in ("window", "post"))
    rows = sum(max((lines(words, size, width) for words in texts), default=1) for texts in captions)
    left = height - (rows * _LINE + _RULED) * size
    if left < _LEAST_FRAME:
        raise Overflow(2, 1)
    return min(left, width / _PORTRAIT)
