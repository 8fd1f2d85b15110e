"""Whatever townships have made of their centres, a common standard loses nothing of it (rules L1, L3, L4)."""

from hypothesis import given
from hypothesis import strategies as st

from provisioning.extract import Source, extract, overlay_of, resolved
from provisioning.parameters import LABELS, attributes_of, parameterised, rendered
from provisioning.specs import CentreSpec
from tests.fixtures.life import Change, changes, done, small_standard
from tests.fixtures.soak import examples
from tests.fixtures.taken import NAMES, UNITS, local, own

LIVES = st.lists(st.lists(changes(values="甲乙"), max_size=6), min_size=1, max_size=4)
THRESHOLDS = st.sampled_from((None, 1, 2, 3))
PIECES = st.sampled_from(
    ("黃草街道", "黃草", "街道", "0000-1", "{", "}", "=", "{unit_name}", "{=hotline}", "辦")
)
WORDS = st.dictionaries(
    st.sampled_from(list(LABELS)), st.sampled_from(("黃草街道", "街道辦", "0000-1", "草街"))
)


def township(place: int, wanted: list[Change]) -> Source:
    centre: CentreSpec = local(small_standard().centre, place)
    for number, change in enumerate(wanted):
        centre, _ = done(centre, change, f"{own(place)}own-{number}")
    return Source(UNITS[place], attributes_of(NAMES[place], NAMES[place], centre), centre)


@examples(40)
@given(LIVES, THRESHOLDS)
def test_rule_q_what_is_extracted_gives_every_centre_back(
    lives: list[list[Change]], threshold: int | None
) -> None:
    sources = [township(place, wanted) for place, wanted in enumerate(lives)]
    made = extract(sources, threshold)
    for one, overlay in zip(sources, made.overlays, strict=True):
        assert resolved(made.template, overlay_of(overlay.data())) == one.centre


@examples(20)
@given(st.lists(changes(), max_size=6))
def test_rule_q_of_one_centre_nothing_is_its_own(wanted: list[Change]) -> None:
    assert not extract([township(0, wanted)]).overlays[0]


@examples(200)
@given(st.lists(PIECES, max_size=8).map("".join), WORDS)
def test_rule_q_words_put_back_give_exactly_what_was_there(text: str, words: dict[str, str]) -> None:
    assert rendered(parameterised(text, words), words) == text
