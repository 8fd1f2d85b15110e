"""The next release of a pack says what differs, and overlays written on the one before follow what it moved."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tenant_templates
from provisioning.canonical import content_hash
from provisioning.faults import Fault, PackInvalid
from provisioning.following import Following, followed
from provisioning.layers import county_standard
from provisioning.load import load_overlay, load_pack, load_sample
from provisioning.resolve import resolve, upstream
from provisioning.specs import Overlay, Pack, UnitKind
from provisioning.specs.pack import Policy
from provisioning.validate import check_centre
from tests.fixtures.changes import keys, move, part, rule
from tests.fixtures.standards import PACK_FOLDER, SECOND_FOLDER

OLD, NEW = "zhou:rural-cooperative-medical", "zhou:resident-medical-enrolment"
LAND, PARTS = "zhou:land", ("zhou:land-resources", "zhou:housing")
# What databases of the field hold as release 1: releases are immutable.
FIRST = "6686804d9e85fc2b90fd5c4dc89253976b8f13b1cd48790736b4da02c4b51b36"

Next = Callable[..., tuple[Fault, ...]]


@pytest.fixture
def next_release(tmp_path: Path) -> Next:
    """The faults of a release 2 that is written beside a copy of release 1; a header and files by their names."""

    def faults(header: str = "", **files: str) -> tuple[Fault, ...]:
        shutil.copytree(PACK_FOLDER, tmp_path / "qianxinan")
        folder = tmp_path / "qianxinan-2"
        folder.mkdir()
        plain = "header: {id: qianxinan, extends: qianxinan, release: 2, version_date: 2026-12-01}\n"
        for name, text in {"pack": header or plain, **files}.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(PackInvalid) as refused:
            load_pack(folder)
        return refused.value.faults

    return faults


def test_release_1_is_what_it_was(pack: Pack) -> None:
    assert content_hash(pack) == FIRST


def test_the_next_release_takes_over_everything_that_it_does_not_say(
    pack: Pack, second_release: Pack
) -> None:
    assert second_release.header.release == 2
    assert second_release.header.counties == pack.header.counties
    assert second_release.documents == pack.documents
    assert second_release.templates == pack.templates
    assert second_release.milestones == pack.milestones
    assert part(second_release.centre, "windows", "zhou:civil") == part(pack.centre, "windows", "zhou:civil")


def test_a_moved_item_stands_in_the_old_place_with_what_the_release_does_not_say_of_it(
    pack: Pack, second_release: Pack
) -> None:
    before, after = part(pack.centre, "items", OLD), part(second_release.centre, "items", NEW)
    place = keys(pack.centre, "items").index(OLD)
    assert keys(second_release.centre, "items")[place] == NEW
    assert OLD not in keys(second_release.centre, "items")
    assert after.materials == before.materials
    assert after.name != before.name


def test_a_split_item_stands_in_parts_where_it_stood(pack: Pack, second_release: Pack) -> None:
    place = keys(pack.centre, "windows").index(LAND)
    assert tuple(keys(second_release.centre, "windows")[place : place + 2]) == PARTS


def test_what_is_retired_is_gone(pack: Pack, second_release: Pack) -> None:
    gone = set(keys(pack.centre, "items")) - set(keys(second_release.centre, "items"))
    assert gone == {OLD, "zhou:copying-form-help"}


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("retired:\n  items: [zhou:nowhere]\n", (2, 11), "「items」中沒有鍵「zhou:nowhere」，無從取消"),
        ("retired:\n  things: [zhou:nowhere]\n", (2, 3), "沒有「things」這個列表"),
        ("retired:\n  items: zhou:nowhere\n", (2, 3), "應為列表"),
        ("retired: [zhou:nowhere]\n", (1, 1), "應由「區段: 鍵的列表」組成"),
    ],
)
def test_what_cannot_be_retired_is_named_with_its_place(
    next_release: Next, text: str, place: tuple[int, int], message: str
) -> None:
    (fault,) = next_release(gone=text)
    assert (fault.file, fault.line, fault.column) == ("qianxinan-2/gone.yaml", *place)
    assert message in fault.message


def test_a_pack_that_extends_nothing_retires_nothing(broken_pack: Callable[[str, str, str], Path]) -> None:
    folder = broken_pack("budget.yaml", "envelope:", "retired: {items: [zhou:temporary-relief]}\nenvelope:")
    with pytest.raises(PackInvalid, match="才能取消其中的條目"):
        load_pack(folder)


def test_rule_c5_a_release_cannot_retire_what_is_required(next_release: Next) -> None:
    faults = next_release(gone="retired:\n  fixtures: [zhou:opinion-book]\n")
    assert any("屬必備" in fault.message for fault in faults)


def test_rule_j5_the_next_release_has_a_higher_number(next_release: Next) -> None:
    (fault,) = next_release("header:\n  id: qianxinan\n  extends: qianxinan\n")
    assert (fault.file, fault.line) == ("qianxinan-2/pack.yaml", 1)
    assert "版本號須大於上一版的第 1 版" in fault.message


def test_rule_f2_a_move_from_what_is_not_there_is_named_where_it_is_written(next_release: Next) -> None:
    text = "moves:\n  - {since: 2, section: items, origins: [zhou:nowhere], into: [zhou:somewhere]}\n"
    told = {fault.message: (fault.file, fault.line) for fault in next_release(moves=text)}
    assert told["上一版的「items」中沒有鍵「zhou:nowhere」，無從移動"] == ("qianxinan-2/moves.yaml", 2)


def test_what_still_points_at_a_moved_item_is_named_where_it_is_written(next_release: Next) -> None:
    text = f"moves:\n  - {{since: 2, section: windows, origins: [{LAND}], into: [zhou:ground]}}\n"
    told = {fault.file for fault in next_release(moves=text) if f"「{LAND}」" in fault.message}
    assert "qianxinan/items/06-land-housing.yaml" in told


@pytest.mark.parametrize(
    "moves", ["[1]", "[{origins: x, into: [y], section: items}]", "{}", "[{section: 1}]"]
)
def test_odd_moves_are_faults_and_end_nothing(next_release: Next, moves: str) -> None:
    assert any(fault.file == "qianxinan-2/moves.yaml" for fault in next_release(moves=f"moves: {moves}\n"))


def test_a_pack_of_another_identifier_keeps_its_own_header(next_release: Next) -> None:
    faults = next_release("header: {id: other, extends: qianxinan, release: 2}\n")
    assert any(fault.path == "header.title" for fault in faults)


def test_releases_are_found_by_their_folders_in_the_order_of_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "one-10", "one-2", "one-x", "two-3", "empty-2"):
        (tmp_path / name).mkdir()
        if name != "empty-2":
            (tmp_path / name / "pack.yaml").write_text("", encoding="utf-8")
    monkeypatch.setattr(tenant_templates, "files", lambda _package: tmp_path)
    assert tenant_templates.releases("one") == ("one", "one-2", "one-10")
    # Without its first release it is no later release of anything but a pack of that name.
    assert tenant_templates.pack_ids() == ("one", "one-x", "two-3")
    with pytest.raises(LookupError, match="沒有模板包「one-2」"):
        tenant_templates.releases("one-2")


def test_every_folder_of_a_release_is_what_its_name_says() -> None:
    for pack_id in tenant_templates.pack_ids():
        loaded = [
            load_pack(tenant_templates.pack_directory(name)) for name in tenant_templates.releases(pack_id)
        ]
        assert [pack.header.id for pack in loaded] == [pack_id] * len(loaded)
        assert [pack.header.release for pack in loaded] == [1, *range(2, len(loaded) + 1)]


# overlays ----------------------------------------------------------------------------------------------------


def overlay(**parts: Any) -> Overlay:
    return Overlay(county="522301", version=1, title="試", **parts)


@pytest.fixture
def demo(pack: Pack) -> Overlay:
    return load_overlay((PACK_FOLDER / "demo" / "522301.yaml").read_bytes(), "522301.yaml", pack)


def test_rule_f1_an_overlay_written_on_release_1_lays_over_release_2(
    second_release: Pack, demo: Overlay
) -> None:
    centre = resolve(second_release, demo, UnitKind.TOWN)
    assert part(centre, "items", NEW).legal_basis == ("縣級醫療保障部門公布的設定依據（演示）",)
    assert list(check_centre(centre)) == []


def test_rule_f1_the_county_is_the_cause_of_what_it_wrote_under_the_old_key(
    second_release: Pack, demo: Overlay
) -> None:
    standard = upstream(second_release, demo, UnitKind.TOWN)
    assert standard.layer(("items", NEW, "legal_basis")) == "縣"
    assert standard.layer(("items", NEW, "name")) == "州"


def test_rule_f1_a_split_gives_each_part_what_its_move_carries(second_release: Pack) -> None:
    county = overlay(change={"windows": {LAND: {"name": "國土規建窗口", "low_counter": True}}})
    centre = resolve(second_release, county, UnitKind.TOWN)
    first, other = (part(centre, "windows", key) for key in PARTS)
    assert (first.name, first.low_counter) == ("國土規建窗口", True)
    assert (other.name, other.low_counter) == ("住房建設窗口", True)


def test_rule_f1_what_an_overlay_points_at_a_split_window_points_at_its_parts(second_release: Pack) -> None:
    change = {
        "items": {"zhou:temporary-relief": {"windows": [LAND, "zhou:civil"]}},
        "objects": {"zhou:counter-1": {"window": LAND}},
    }
    centre = resolve(second_release, overlay(change=change), UnitKind.TOWN)
    assert part(centre, "items", "zhou:temporary-relief").windows == {*PARTS, "zhou:civil"}
    assert part(centre, "objects", "zhou:counter-1").window == PARTS[0]


def test_rule_f1_what_a_county_took_away_of_a_split_item_stays_away(second_release: Pack) -> None:
    gone = resolve(second_release, overlay(remove={"posts": ["zhou:post-land"]}), UnitKind.TOWN)
    assert not {"zhou:post-land-resources", "zhou:post-housing"} & set(keys(gone, "posts"))


def test_rule_f1_of_merged_items_one_is_taken_away_when_all_were() -> None:
    to = Following([move("a b", "c")])
    assert to.removed("items", ["zhou:a"]) == ()
    assert to.removed("items", ["zhou:a", "zhou:b", "zhou:x"]) == ("zhou:x", "zhou:c")
    assert to.change("items", {"zhou:b": {"scope": "乙", "result": "乙"}, "zhou:a": {"scope": "甲"}}) == {
        "zhou:c": {"scope": "甲", "result": "乙"}
    }


def test_rule_f4_an_overlay_follows_a_chain_of_moves() -> None:
    to = Following([move("b", "c d", since=3, scope="copy"), move("a", "b", since=2)])
    assert to.keys("items", "zhou:a") == ("zhou:c", "zhou:d")
    assert to.change("items", {"zhou:a": {"scope": "甲", "result": "乙"}}) == {
        "zhou:c": {"scope": "甲"},
        "zhou:d": {"scope": "甲"},
    }


def test_rule_f1_what_is_written_for_the_new_key_speaks_before_the_old() -> None:
    found = Following([move("a", "b")]).change(
        "items", {"zhou:a": {"scope": "舊"}, "zhou:b": {"scope": "新"}}
    )
    assert found == {"zhou:b": {"scope": "新"}}


def test_rule_e1_what_a_county_tightened_stays_tight_under_the_new_key(second_release: Pack) -> None:
    tight = overlay(
        tighten=(rule(f"windows[{LAND}].name", Policy.LOCKED), rule("envelope", Policy.BOUNDED, maximum=1))
    )
    standard = upstream(second_release, tight, UnitKind.TOWN)
    for key in PARTS:
        found = standard.rule(("windows", key, "name"))
        assert found is not None
        assert found.policy is Policy.LOCKED
    assert [one.path for one in followed(tight, second_release.moves).tighten][-1] == "envelope"


OVERLAY = "county: '522301'\nversion: 2\ntitle: 試\n"


def test_an_overlay_is_checked_where_its_keys_lead(second_release: Pack) -> None:
    fine = f"change:\n  items:\n    {OLD}:\n      scope: 某範圍\n"
    assert load_overlay(OVERLAY + fine, "522301.yaml", second_release).change["items"][OLD]
    wrong = fine.replace("某範圍", "1")
    with pytest.raises(PackInvalid) as refused:
        load_overlay(OVERLAY + wrong, "522301.yaml", second_release)
    (fault,) = refused.value.faults
    assert (fault.line, fault.column) == (7, 7)


def test_a_new_overlay_cannot_write_what_the_release_has_withdrawn(second_release: Pack) -> None:
    text = "change:\n  items:\n    zhou:copying-form-help:\n      scope: 某範圍\n"
    with pytest.raises(PackInvalid, match="沒有鍵「zhou:copying-form-help」"):
        load_overlay(OVERLAY + text, "522301.yaml", second_release)


def test_rule_a1_between_two_releases_a_county_keeps_what_it_wrote_of_a_moved_item(
    pack: Pack, second_release: Pack
) -> None:
    county = overlay(change={"items": {OLD: {"scope": "縣範圍"}}})
    found = county_standard(pack, county, second_release)
    assert not found.questions
    assert part(found.centre, "items", NEW).scope == "縣範圍"


def test_the_sample_of_the_next_release_says_only_what_it_fills_besides() -> None:
    unit, sample = load_sample(SECOND_FOLDER)
    first_unit, first = load_sample(PACK_FOLDER)
    assert unit == first_unit
    assert sample.profile == first.profile
    assert sample.change["items"] == first.change["items"]
    assert set(sample.change) - set(first.change) == {"regimes"}
