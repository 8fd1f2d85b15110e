"""QR codes as the renderer draws them: one stroke for each run of dark modules, row by row."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby


@lru_cache(maxsize=4096)
def strokes(address: str) -> bytes:
    """The path of the code of an address, in modules, as the SVG of `item_facts` comes out in a content stream."""
    # Imported late: who stamps papers without a code does without it.
    import segno

    rows = segno.make(address, error="m", micro=False).matrix
    return b"\n".join(stroke for number, row in enumerate(rows) for stroke in _row(number, row))


def _row(number: int, row: bytearray) -> Iterator[bytes]:
    for dark, run in groupby(enumerate(row), key=lambda one: bool(one[1])):
        places = [place for place, _ in run]
        if dark:
            yield b"%d %d.5 m\n%d %d.5 l" % (places[0], number, places[-1] + 1, number)
