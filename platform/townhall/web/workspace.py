"""One township: its page with the list of what is left, and what its centre consists of, to read."""

from typing import Any

from flask import Blueprint, Response, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from provisioning.specs import Fixture
from provisioning.specs.centre import Requirement, required
from townhall.accounts.rights import Right
from townhall.budget.amounts import allotted
from townhall.centres.models import Revision
from townhall.centres.readiness import Missing
from townhall.centres.status import Status
from townhall.documents.fields import Pen
from townhall.documents.hall_facts import plan_of
from townhall.documents.plan import thumbnail
from townhall.tenancy import scope_of
from townhall.units.models import Unit
from townhall.units.succession import ended
from townhall.web.addresses import slug
from townhall.web.desk import Desk
from townhall.web.guards import allowed, held_unit, township
from townhall.web.language import current

pages = Blueprint("workspace", __name__, url_prefix="/t/<code9:code>")

RECENT = 6
# A picture that is opened by itself may not do anything either, but its own fonts are attributes.
FACE = "Noto Sans CJK TC, PingFang TC, Microsoft JhengHei, Microsoft YaHei, sans-serif"


@pages.get("/")
@township(Right.READ, opened=False)
def show(desk: Desk) -> ResponseReturnValue:
    if desk.row is None:
        return render_template("unopened.html", desk=desk)
    if desk.row.status == Status.ENDED and (gone := ended(desk.session, desk.unit.code)) is not None:
        return render_template("ended.html", desk=desk, ended=gone, scope=scope_of(held_unit().code))
    return render_template(
        "workspace.html",
        desk=desk,
        ready=desk.readiness,
        where=_addresses(desk),
        counts=fixture_counts(desk),
        lines=budget_lines(desk),
        revisions=_revisions(desk),
    )


@pages.get("/windows")
@township(Right.READ)
def windows(desk: Desk) -> ResponseReturnValue:
    """Windows in counter order with their items and posts."""
    items = {
        window.key: [item for item in desk.spec.items if window.key in item.windows]
        for window in desk.spec.windows
    }
    posts = {post.window: post for post in desk.spec.posts}
    return render_template("windows.html", desk=desk, items=items, posts=posts)


@pages.get("/regimes")
@township(Right.READ)
def regimes(desk: Desk) -> ResponseReturnValue:
    return render_template("regimes.html", desk=desk)


@pages.get("/budget")
@township(Right.BUDGET)
def budget(desk: Desk) -> ResponseReturnValue:
    """The envelope by category; the holder is the county where the unit is no budget level."""
    holder = desk.session.get(Unit, desk.unit.budget_holder) if desk.unit.budget_holder else None
    return render_template("budget.html", desk=desk, lines=budget_lines(desk), holder=holder)


@pages.get("/hall")
@township(Right.READ)
def hall(desk: Desk) -> ResponseReturnValue:
    return render_template("hall.html", desk=desk)


@pages.get("/hall.svg")
@township(Right.READ)
def picture(desk: Desk) -> ResponseReturnValue:
    """The plan as a picture of its own, so that nothing of it meets the page's policy."""
    pen = Pen(current().script, {desk.unit.name: desk.unit.name_hans})
    drawing = thumbnail(plan_of(desk.spec, pen), FACE, pen.text("大廳平面圖"))
    answer = Response(drawing, mimetype="image/svg+xml")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(f"{desk.centre.content_hash}-{pen.script}")
    return answer


def budget_lines(desk: Desk) -> list[tuple[Any, int]]:
    """Each category with its amount in fen, in the standard's order."""
    lines = sorted(desk.spec.budget, key=lambda line: -line.share)
    parts = allotted(desk.spec.envelope, lines)
    return list(zip(lines, parts, strict=True)) if parts else []


def fixture_counts(desk: Desk) -> dict[Requirement, tuple[int, int]]:
    """For each requirement apart: how many lines are met by what is on hand, and of how many."""
    counts = {requirement: [0, 0] for requirement in Requirement}
    for fixture in desk.spec.fixtures:
        counts[fixture.requirement][0] += met(desk, fixture)
        counts[fixture.requirement][1] += 1
    return {requirement: (have, total) for requirement, (have, total) in counts.items()}


def met(desk: Desk, fixture: Fixture) -> bool:
    """Whether as many are on hand as the rule asks for."""
    return fixture.on_hand >= required(fixture.quantity, desk.spec)


def _revisions(desk: Desk) -> list[Revision]:
    wanted = select(Revision).filter_by(unit_id=desk.unit.code).order_by(Revision.number.desc())
    return list(desk.session.scalars(wanted.limit(RECENT)))


def _addresses(desk: Desk) -> Any:
    """A function that says where a missing thing is filled in."""

    def where(missing: Missing) -> str:
        code, mark = desk.code, slug(missing.key or missing.label)
        if missing.section == "items" and missing.key:
            return url_for("items.show", code=code, key=missing.key)
        if missing.section in ("fixtures", "signs"):
            return url_for("inventory.show", code=code, _anchor=f"fixture-{mark}")
        if missing.section == "regimes":
            return url_for("workspace.regimes", code=code, _anchor=f"regime-{mark}")
        if missing.section == "budget" and allowed(Right.BUDGET):
            return url_for("workspace.budget", code=code)
        if missing.section == "posts":
            return url_for("workspace.windows", code=code)
        return url_for("profile.show", code=code, _anchor=f"field-{missing.label}")

    return where
