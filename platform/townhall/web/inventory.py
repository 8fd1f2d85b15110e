"""The fixture checklist: what the standard asks for, and what the township says it has."""

from collections.abc import Iterator
from itertools import groupby

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from provisioning.specs import Fixture
from provisioning.specs.centre import Requirement, required
from townhall.accounts.rights import Right
from townhall.centres.edit import Edit
from townhall.web.addresses import slug
from townhall.web.desk import Desk
from townhall.web.editing import entered, save
from townhall.web.guards import township
from townhall.web.language import msgid
from townhall.web.profile import SAVED
from townhall.web.workspace import fixture_counts

pages = Blueprint("inventory", __name__, url_prefix="/t/<code9:code>/fixtures")

MOST = 10_000
NO_NUMBER = msgid("現有數量須為 0 至 10000 的整數")


@pages.get("")
@township(Right.READ)
def show(desk: Desk) -> ResponseReturnValue:
    return _page(desk, ())


@pages.post("")
@township(Right.EDIT)
def change(desk: Desk) -> ResponseReturnValue:
    """Save the counts of all lines at once."""
    typed = {fixture.key: entered(f"on-hand-{slug(fixture.key)}") for fixture in desk.spec.fixtures}
    numbers = all(
        not text or (text.isascii() and text.isdigit() and int(text) <= MOST) for text in typed.values()
    )
    reasons = save(desk, _edits(desk, typed), "清點設施") if numbers else (NO_NUMBER,)
    if reasons:
        return _page(desk, reasons), 422
    flash(SAVED)
    return redirect(url_for("inventory.show", code=desk.code), 303)


def _edits(desk: Desk, typed: dict[str, str]) -> Iterator[Edit]:
    """A line that the form leaves out keeps its count."""
    for fixture in desk.spec.fixtures:
        text = typed[fixture.key]
        if text and int(text) != fixture.on_hand:
            yield Edit("fixtures", fixture.key, "on_hand", int(text))


def _groups(fixtures: tuple[Fixture, ...]) -> list[tuple[str, list[Fixture]]]:
    """By group, what is mandatory on top: the groups with most of it first."""
    rank = {requirement: place for place, requirement in enumerate(Requirement)}
    ordered = sorted(fixtures, key=lambda fixture: (fixture.group, rank[fixture.requirement], fixture.key))
    groups = [(group, [*lines]) for group, lines in groupby(ordered, lambda fixture: fixture.group)]
    return sorted(
        groups, key=lambda group: -sum(line.requirement is Requirement.MANDATORY for line in group[1])
    )


def _page(desk: Desk, reasons: tuple[str, ...]) -> str:
    needed = {fixture.key: required(fixture.quantity, desk.spec) for fixture in desk.spec.fixtures}
    page = {
        "groups": _groups(desk.spec.fixtures),
        "needed": needed,
        "counts": fixture_counts(desk),
        "reasons": reasons,
    }
    return render_template("fixtures.html", desk=desk, typed=request.form, **page)
