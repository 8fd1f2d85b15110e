"""Money is whole fen everywhere: shared so that nothing is lost, and written for people in this one place."""

from collections.abc import Iterable


def amounts(envelope: int, shares: Iterable[int]) -> tuple[int, ...]:
    """The envelope in fen divided by shares, by largest remainder; equal remainders go to the earlier share.

    Raises `ValueError` when something is negative or when there is nothing to divide by.
    """
    weights = tuple(shares)
    total = sum(weights)
    if envelope < 0 or total <= 0 or min(weights) < 0:
        raise ValueError("金額和份額不得為負，份額合計須大於零")
    parts = [divmod(envelope * weight, total) for weight in weights]
    left = envelope - sum(whole for whole, _ in parts)
    first = sorted(range(len(parts)), key=lambda place: (-parts[place][1], place))[:left]
    return tuple(whole + (place in first) for place, (whole, _) in enumerate(parts))


def yuan(fen: int) -> str:
    """Fen as yuan with two decimals and separators: 200000000 is 2,000,000.00."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{rest:02}"
