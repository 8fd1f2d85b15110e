"""How pictures are put together, counted before a decoder walks through it: a part costs it time, however small."""

from collections.abc import Iterator

from townhall.intake.kinds import Kind
from townhall.intake.refusals import BROKEN_PICTURE, EXHAUSTING, Refused

MOST_PARTS = 5_000  # chunks of a PNG, segments of a JPEG before its pixels; cameras write some dozens
MOST_SCANS = 40  # of a progressive JPEG, each a walk over the whole picture; encoders write about ten
_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a length
_FILL, _START_OF_SCAN = 0xFF, 0xDA


def require_orderly(data: bytes, kind: Kind) -> None:
    """Raises `Refused` for a picture of too many parts, and for one whose parts do not follow each other."""
    for count, _ in enumerate(_chunks(data) if kind is Kind.PNG else _segments(data)):
        if count >= MOST_PARTS:
            raise Refused(EXHAUSTING)
    # Within the pixels of a JPEG these pairs of bytes are nothing else.
    if kind is Kind.JPEG and data.count(_SCAN) > MOST_SCANS:
        raise Refused(EXHAUSTING)
    if kind is Kind.JPEG and _END not in data[data.rindex(_SCAN) :]:
        raise Refused(BROKEN_PICTURE)


def _chunks(data: bytes) -> Iterator[bytes]:
    place = 8
    while True:
        length, name = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        place += 12 + length
        if len(name) < 4 or place > len(data):
            raise Refused(BROKEN_PICTURE)
        yield name
        if name == b"IEND":
            return


def _segments(data: bytes) -> Iterator[int]:
    place = 2
    while place + 4 <= len(data):
        if data[place] != _FILL:
            raise Refused(BROKEN_PICTURE)
        marker = data[place + 1]
        yield marker
        if marker == _START_OF_SCAN:
            return
        if marker == _FILL:
            place += 1
        elif marker in _ALONE:
            place += 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    raise Refused(BROKEN_PICTURE)
