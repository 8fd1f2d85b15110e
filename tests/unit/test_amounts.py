"""No fen is lost or made when an envelope is shared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.money import yuan
from provisioning.specs import Pack
from townhall.budget.amounts import amounts

shares = st.lists(st.integers(0, 10_000), min_size=1, max_size=8).filter(any)


@given(st.integers(0, 2**62), shares)
def test_the_parts_add_up_to_the_envelope(envelope: int, given_shares: list[int]) -> None:
    assert sum(amounts(envelope, given_shares)) == envelope


@given(st.integers(0, 2**62), shares)
def test_no_part_is_a_fen_away_from_its_exact_share(envelope: int, given_shares: list[int]) -> None:
    total = sum(given_shares)
    for part, share in zip(amounts(envelope, given_shares), given_shares, strict=True):
        assert abs(part * total - envelope * share) < total


def test_the_envelope_of_the_pack_is_shared_whole(pack: Pack) -> None:
    parts = amounts(pack.centre.envelope, [line.share for line in pack.centre.budget])
    assert yuan(sum(parts)) == "2,000,000.00"


@pytest.mark.parametrize(("envelope", "given_shares"), [(-1, [1]), (1, []), (1, [0]), (1, [2, -1])])
def test_nothing_negative_and_nothing_to_divide_by_is_refused(envelope: int, given_shares: list[int]) -> None:
    with pytest.raises(ValueError, match="不得為負"):
        amounts(envelope, given_shares)


@given(st.integers(-(2**62), 2**62))
def test_yuan_and_fen_are_the_same_money(fen: int) -> None:
    text = yuan(fen)
    assert int(text.replace(",", "").replace(".", "")) == fen


def test_yuan_is_written_with_separators() -> None:
    assert [yuan(fen) for fen in (0, 5, -5, 28_000_000_000)] == ["0.00", "0.05", "-0.05", "280,000,000.00"]
