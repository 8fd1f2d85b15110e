"""Why a value is what it is: a page, and the same as a panel beside the field that it is about."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from provisioning.places import PlaceUnknown
from townhall.accounts.rights import Right
from townhall.centres.explaining import Answer, NoCentreThen, end_of, why
from townhall.web.desk import Desk
from townhall.web.guards import township
from townhall.web.language import msgid

pages = Blueprint("why", __name__, url_prefix="/t/<code9:code>/why")

LONGEST = 200  # characters of a place
NO_DAY = msgid("日期應寫成 2026-03-02 這樣")
# What became of a contribution, for the sign beside it.
LOOKS = {"won": "complete", "conflict-pending": "open", "suspended": "open", "locked": "plain"}
TELLING = {
    "採用": msgid("採用"),
    "被下級改動": msgid("被下級改動"),
    "停用並保存": msgid("停用並保存"),
    "指定保持": msgid("指定保持"),
    "鎖定": msgid("鎖定"),
    "不適用於本單位": msgid("不適用於本單位"),
    "待本地決定": msgid("待本地決定"),
}
NOTHING = {"answer": None, "rows": (), "near": (), "unknown": False, "unopened": False, "fault": None}
LAYERS = {"州": msgid("州"), "縣": msgid("縣"), "鄉": msgid("鄉")}


@pages.get("")
@township(Right.READ)
def show(desk: Desk) -> ResponseReturnValue:
    """A place of the centre, `path`, now or at the end of a day, `at`; without a place, where to look for one."""
    place, at = request.args.get("path", "").strip()[:LONGEST], request.args.get("at", "").strip()[:10]
    found, status = _answered(desk, place, at)
    asked = {"place": place, "at": at, "panel": "HX-Request" in request.headers}
    page = "why_panel.html" if asked["panel"] else "why.html"
    return render_template(page, desk=desk, **asked, **NOTHING | found), status


def _answered(desk: Desk, place: str, at: str) -> tuple[dict[str, Any], int]:
    """What the page shows besides what was asked, and its status."""
    if not place:
        return {}, 200
    try:
        answer = why(desk.session, desk.unit, place, _moment(at))
    except PlaceUnknown as unknown:
        return {"unknown": True, "near": unknown.near}, 404
    except NoCentreThen:
        return {"unopened": True}, 404
    except ValueError:
        return {"fault": NO_DAY}, 400
    return {"answer": answer, "rows": list(_rows(answer))}, 200


def _moment(at: str) -> dt.datetime | None:
    return end_of(dt.date.fromisoformat(at)) if at else None


def _rows(answer: Answer) -> Iterator[tuple[str, str, str, str]]:
    """Each contribution: its layer, what became of it, how that looks, and its words."""
    for one, status, words in answer.rows:
        yield LAYERS[one.layer.value], TELLING[status], LOOKS.get(one.status.value, "closed"), words
