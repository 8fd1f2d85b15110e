"""The people of a unit and below: who they are, inviting, taking roles away, closing, and lost passwords."""

from collections.abc import Iterator
from itertools import groupby
from typing import cast

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from townhall.accounts import passes, second_factor
from townhall.accounts.models import Membership, Pass, Role
from townhall.accounts.operations import AccountRefused, grant_role, set_active, withdraw_role
from townhall.accounts.passes import Purpose
from townhall.accounts.people import (
    Person,
    find_person,
    find_role,
    in_charge,
    may_give,
    may_withdraw,
    people,
)
from townhall.accounts.proof import prove, recent
from townhall.accounts.rights import GRANTS, LEVELS, Right, may_grant
from townhall.clock import now
from townhall.script import fold
from townhall.tenancy import Scope, scope_of
from townhall.units.models import Level, Unit
from townhall.web.edge import database, settings
from townhall.web.editing import entered, faults, typed
from townhall.web.guards import acting, held_unit, here, holding, requires
from townhall.web.language import msgid

pages = Blueprint("people", __name__, url_prefix="/people")

SHOWN = 200
NUMBER = f"<int(max={2**31 - 1}):number>"
WRONG_LEVEL = msgid("這個角色不能設在這一級單位，請按角色後面注明的級別選擇單位。")
GRANTED = msgid("角色已授予，本人在「我的賬號」切換。")
HELD = msgid("此人已有這個角色。")
WITHDRAWN = msgid("角色已撤銷，該賬號的登錄已全部失效。")
LIFTED = msgid("兩步驗證已解除，該賬號的登錄已全部失效。")
LONGEST_REASON = 200
CLOSED = msgid("賬號已停用，該賬號的登錄已全部失效。")
OPENED = msgid("賬號已恢復。")
CANCELLED = msgid("邀請已作廢，鏈接不能再用。")


@pages.get("")
@requires(Right.ACCOUNTS)
def show() -> ResponseReturnValue:
    """Everybody who holds a role in the reader's unit or below."""
    sought, units = request.args.get("q", "").strip()[:40], _units()
    everybody = people(database(), _scope())
    found = [one for one in everybody if _matches(one, sought, units)]
    page = {"shown": found[:SHOWN], "found": len(found), "all": len(everybody), "sought": sought}
    return render_template("people.html", **page, units=units)


@pages.get("/invite")
@requires(Right.ACCOUNTS)
def invite_form() -> ResponseReturnValue:
    return _invite_page(None)


@pages.post("/invite")
@requires(Right.ACCOUNTS)
def invite() -> ResponseReturnValue:
    """A link for one new account; it is in this answer and nowhere else."""
    unit, role = _wanted()
    if Level(unit.level) not in LEVELS[role]:
        return _invite_page(WRONG_LEVEL), 422
    act = acting()
    token = passes.invite(database(), act, role, unit)
    page = {"link": _link(Purpose.JOIN, token), "expires": act.moment + passes.INVITATION}
    return render_template("people_link.html", **page, person=None, invited=role, unit=unit)


@pages.post("/invitations/<key>/cancel")
@requires(Right.ACCOUNTS)
def cancel(key: str) -> ResponseReturnValue:
    """Make an invitation worth nothing."""
    found = next((one for one in _invitations() if one.id == key), None)
    if found is None:
        abort(404)
    if not may_grant(_own().role, cast("str", found.role)):
        abort(403)
    passes.cancel(database(), acting(), found)
    flash(CANCELLED)
    return redirect(url_for("people.invite_form"), 303)


@pages.get(f"/{NUMBER}")
@requires(Right.ACCOUNTS)
def person(number: int) -> ResponseReturnValue:
    """One person, and what the reader may do about the account."""
    return _person_page(_person(number))


@pages.post(f"/{NUMBER}/roles")
@requires(Right.ACCOUNTS)
def grant(number: int) -> ResponseReturnValue:
    """Give somebody who is known here a further role."""
    found = _person(number)
    if not may_give(_own(), found):
        abort(403 if found.user.active else 404)
    unit, role = _wanted()
    if Level(unit.level) not in LEVELS[role]:
        return _person_page(found, grant_refusal=WRONG_LEVEL), 422
    if any((held.role, held.unit_id) == (role.value, unit.code) for held in found.held):
        return _person_page(found, grant_refusal=HELD), 422
    grant_role(database(), acting(), found.user, role, unit.code)
    flash(GRANTED)
    return redirect(url_for("people.person", number=number), 303)


@pages.post(f"/{NUMBER}/second-factor")
@requires(Right.ACCOUNTS)
def lift(number: int) -> ResponseReturnValue:
    """Take away a factor that somebody has lost, once the reader has proved anew who they are."""
    found, reason = _charge(number), entered("reason")[:LONGEST_REASON]
    if reasons := list(faults(["reason"])):
        return _person_page(found, lift_refusal=reasons[0]), 422
    act = acting(reason)
    try:
        prove(database(), act, here(), request.form.get("password", ""), request.form.get("code", "")[:100])
        second_factor.lift(database(), act, found.user)
    except AccountRefused as refusal:
        return _person_page(found, lift_refusal=str(refusal)), 422
    flash(LIFTED)
    return redirect(url_for("people.person", number=number), 303)


@pages.post(f"/roles/{NUMBER}/withdraw")
@requires(Right.ACCOUNTS)
def withdraw(number: int) -> ResponseReturnValue:
    """Take a role away."""
    found = find_role(database(), _scope(), number)
    if found is None:
        abort(404)
    if not may_withdraw(_own(), found):
        abort(403)
    holder = found.user_id
    withdraw_role(database(), acting(), found)
    flash(WITHDRAWN)
    remains = find_person(database(), _scope(), holder)
    return redirect(url_for("people.person", number=holder) if remains else url_for("people.show"), 303)


@pages.post(f"/{NUMBER}/close")
@requires(Right.ACCOUNTS)
def close(number: int) -> ResponseReturnValue:
    """Close an account; its sign-ins end at once."""
    return _set_active(number, False, CLOSED)


@pages.post(f"/{NUMBER}/open")
@requires(Right.ACCOUNTS)
def reopen(number: int) -> ResponseReturnValue:
    return _set_active(number, True, OPENED)


@pages.post(f"/{NUMBER}/reset")
@requires(Right.ACCOUNTS)
def reset(number: int) -> ResponseReturnValue:
    """A link for another password; it is in this answer and nowhere else."""
    found, act = _charge(number), acting()
    if not found.user.active:
        abort(404)
    token = passes.offer_reset(database(), act, found.user, found.held[0].unit_id)
    page = {"link": _link(Purpose.RESET, token), "expires": act.moment + passes.RESET}
    return render_template("people_link.html", **page, person=found, invited=None, unit=None)


def _set_active(number: int, active: bool, words: str) -> ResponseReturnValue:
    set_active(database(), acting(), _charge(number).user, active)
    flash(words)
    return redirect(url_for("people.person", number=number), 303)


def _wanted() -> tuple[Unit, Role]:
    """The unit and the role that a form names: of the reader's, and the reader's to give."""
    unit = _units().get(request.form.get("unit", ""))
    role = next((role for role in Role if role.value == request.form.get("role")), None)
    if unit is None or role is None:
        abort(404)
    if not may_grant(_own().role, role):
        abort(403)
    return unit, role


def _own() -> Membership:
    return cast("Membership", holding())


def _scope() -> Scope:
    return scope_of(held_unit().code)


def _units() -> dict[str, Unit]:
    """The reader's unit and those below, by code."""
    scope = _scope()
    wanted = select(Unit).where(Unit.code.between(scope.first, scope.last)).order_by(Unit.code)
    return {unit.code: unit for unit in database().scalars(wanted)}


def _person(number: int) -> Person:
    found = find_person(database(), _scope(), number)
    if found is None:
        abort(404)
    return found


def _charge(number: int) -> Person:
    """A person whose account the reader may act on; with a role elsewhere it is another's, and not found here."""
    found = _person(number)
    if not found.whole:
        abort(404)
    if not in_charge(_own(), found):
        abort(403)
    return found


def _person_page(found: Person, grant_refusal: str | None = None, lift_refusal: str | None = None) -> str:
    own, units = _own(), _units()
    may = {
        "withdrawable": {held.id for held in found.held if may_withdraw(own, held)},
        "in_charge": in_charge(own, found),
        "may_give": may_give(own, found),
        "proved": recent(here(), now()),
    }
    lists = {"units": units, "groups": list(_groups(units)), "roles": _roles(units), "typed": typed()}
    refusals = {"grant_refusal": grant_refusal, "lift_refusal": lift_refusal}
    return render_template("person.html", person=found, own=own, **may, **lists, **refusals)


def _matches(one: Person, sought: str, units: dict[str, Unit]) -> bool:
    places = (units[held.unit_id] for held in one.held)
    words = " ".join(f"{unit.name} {unit.name_hans} {unit.code}" for unit in places)
    return fold(sought) in fold(f"{one.user.name} {one.user.login} {words}")


def _invitations() -> list[Pass]:
    return passes.open_invitations(database(), _scope(), now())


def _invite_page(refusal: str | None) -> str:
    units = _units()
    page = {"refusal": refusal, "units": units, "groups": list(_groups(units)), "roles": _roles(units)}
    mine = [one for one in _invitations() if may_grant(_own().role, cast("str", one.role))]
    return render_template("invite.html", **page, invitations=mine, typed=typed())


def _groups(units: dict[str, Unit]) -> Iterator[tuple[Unit, list[Unit]]]:
    """Counties with what is below them; codes sort a unit before its parts."""
    for _, group in groupby(units.values(), lambda unit: unit.code[:6]):
        members = list(group)
        yield members[0], members


def _roles(units: dict[str, Unit]) -> dict[Role, list[Level]]:
    """What the reader may hand on here, with the levels at which it can be held."""
    present = {Level(unit.level) for unit in units.values()}
    own = GRANTS.get(Role(_own().role), frozenset())
    levels = {role: [level for level in Level if level in LEVELS[role] & present] for role in Role}
    return {role: found for role, found in levels.items() if role in own and found}


def _link(purpose: Purpose, token: str) -> str:
    return purpose.link(settings().public_url or request.host_url, token)
