"""Which role may do what: the one table. A unit is another question: a role counts where it is held and below.

docs/rights.md is written from here (`make docs`), and a test compares them.
"""

from enum import StrEnum
from types import MappingProxyType

from townhall.accounts.models import Role
from townhall.units.models import Level


class Right(StrEnum):
    FLEET = "fleet"  # 州總覽 and 縣總覽
    LIST = "list"  # the list of townships
    READ = "read"  # what a centre consists of
    BUDGET = "budget"  # its money
    PRINT = "print"  # its documents
    EDIT = "edit"  # change what is local
    PREPARE = "prepare"  # propose money
    APPROVE = "approve"  # decide on what another proposed
    PAY = "pay"  # record payments
    ACCOUNTS = "accounts"  # invite people, reset their passwords, grant and withdraw roles
    AUDIT = "audit"  # read the audit
    LIBRARIES = "libraries"  # the plain tables of the prefecture: holidays, suppliers, releases, units
    LIFECYCLE = "lifecycle"  # suspend, archive and restore a centre
    STANDARD = "standard"  # simulate, publish and roll out the releases of the prefecture's standard
    OVERLAY = "overlay"  # change and publish what a county adds to the standard


_READING = frozenset({Right.LIST, Right.READ})

RIGHTS = MappingProxyType(
    {
        Role.PREFECTURE_ADMIN: frozenset(Right) - {Right.PREPARE, Right.PAY},
        # A county changes its townships through its overlay, never in their own rows.
        Role.COUNTY_OFFICER: _READING
        | {Right.FLEET, Right.BUDGET, Right.PRINT, Right.APPROVE, Right.ACCOUNTS, Right.AUDIT, Right.OVERLAY},
        Role.TOWNSHIP_DIRECTOR: frozenset(
            {Right.READ, Right.BUDGET, Right.PRINT, Right.EDIT, Right.ACCOUNTS, Right.AUDIT}
        ),
        # Reserved: windows get their own pages with case work.
        Role.WINDOW_CLERK: frozenset({Right.READ}),
        # Preparer, approver and payer are three people (design, "Money").
        Role.BUDGET_PREPARER: _READING | {Right.FLEET, Right.BUDGET, Right.PREPARE},
        Role.BUDGET_APPROVER: _READING | {Right.FLEET, Right.BUDGET, Right.APPROVE},
        Role.PAYER: _READING | {Right.FLEET, Right.BUDGET, Right.PAY},
        Role.PRINT_OPERATOR: frozenset({Right.LIST, Right.PRINT}),
        Role.AUDITOR: _READING | {Right.FLEET, Right.BUDGET, Right.PRINT, Right.AUDIT},
    }
)

_ANYWHERE = frozenset({Level.PREFECTURE, Level.COUNTY, Level.TOWNSHIP})

# The levels of unit that a role may be held at.
LEVELS = MappingProxyType(
    {
        Role.PREFECTURE_ADMIN: frozenset({Level.PREFECTURE}),
        Role.COUNTY_OFFICER: frozenset({Level.COUNTY}),
        Role.TOWNSHIP_DIRECTOR: frozenset({Level.TOWNSHIP}),
        Role.WINDOW_CLERK: frozenset({Level.TOWNSHIP, Level.VILLAGE}),
        Role.BUDGET_PREPARER: _ANYWHERE,
        Role.BUDGET_APPROVER: _ANYWHERE,
        Role.PAYER: _ANYWHERE,
        Role.PRINT_OPERATOR: _ANYWHERE,
        Role.AUDITOR: _ANYWHERE,
    }
)

# What each role may hand on, always within its own unit: nobody makes an equal or a superior of another branch.
GRANTS = MappingProxyType(
    {
        Role.PREFECTURE_ADMIN: frozenset(Role),
        Role.COUNTY_OFFICER: frozenset(Role) - {Role.PREFECTURE_ADMIN, Role.COUNTY_OFFICER, Role.AUDITOR},
        Role.TOWNSHIP_DIRECTOR: frozenset({Role.WINDOW_CLERK, Role.PRINT_OPERATOR, Role.BUDGET_PREPARER}),
    }
)


def may(role: str, right: Right) -> bool:
    """Whether a role has a right."""
    return right in RIGHTS[Role(role)]


def may_grant(role: str, wanted: str) -> bool:
    """Whether somebody in a role may give another role, within the own unit."""
    return Role(wanted) in GRANTS.get(Role(role), frozenset())
