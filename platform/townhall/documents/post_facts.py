"""What 崗位職責 says, on the wall and in the file (黔西南州建設方案, software 4; domain 1.5)."""

from collections.abc import Sequence
from typing import Any

from provisioning.specs import Post
from townhall.documents.boards import framed, laid_out
from townhall.documents.commission import Commission
from townhall.documents.errors import DocumentError
from townhall.documents.fitting import lines
from townhall.documents.wall_facts import BOARD_STEPS

Facts = dict[str, Any]

# The board of 600 by 900 mm, as in post-board.css: width of the text, room between head and foot, and what the note
# on a draft takes of it, in millimetres; line pitch, the heading of a post and the gap before it, in ems.
_WIDTH, _ROOM, _DRAFT_NOTE = 500.0, 664.0, 34.0
_LEADING, _HEADING, _GAP, _MOST_GAP = 1.6, 2.5, 0.9, 2.4


def post_board(commission: Commission) -> Facts:
    """All posts on as few boards as letters of 9 mm allow, and then in the largest letters that these boards hold.

    Raises `Overflow` for a post that one board cannot hold, and `DocumentError` for a centre without posts.
    """
    posts = _posts(commission)
    room = _ROOM - (_DRAFT_NOTE if commission.issue.draft else 0)
    size, parts = laid_out(
        lambda size: [_height(post, size) for post in posts], BOARD_STEPS, room, len(posts)
    )
    boards = [_board([posts[index] for index in part], size, room) for part in parts]
    facts = {"size": size, "leading": _LEADING, "boards": boards, "sheets": len(boards)}
    return framed(commission, _WIDTH) | facts


def post_sheet(commission: Commission) -> Facts:
    """The same as a paper for the file, each post with what its window is there for.

    Raises `DocumentError` for a centre without posts.
    """
    pen, centre = commission.pen, commission.centre
    purposes = {window.key: pen.lines(window.duties) for window in centre.windows}
    pairs = zip(_posts(commission), centre.posts, strict=True)
    posts = [facts | {"purposes": purposes.get(post.window or "", [])} for facts, post in pairs]
    return {"title": pen.text(f"{commission.document.title}　{commission.centre_name}"), "posts": posts}


def _posts(commission: Commission) -> list[Facts]:
    if not commission.centre.posts:
        raise DocumentError(f"中心還沒有設崗位，「{commission.document.title}」沒有內容可印")
    return [_post(commission, post) for post in commission.centre.posts]


def _post(commission: Commission, post: Post) -> Facts:
    pen, windows = commission.pen, commission.centre.windows
    window = next((f"{one.number}號{one.name}" for one in windows if one.key == post.window), "")
    return {"name": pen.text(post.title), "window": pen.text(window), "duties": pen.lines(post.duties)}


def _height(post: Facts, size: float) -> float:
    """Millimetres of a post with the least gap before it."""
    rows = sum(lines(duty, size, _WIDTH, 2) for duty in post["duties"])
    return (_GAP + _HEADING + rows * _LEADING) * size


def _board(posts: Sequence[Facts], size: float, room: float) -> Facts:
    """Posts with the gap, in ems, that spreads them over their board."""
    left = room - sum(_height(post, size) for post in posts)
    return {"posts": list(posts), "gap": round(min(_GAP + left / size / len(posts), _MOST_GAP), 2)}
