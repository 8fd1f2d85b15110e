"""Money is whole fen everywhere; this is the one place that writes it for people."""


def yuan(fen: int) -> str:
    """Fen as yuan with two decimals and separators: 200000000 is 2,000,000.00."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{rest:02}"
