"""What states a centre can be in, what they are called, and in which of them nothing may be changed."""

from enum import StrEnum

from townhall.centres.models import Centre


class Status(StrEnum):
    PREPARING = "preparing"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ARCHIVED = "archived"
    ENDED = "ended"


WORDS = {
    Status.PREPARING: "籌備中",
    Status.ACTIVE: "已啟用",
    Status.SUSPENDED: "已暫停",
    Status.ARCHIVED: "已歸檔",
    Status.ENDED: "已撤併",
}
CLOSED = {Status.SUSPENDED, Status.ARCHIVED, Status.ENDED}


def closed(centre: Centre) -> str | None:
    """Why nothing in a centre may be changed now, in Chinese, or None."""
    status = Status(centre.status)
    return f"本中心{WORDS[status]}，只可查閱，不能修改" if status in CLOSED else None
