"""What every template may use, and the pages for when something is wrong."""

import datetime as dt
import hashlib
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped]
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from provisioning.labels import FIELD, SECTION
from provisioning.money import yuan
from provisioning.specs import Regime, is_blank
from provisioning.specs.centre import required
from provisioning.specs.values import DayUnit, Duration
from townhall.accounts.models import Membership, Role
from townhall.accounts.rights import Right
from townhall.centres.readiness import Stage, State
from townhall.documents.fields import parameters, substitute
from townhall.documents.production import CHINA
from townhall.script import HANS
from townhall.units.models import Level, Unit
from townhall.web import api
from townhall.web.addresses import slug
from townhall.web.edge import database, settings
from townhall.web.guards import allowed, current_user, held_unit, holding
from townhall.web.items import days_of
from townhall.web.language import LANGUAGES, current, data, msgid, translate

STATIC = Path(__file__).parent / "static"
ROLES = {
    Role.PREFECTURE_ADMIN: msgid("州平台管理員"),
    Role.COUNTY_OFFICER: msgid("縣級工作人員"),
    Role.TOWNSHIP_DIRECTOR: msgid("鄉鎮中心主任"),
    Role.WINDOW_CLERK: msgid("窗口人員"),
    Role.BUDGET_PREPARER: msgid("預算經辦"),
    Role.BUDGET_APPROVER: msgid("預算審批"),
    Role.PAYER: msgid("支付人員"),
    Role.PRINT_OPERATOR: msgid("印製人員"),
    Role.AUDITOR: msgid("審計人員"),
}
LEVELS = {
    Level.PREFECTURE: msgid("州"),
    Level.COUNTY: msgid("縣市"),
    Level.TOWNSHIP: msgid("鄉鎮"),
    Level.VILLAGE: msgid("村、社區"),
}
FAULTS = {
    400: (msgid("請求不完整"), msgid("頁面可能已過期。請返回上一頁，刷新後再試一次。")),
    403: (msgid("沒有權限"), msgid("您的角色不能做這件事。如有需要，請聯繫上級平台管理員。")),
    404: (msgid("找不到這一頁"), msgid("地址可能有誤，或者這不是您轄區內的內容。")),
    413: (msgid("檔案過大"), msgid("圖片不得超過 8 MB。請縮小後再上傳，沒有保存任何內容。")),
    429: (msgid("操作過於頻繁"), msgid("請稍候幾分鐘再試。")),
    500: (msgid("系統出錯"), msgid("錯誤已記錄，沒有保存任何內容。請稍後再試。")),
}
LIMITS = {DayUnit.WORKING: msgid("{days} 個工作日"), DayUnit.CALENDAR: msgid("{days} 個自然日")}
STALE = msgid("頁面已過期，請再操作一次。")


def furnish(app: Flask) -> None:
    """Filters, functions and error pages."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(script=data, yuan=yuan, slug=slug, place=place, short=short, level=level)
    app.jinja_env.filters.update(day=day, moment=moment, limit=limit, days=days_of, dial=dial)
    app.jinja_env.tests["blank"] = is_blank
    app.jinja_env.globals.update(
        _=translate, FIELD=FIELD, SECTION=SECTION, ROLES=ROLES, LEVELS=LEVELS, Right=Right, required=required
    )
    app.jinja_env.globals.update(
        Stage=Stage, State=State, Level=Level, Role=Role, LANGUAGES=LANGUAGES, asset=asset
    )
    app.jinja_env.globals.update(article_text=article_text, unit_of=unit_of)
    app.context_processor(_surroundings)
    for code in FAULTS:
        app.register_error_handler(code, _page(code))
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _other)


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file; it changes with the content, so that no browser keeps an old one."""
    return url_for("static", filename=name, v=_digest(STATIC / name))


def place(unit: Unit) -> str:
    """The name of a unit in its stored form for the reader's script."""
    return unit.name_hans if current().script == HANS else unit.name


def unit_of(held: Membership) -> Unit:
    """The unit in which a role is held."""
    return database().get_one(Unit, held.unit_id)


def short(unit: Unit) -> str:
    """The name as it fits a tile: without its kind, three characters at most."""
    name = place(unit)
    for kind in ("街道", "镇", "鎮", "乡", "鄉"):
        name = name.removesuffix(kind)
    return name[:3]


def level(percent: int) -> int:
    """The shade of a tile: 0 to 4, the last only for 100."""
    return percent // 25


def day(moment: dt.datetime) -> str:
    """The date in China."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d")


def moment(moment: dt.datetime) -> str:
    """Date and time in China."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def limit(value: Duration) -> str:
    """A time limit in the words of the interface."""
    if value.immediate:
        return translate("當場辦結")
    return translate(LIMITS[value.unit], days=value.days)


def dial(text: str) -> str:
    """The digits of a phone number as a link dials them."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text) if sign.isdecimal())


def article_text(text: str, regime: Regime) -> str:
    """An article with its numbers in place."""
    return substitute(text, parameters(regime))


def _surroundings() -> dict[str, Any]:
    """`user` is None on pages for anybody, `role` also for somebody without any."""
    user, role = current_user(), holding()
    surroundings = {
        "user": user,
        "role": role,
        "held_unit": held_unit if role else None,
        "language": current(),
    }
    return surroundings | {"settings": settings(), "allowed": allowed, "here": _here()}


def _here() -> str:
    """Where a change of language returns to: this page, also after a form on it was refused."""
    return request.full_path.rstrip("?")


def _page(code: int) -> Callable[[Exception], ResponseReturnValue]:
    def show(fault: Exception) -> ResponseReturnValue:
        if (told := api.fault(fault)) is not None:
            return told
        heading, words = FAULTS[code]
        answer = render_template("error.html", code=code, heading=heading, words=words)
        return answer, code

    return show


def _other(fault: HTTPException) -> ResponseReturnValue:
    """Faults without a page of their own: JSON for programs, the plain answer for everybody else."""
    told = api.fault(fault)
    return told if told is not None else fault.get_response()


def _forged(fault: CSRFError) -> ResponseReturnValue:
    """A token that has expired at the sign-in page is no attack: show the page again."""
    if request.endpoint == "signin.enter_password":
        flash(STALE)
        return redirect(url_for("signin.form"), 303)
    return _page(400)(fault)
