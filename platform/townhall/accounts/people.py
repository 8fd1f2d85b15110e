"""Who holds roles in a range of units, and over whom somebody is in charge there."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from townhall.accounts.models import Membership, Role, User
from townhall.accounts.rights import may_grant
from townhall.tenancy import Scope

_ORDER = {role.value: place for place, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Person:
    """An account as a range of units sees it: `held` are its roles there, and others are nobody's business."""

    user: User
    held: tuple[Membership, ...]

    @property
    def whole(self) -> bool:
        """Whether all that this account holds lies within the range."""
        return len(self.held) == len(self.user.memberships)


def holds_within(scope: Scope) -> ColumnElement[bool]:
    """The condition on `User` for holding any role within a range.

    Led by the roles there, which an index finds; asked of each account in turn, it would read the whole country's.
    """
    return User.id.in_(select(Membership.user_id).where(Membership.unit_id.between(scope.first, scope.last)))


def people(session: Session, scope: Scope) -> list[Person]:
    """Everybody with a role within a range: by unit, there by role from the highest, then by login."""
    wanted = select(User).where(holds_within(scope)).options(selectinload(User.memberships))
    found = [_seen(user, scope) for user in session.scalars(wanted)]
    return sorted(found, key=_rank)


def _rank(person: Person) -> tuple[str, int, str]:
    unit_id, role = min((held.unit_id, _ORDER[held.role]) for held in person.held)
    return unit_id, role, person.user.login


def find_person(session: Session, scope: Scope, number: int) -> Person | None:
    """The account of a number; None when it has no role within the range, like one that does not exist."""
    user = session.get(User, number)
    seen = _seen(user, scope) if user else None
    return seen if seen and seen.held else None


def find_role(session: Session, scope: Scope, number: int) -> Membership | None:
    """The role of a number, if it is held within the range."""
    found = session.get(Membership, number)
    return found if found and scope.covers(found.unit_id) else None


def in_charge(own: Membership, person: Person) -> bool:
    """Whether somebody may close an account or lead it to another password.

    Nobody has power over the own account, over roles held elsewhere, or over a role that is not theirs to give:
    whoever hands out the way into an account could walk it.
    """
    return person.whole and person.user.id != own.user_id and _all_grantable(own, person.held)


def may_give(own: Membership, person: Person) -> bool:
    """Whether somebody may give further roles to another: to open accounts, and never to oneself."""
    return person.user.active and person.user.id != own.user_id


def may_withdraw(own: Membership, other: Membership) -> bool:
    """Whether somebody may take a role away from another: only what they could give."""
    return other.user_id != own.user_id and may_grant(own.role, other.role)


def _all_grantable(own: Membership, held: Iterable[Membership]) -> bool:
    return all(may_grant(own.role, one.role) for one in held)


def _seen(user: User, scope: Scope) -> Person:
    return Person(user, tuple(held for held in user.memberships if scope.covers(held.unit_id)))
