"""Which role may do what: the one table. A unit is another question (`operations.visible`)."""

from enum import StrEnum
from types import MappingProxyType

from townhall.accounts.models import Role


class Right(StrEnum):
    FLEET = "fleet"  # 州總覽 and 縣總覽
    LIST = "list"  # the list of townships
    READ = "read"  # what a centre consists of
    BUDGET = "budget"  # its money
    PRINT = "print"  # its documents
    EDIT = "edit"  # change what is local


RIGHTS = MappingProxyType(
    {
        Role.PREFECTURE_ADMIN: frozenset(Right),
        # A county changes its townships through its overlay, never in their own rows.
        Role.COUNTY_OFFICER: frozenset({Right.FLEET, Right.LIST, Right.READ, Right.BUDGET, Right.PRINT}),
        Role.TOWNSHIP_DIRECTOR: frozenset({Right.READ, Right.BUDGET, Right.PRINT, Right.EDIT}),
        Role.BUDGET_OFFICER: frozenset({Right.FLEET, Right.LIST, Right.READ, Right.BUDGET}),
        Role.PRINT_OPERATOR: frozenset({Right.LIST, Right.PRINT}),
    }
)


def may(role: str, right: Right) -> bool:
    """Whether a role has a right."""
    return right in RIGHTS[Role(role)]
