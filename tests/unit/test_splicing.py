"""Deflated streams with holes: whatever comes into the holes, the stream says just that (layer L1)."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townhall.documents.stamping.codes import strokes
from townhall.documents.stamping.layout import Layout, Moving, dumped, loaded
from townhall.documents.stamping.splicing import Code, Piece, Run, Settled, Unknown, deflated, filled, settled

TABLES = {
    "a": {letter: letter.encode() * 2 for letter in "abc"},
    "utf-8": {one: one.encode() for one in "xyz"},
}
VALUES = ("abcabc", "zyx")
RUNS = st.builds(
    lambda slot, start, size: Run(slot, start, start + size, ("a", "utf-8")[slot]),
    st.integers(0, 1),
    st.integers(0, 2),
    st.integers(0, 1),
)
PIECES = st.lists(st.one_of(st.binary(max_size=200), RUNS), max_size=12)


def inflated(data: bytes) -> bytes:
    return zlib.decompress(data)


@given(PIECES)
def test_a_spliced_stream_says_what_its_pieces_say(pieces: list[Piece]) -> None:
    said = filled(pieces, VALUES, TABLES)
    stream = deflated(settled(pieces), VALUES, TABLES)
    assert inflated(stream) in {said, said + b"\n"}
    assert not stream.endswith(b"\r")


@given(st.binary(min_size=1, max_size=2000))
def test_what_ends_in_a_carriage_return_gets_a_line_feed_more(data: bytes) -> None:
    """The last byte of a stream is that of a sum over it: of 256 contents one ends so."""
    ends = zlib.adler32(data) & 0xFF == ord("\r")
    assert inflated(deflated(settled([data]), (), {})) == data + b"\n" * ends


def test_long_and_short_stretches_are_put_together_as_they_were() -> None:
    pieces: list[Piece] = [
        b"A" * 500,
        Run(0, 0, 3, "a"),
        b"short",
        Run(1, 0, 3, "utf-8"),
        b"B" * 70_000,
        Run(0, 3, 6, "a"),
    ]
    parts = settled(pieces)
    assert [isinstance(part, Settled) for part in parts] == [True, False, True, False]
    assert (
        inflated(deflated(parts, VALUES, TABLES))
        == b"A" * 500 + b"aabbccshortzyx" + b"B" * 70_000 + b"aabbcc"
    )


def test_more_than_a_block_is_stored_in_several() -> None:
    table = {"long": {"x": b"0123456789" * 7_000}}
    assert inflated(deflated(settled([Run(0, 0, 2, "long")]), ("xx",), table)) == b"0123456789" * 14_000


def test_a_character_that_was_not_foreseen_is_told() -> None:
    with pytest.raises(Unknown) as unknown:
        filled([Run(0, 0, 1, "a")], ("龘",), TABLES)
    assert unknown.value.args == ("龘",)


def test_a_code_is_drawn_for_the_address_that_its_pieces_make() -> None:
    code = Code((b"https://example.org/", Run(1, 0, 3, "utf-8")))
    assert filled([code], VALUES, TABLES) == strokes("https://example.org/zyx")
    assert strokes("https://example.org/zyx") != strokes("https://example.org/zxx")


def test_a_layout_comes_back_from_its_file_as_it_was() -> None:
    pieces: tuple[Piece, ...] = (b"<</A ", Run(0, 0, 2, "a"), Code((b"x", Run(1, 0, 1, "utf-8"))), b">>")
    moving = (Moving(1, pieces), Moving(2, pieces, settled(pieces)))
    layout = Layout(b"head", b"\0" * 28, b"/Root 1 0 R", moving, TABLES, VALUES, "digest")
    again = loaded(dumped(layout))
    assert again == layout
    assert again.stamped(VALUES) == layout.stamped(VALUES)


def test_values_of_other_lengths_are_refused() -> None:
    layout = Layout(b"", b"\0" * 28, b"", (), TABLES, VALUES, "digest")
    with pytest.raises(ValueError, match="another layout"):
        layout.stamped(("abcabca", "zyx"))
