"""What each category of a centre has of its envelope: whole fen, and their sum is the envelope, always."""

from collections.abc import Iterable
from typing import Protocol

from provisioning.money import amounts
from provisioning.shares import weights


class Line(Protocol):
    """What a budget line says of its part: basis points, or fen where they have been fixed."""

    @property
    def share(self) -> int: ...
    @property
    def amount(self) -> int | None: ...


def allotted(envelope: int, lines: Iterable[Line]) -> tuple[int, ...]:
    """The amount of each line in fen, in the order given; nothing where the lines have no part at all."""
    parts = weights(lines)
    return amounts(envelope, parts) if sum(parts) else ()


__all__ = ["allotted", "amounts"]
