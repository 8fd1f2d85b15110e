"""Regimes as posters: one template in every size, letters never below the floor of the sheet, else refused with why."""

from dataclasses import replace

import pytest

from tests.fixtures.papers import DRAFT, Sample, filled, printed
from townhall.documents.errors import Overflow

SIZES = {"regime-board": 9, "regime-a1": 8, "regime-a2": 8, "regime-a3": 5}  # and the smallest letters


def lengthened(characters: int) -> Sample:
    """The sample with one regime of so long articles."""
    sample = filled()
    regime = sample.centre.regimes[0]
    articles = tuple(a.model_copy(update={"text": "便" * characters}) for a in regime.articles)
    long = regime.model_copy(update={"articles": articles})
    return replace(sample, centre=sample.centre.model_copy(update={"regimes": (long,)}))


@pytest.mark.parametrize("script", ["hant", "hans"])
@pytest.mark.parametrize(("key", "smallest"), SIZES.items())
def test_every_regime_of_the_pack_fits_at_or_above_the_smallest_letters(
    key: str, smallest: float, script: str
) -> None:
    sample = filled()
    facts = [sample.context(key, regime.key, script)["regime"] for regime in sample.centre.regimes]
    assert min(regime["body"]["size"] for regime in facts) >= smallest
    assert min(regime["letter"] for regime in facts) >= smallest


@pytest.mark.parametrize("key", SIZES)
def test_the_longest_regime_of_the_pack_stays_on_its_sheet(key: str) -> None:
    sample = filled()
    longest = max(sample.centre.regimes, key=lambda regime: sum(len(str(a.text)) for a in regime.articles))
    assert printed(sample.sheet(key, longest.key))


@pytest.mark.parametrize("key", SIZES)
def test_a_regime_that_does_not_fit_is_refused_with_the_reason(key: str) -> None:
    sample, document = lengthened(400), filled().document(key)
    with pytest.raises(Overflow, match=rf"下限{SIZES[key]}毫米，.*{document.width}×{document.height}毫米"):
        sample.context(key, sample.centre.regimes[0].key)
    assert sample.context(key, sample.centre.regimes[0].key, issue=DRAFT)


@pytest.mark.parametrize("key", sorted(SIZES.keys() - {"regime-board"}))
def test_a_poster_stands_in_for_the_board(key: str) -> None:
    assert filled().document(key).alternative_to == "regime-board"
    assert filled().document(key).template == "regime-board.html"
