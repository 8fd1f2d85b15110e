"""What a centre has for each category of money, in fen, also after townships have merged or split (rules A7, P2)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from provisioning.money import amounts
from provisioning.specs import CentreSpec
from provisioning.specs.centre import BudgetLine

UNALLOTTED = ""  # the category of what no line has, where a centre has no lines
ALL = 10_000  # basis points


class Line(Protocol):
    """What a budget line says of its part."""

    @property
    def share(self) -> int: ...
    @property
    def amount(self) -> int | None: ...


def weights(lines: Iterable[Line]) -> tuple[int, ...]:
    """By what an envelope is shared: the fixed amounts where all lines have one, otherwise the shares."""
    known = tuple(lines)
    fixed = tuple(line.amount for line in known if line.amount is not None)
    return fixed if len(fixed) == len(known) and any(fixed) else tuple(line.share for line in known)


def by_category(centre: CentreSpec) -> dict[str, int]:
    """Fen of each category, in the order of the lines; their sum is the envelope, always."""
    parts = weights(centre.budget)
    if not sum(parts):
        return {UNALLOTTED: centre.envelope}
    whole = amounts(centre.envelope, parts)
    return {line.category.value: fen for line, fen in zip(centre.budget, whole, strict=True)}


def with_money(centre: CentreSpec, totals: Mapping[str, int]) -> CentreSpec:
    """A centre that has just these fen in these categories, for each of which it has a line.

    The amounts are fixed only where the shares do not lead to them by themselves.
    """
    made = centre.model_copy(update={"envelope": sum(totals.values())})
    if not centre.budget or by_category(made) == totals:
        return made
    fen = [totals.get(line.category.value, 0) for line in centre.budget]
    shares = amounts(ALL, fen) if sum(fen) else [line.share for line in centre.budget]
    lines = zip(centre.budget, shares, fen, strict=True)
    return made.model_copy(update={"budget": tuple(_fixed(*line) for line in lines)})


def _fixed(line: BudgetLine, share: int, fen: int) -> BudgetLine:
    return line.model_copy(update={"share": share, "amount": fen})


def divided(totals: Mapping[str, int], parts: Sequence[int]) -> list[dict[str, int]]:
    """Several categories over several heirs, whose parts add up to the totals: no fen lost in either direction."""
    left, found = dict(totals), []
    for part in parts:
        fen = amounts(part, left.values()) if sum(left.values()) else [0] * len(left)
        mine = dict(zip(left, fen, strict=True))
        left = {name: left[name] - mine[name] for name in left}
        found.append(mine)
    return found
