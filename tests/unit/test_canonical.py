"""Canonical form and differences, stated as properties."""

import subprocess
import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from provisioning.canonical import canonical, canonical_text, content_hash
from provisioning.differences import delta, differences, patched
from provisioning.resolve import Upstream
from provisioning.specs import Blank, CentreSpec, Duration, Fixture, ServiceItem
from provisioning.specs.values import DayUnit

texts = st.text(alphabet="黔西南州便民服務中心鄉鎮é", min_size=1, max_size=8)


def test_rule_a8_equal_configurations_have_equal_hashes_in_another_process(standard: Upstream) -> None:
    program = (
        "from pathlib import Path; from provisioning.load import load_pack; from provisioning.resolve import upstream;"
        "from provisioning.specs import UnitKind; import sys;"
        "print(upstream(load_pack(Path(sys.argv[1])), None, UnitKind.TOWN).revision)"
    )
    from tests.fixtures.standards import PACK_FOLDER

    command = [sys.executable, "-c", program, str(PACK_FOLDER)]
    environment = {"PYTHONHASHSEED": "4711", "PYTHONPATH": str(PACK_FOLDER.parents[1])}
    other = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert other.stdout.strip() == standard.revision


@given(st.frozensets(texts, max_size=5))
def test_rule_a8_the_order_of_a_set_does_not_matter(members: frozenset[str]) -> None:
    assert canonical(members) == sorted(unicodedata.normalize("NFC", member) for member in members)


@given(texts)
def test_rule_a8_composed_and_decomposed_texts_are_one(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    assert canonical_text(decomposed) == canonical_text(unicodedata.normalize("NFC", text))


def test_types_matter() -> None:
    assert len({content_hash(value) for value in (1, "1", True, 1.5)}) == 4


def test_rule_a7_the_unit_of_a_duration_is_part_of_it() -> None:
    assert content_hash(Duration(days=7)) != content_hash(Duration(days=7, unit=DayUnit.CALENDAR))


def test_rule_c6_an_empty_collection_and_an_absent_one_are_one_state(standard: Upstream) -> None:
    item = standard.centre.items[0]
    assert canonical(item.model_copy(update={"prohibitions": ()})).get("prohibitions") is None


def test_rule_c7_sorting_a_keyed_collection_anew_changes_nothing(standard: Upstream) -> None:
    centre = standard.centre
    turned = centre.model_copy(update={"fixtures": tuple(reversed(centre.fixtures))})
    assert content_hash(turned) == content_hash(centre)
    assert not list(differences(centre, turned))


def test_rule_d1_the_order_of_windows_is_part_of_the_configuration(standard: Upstream) -> None:
    centre = standard.centre
    turned = centre.model_copy(update={"windows": tuple(reversed(centre.windows))})
    assert [difference.field for difference in differences(centre, turned)] == ["order"]


def test_a_configuration_survives_its_canonical_form(standard: Upstream) -> None:
    assert CentreSpec.model_validate(canonical(standard.centre)) == standard.centre.model_copy(
        update={
            name: tuple(sorted(getattr(standard.centre, name), key=lambda item: item.key))
            for name in ("zones", "objects", "slots", "signs", "fixtures", "budget")
        }
    )


@st.composite
def edited(draw: st.DrawFn, centre: CentreSpec) -> CentreSpec:
    """A centre after some local edits: fields changed, items removed, added and moved."""
    items = [_renamed(draw, item) for item in centre.items]
    kept = draw(st.lists(st.sampled_from(items), unique_by=lambda item: item.key, min_size=1, max_size=12))
    added = draw(st.booleans())
    windows = list(centre.windows)
    if added:
        windows.append(windows[0].model_copy(update={"key": "xiang:522301001:new", "number": 99}))
    fixtures = tuple(_counted(draw, fixture) for fixture in centre.fixtures)
    hotline = draw(st.one_of(texts, st.just(Blank(blank="待填"))))
    changes = {
        "items": tuple(kept),
        "windows": tuple(draw(st.permutations(windows))),
        "fixtures": fixtures,
        "profile": centre.profile.model_copy(update={"hotline": hotline}),
        "envelope": draw(st.integers(0, 10**12)),
    }
    return centre.model_copy(update=changes)


def _renamed(draw: st.DrawFn, item: ServiceItem) -> ServiceItem:
    return item.model_copy(update={"name": draw(texts)}) if draw(st.integers(0, 9)) == 0 else item


def _counted(draw: st.DrawFn, fixture: Fixture) -> Fixture:
    return fixture.model_copy(update={"on_hand": draw(st.integers(0, 3))})


@given(data=st.data())
def test_a_delta_rebuilds_exactly_what_it_was_taken_from(standard: Upstream, data: st.DataObject) -> None:
    centre = standard.centre
    after = data.draw(edited(centre))
    rebuilt = patched(centre, delta(centre, after))
    assert content_hash(rebuilt) == content_hash(after)
    assert not list(differences(rebuilt, after))


@given(data=st.data())
def test_differences_are_empty_exactly_when_hashes_are_equal(standard: Upstream, data: st.DataObject) -> None:
    after = data.draw(edited(standard.centre))
    same = content_hash(after) == standard.revision
    assert same == (not list(differences(standard.centre, after)))
