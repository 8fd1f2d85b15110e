"""Rules A: layers, kinds, identity, references, units and the canonical form."""

import itertools
import random
from typing import Any

import pytest
from pydantic import ValidationError

from provisioning.canonical import content_hash
from provisioning.itemrules import item_faults
from provisioning.layers import county_standard
from provisioning.moves import POINTERS
from provisioning.plan import Reason
from provisioning.planning import plan_centre
from provisioning.resolve import Layer, Upstream, upstream
from provisioning.schema import CENTRE, Kind, record
from provisioning.specs import Overlay, Pack, ServiceItem, UnitKind, Window
from provisioning.specs.centre import COLLECTIONS, MANUAL
from provisioning.tree import node_at
from provisioning.validate import references
from tests.fixtures.changes import OWN, UNIT, added, changed, part, plan, release, told

RELIEF, CABINET = "zhou:temporary-relief", "zhou:cabinet"


def second(pack: Pack, *changes: tuple[str, str, str, Any]) -> Pack:
    """Release 2 with some fields of some items changed."""
    centre = pack.centre
    for section, key, field, value in changes:
        centre = changed(centre, section, key, **{field: value})
    return pack.model_copy(update={"centre": centre, "header": pack.header.model_copy(update={"release": 2})})


def overlay(**more: Any) -> Overlay:
    return Overlay.model_validate({"county": "522301", "version": 1, "title": "試", **more})


def test_rule_a1_the_county_is_laid_over_the_prefecture_and_named_as_the_cause(pack: Pack) -> None:
    county = overlay(change={"fixtures": {CABINET: {"note": "縣說明"}}})
    base, target = (upstream(pack, layer, UnitKind.TOWN) for layer in (None, county))
    made = plan_centre(UNIT, base.centre, base, target)
    (action,) = made.changes.actions
    assert action.cause is Layer.COUNTY
    assert part(made.changes.after, "fixtures", CABINET).note == "縣說明"


def test_rule_a1_townships_wait_for_the_county_on_one_field_and_receive_the_rest(
    pack: Pack, standard: Upstream
) -> None:
    county = overlay(change={"fixtures": {CABINET: {"note": "縣說明"}}})
    new = second(pack, ("fixtures", CABINET, "note", "州說明"), ("items", RELIEF, "scope", "新範圍"))
    found = county_standard(pack, county, new)
    assert [touch.path for touch in found.questions] == [("fixtures", CABINET, "note")]
    assert found.waits(("fixtures", CABINET, "note"))
    assert not found.waits(("items", RELIEF, "scope"))
    before = upstream(pack, county, UnitKind.TOWN)
    made = plan(before.centre, before, release(standard, found.centre))
    assert told(made) == {f"items[{RELIEF}].scope": "TEMPLATE_CHANGED"}


def test_rule_a1_what_a_release_locks_is_no_question_to_the_county(pack: Pack) -> None:
    sign = "zhou:sign-window"
    old = part(pack.centre, "signs", sign).ground
    strayed = overlay(change={"signs": {sign: {"ground": "#123456"}}})
    found = county_standard(pack, strayed, second(pack, ("signs", sign, "ground", "#654321")))
    assert old != "#654321"
    assert not found.questions
    assert part(found.centre, "signs", sign).ground == "#654321"


def test_rule_a1_an_item_that_the_prefecture_cancels_stays_while_the_county_is_asked(pack: Pack) -> None:
    county = overlay(change={"items": {RELIEF: {"scope": "縣範圍"}}})
    items = tuple(item for item in pack.centre.items if item.key != RELIEF)
    new = pack.model_copy(update={"centre": pack.centre.model_copy(update={"items": items})})
    found = county_standard(pack, county, new)
    assert [touch.code for touch in found.questions] == ["CONFLICT_MD"]
    assert part(found.centre, "items", RELIEF).scope == "縣範圍"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (("profile",), Kind.RECORD),
        (("windows",), Kind.COLLECTION),
        (("items", RELIEF), Kind.RECORD),
        (("items", RELIEF, "windows"), Kind.SET),
        (("items", RELIEF, "materials"), Kind.COLLECTION),
        (("items", RELIEF, "conditions"), Kind.ATOMIC),
        (("items", RELIEF, "promised_limit"), Kind.ATOMIC),
        (("envelope",), Kind.ATOMIC),
    ],
)
def test_rule_a2_every_place_has_one_kind(path: tuple[str, ...], kind: Kind) -> None:
    assert node_at(path).kind is kind


def test_rule_a2_what_is_derived_has_no_place_in_a_configuration(standard: Upstream) -> None:
    """Ex: 中心名稱 is derived from the name of the unit, so no release and no township can change it."""
    assert "name" not in CENTRE.fields["profile"].fields
    with pytest.raises(KeyError):
        node_at(("profile", "centre_name"))
    with pytest.raises(ValidationError):
        type(standard.centre.profile).model_validate(
            {**dict(standard.centre.profile), "centre_name": "某中心"}
        )


def test_rule_a3_a_new_name_is_one_changed_field_of_the_same_item(standard: Upstream) -> None:
    """Ex: renaming 「民政窗口」→「民政事務窗口」 changes one field; identity stays."""
    base = changed(standard.centre, "windows", "zhou:civil", name="民政窗口")
    renamed = changed(base, "windows", "zhou:civil", name="民政事務窗口")
    made = plan(base, release(standard, base, number=1), release(standard, renamed))
    assert told(made) == {"windows[zhou:civil].name": "TEMPLATE_CHANGED"}


def test_rule_a3_the_key_is_no_field_and_carries_the_layer_that_made_it() -> None:
    assert all("key" not in record(model).fields for model in COLLECTIONS.values())
    with pytest.raises(ValidationError):
        Window(key="civil", number=1, name="民政窗口")


def test_rule_a4_two_windows_of_one_number_are_named_with_their_layers_and_the_remedies(
    standard: Upstream,
) -> None:
    ours = added(standard.centre, "windows", "zhou:civil", f"{OWN}own", number=9, name="本地窗口")
    theirs = added(standard.centre, "windows", "zhou:civil", "zhou:new", number=9, name="新窗口")
    made = plan(ours, standard, release(standard, theirs))
    (error,) = made.errors
    assert error.reason is Reason.UNIQUE_COLLISION
    assert "「新窗口」（州）" in error.sentence
    assert "「本地窗口」（鄉）" in error.sentence
    assert error.sentence.endswith("可以改號、認領或合併")
    assert not made.applicable


def test_rule_a4_two_items_of_one_code_collide(standard: Upstream) -> None:
    first, other = standard.centre.items[:2]
    coded = changed(standard.centre, "items", first.key, code="A-1")
    ours = changed(coded, "items", other.key, code="A-1")
    reasons = {found.reason: found.detail for found in plan(ours, standard, standard).errors}
    assert "事項編碼 A-1" in reasons[Reason.UNIQUE_COLLISION]


def test_rule_a5_a_reference_to_what_the_result_lacks_is_broken(standard: Upstream) -> None:
    post = standard.centre.posts[0].key
    ours = changed(standard.centre, "posts", post, window="zhou:civil")
    windows = tuple(window for window in standard.centre.windows if window.key != "zhou:civil")
    items = tuple(
        item.model_copy(update={"windows": frozenset({"zhou:general"})})
        if "zhou:civil" in item.windows
        else item
        for item in standard.centre.items
    )
    theirs = standard.centre.model_copy(update={"windows": windows, "items": items})
    made = plan(ours, standard, release(standard, theirs))
    assert Reason.REF_BROKEN in {found.reason for found in made.errors}
    assert f"posts[{post}].window" in {found.path for found in made.errors}


def test_rule_a6_moving_an_item_to_another_window_is_a_change_of_one_field(standard: Upstream) -> None:
    moved = changed(standard.centre, "items", RELIEF, windows=["zhou:general"])
    made = plan(standard.centre, standard, release(standard, moved))
    assert told(made) == {f"items[{RELIEF}].windows": "TEMPLATE_CHANGED"}


def test_rule_a6_nothing_points_at_its_own_kind_so_that_there_is_no_cycle() -> None:
    targets = set(POINTERS)
    sources = {source for pointers in POINTERS.values() for source, _, _ in pointers}
    assert not sources & targets


@pytest.mark.parametrize("section", POINTERS)
def test_rule_a5_every_pointer_that_moves_follow_is_a_checked_reference(
    standard: Upstream, section: str
) -> None:
    for source, field, prefix in POINTERS[section]:
        item = getattr(standard.centre, source)[0]
        many = isinstance(getattr(item, field), frozenset)
        value = ["zhou:nowhere"] if many else f"{prefix}zhou:nowhere"
        broken = changed(standard.centre, source, item.key, **{field: value})
        assert any("zhou:nowhere" in text for _, text in references(broken)), (source, field)


def test_rule_a7_limits_in_different_units_are_a_fault_and_not_a_difference(standard: Upstream) -> None:
    item = part(standard.centre, "items", RELIEF).model_dump(mode="json")
    limits = {"legal_limit": {"days": 20, "unit": "工作日"}, "promised_limit": {"days": 25, "unit": "自然日"}}
    texts = [text for _, text in item_faults(ServiceItem.model_validate({**item, **limits}))]
    assert any("單位不同" in text for text in texts)
    assert not any("超過法定時限" in text for text in texts)


@pytest.mark.parametrize("amount", [1.5, "100", True, -1])
def test_rule_a7_money_is_whole_fen(standard: Upstream, amount: Any) -> None:
    with pytest.raises(ValidationError):
        changed(standard.centre, "envelope", None, **{"*": amount})


def test_rule_a8_a_configuration_read_in_another_order_has_the_same_hash(standard: Upstream) -> None:
    shuffle = random.Random(4711).shuffle
    for section in sorted(COLLECTIONS.keys() - MANUAL):
        items = list(getattr(standard.centre, section))
        shuffle(items)
        turned = standard.centre.model_copy(update={section: tuple(items)})
        assert content_hash(turned) == standard.revision, section


def test_rule_a8_any_change_has_another_hash(standard: Upstream) -> None:
    seen = {standard.revision}
    for key, field in itertools.product((RELIEF, "zhou:old-age-allowance"), ("scope", "description")):
        seen.add(content_hash(changed(standard.centre, "items", key, **{field: "另一內容"})))
    assert len(seen) == 5
