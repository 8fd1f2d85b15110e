"""Local edits hold the policies, make revisions, and lose nothing of anybody."""

import re
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.differences import patched
from provisioning.specs import CentreSpec, Pack
from tests.fixtures.changes import keys, part
from tests.fixtures.databases import counted
from tests.fixtures.standards import MOMENT, TOWNSHIPS
from townhall.audit.act import host_act
from townhall.centres.apply import apply_plan, pinned, plan_unit, standard_for
from townhall.centres.arranging import brought_back
from townhall.centres.deciding import follow_standard
from townhall.centres.edit import (
    Edit,
    EditRefused,
    addition,
    comeback,
    edit_centre,
    local_key,
    ordering,
    removal,
)
from townhall.centres.models import Centre, Revision
from townhall.centres.provision import plans
from townhall.centres.replay import replay
from townhall.centres.rows import require_centre
from townhall.standards.operations import publish_release
from townhall.units.models import Unit
from townhall.units.operations import ensure_units
from townhall.units.sheet import read_sheet


def edit(session: Session, unit: Unit, *edits: Edit, seen: str | None = None) -> int:
    return edit_centre(session, unit, edits, seen=seen, act=host_act("主任", MOMENT, "測試"))


RELIEF = "zhou:temporary-relief"
HOTLINE = Edit("profile", None, "hotline", "0000-1234567（演示）")


def test_an_edit_is_read_back_and_makes_a_revision(session: Session, unit: Unit) -> None:
    assert edit(session, unit, HOTLINE, Edit("fixtures", "zhou:cabinet", "on_hand", 2)) == 2
    centre = require_centre(session, unit.code)
    assert centre.profile.hotline == "0000-1234567（演示）"
    assert next(fixture.on_hand for fixture in centre.fixtures if fixture.key == "zhou:cabinet") == 2
    assert session.get_one(Centre, unit.code).content_hash == content_hash(centre)


def test_rule_m4_every_revision_can_be_rebuilt_from_its_difference(session: Session, unit: Unit) -> None:
    edit(session, unit, HOTLINE)
    edit(session, unit, Edit("items", "zhou:temporary-relief", "description", "本地說明"))
    standard = pinned(session, unit).upstream.centre
    revisions = session.scalars(
        select(Revision).where(Revision.unit_id == unit.code).order_by(Revision.number)
    )
    hashes = [
        (content_hash(patched(standard, revision.changes)), revision.content_hash) for revision in revisions
    ]
    assert len(hashes) == 3
    assert all(rebuilt == recorded for rebuilt, recorded in hashes)


def test_an_edit_that_changes_nothing_makes_no_revision(session: Session, unit: Unit) -> None:
    edit(session, unit, HOTLINE)
    assert edit(session, unit, HOTLINE) == 2


def test_rule_e8_an_edit_of_what_is_locked_is_refused_with_the_reason_and_nothing_is_written(
    session: Session, unit: Unit
) -> None:
    before = require_centre(session, unit.code)
    with pytest.raises(EditRefused, match="由上級統一規定（鎖定），不得改動") as refused:
        edit(session, unit, HOTLINE, Edit("signs", "zhou:sign-centre", "ground", "#ff0000"))
    assert len(refused.value.reasons) == 1
    assert require_centre(session, unit.code) == before


def test_rule_e4_an_edit_beyond_its_bound_is_refused(session: Session, unit: Unit) -> None:
    limit = {"days": 60, "unit": "工作日"}
    with pytest.raises(EditRefused, match="「承諾時限」不得超過 7 天"):
        edit(session, unit, Edit("items", "zhou:temporary-relief", "promised_limit", limit))


def test_rule_e3_a_mandatory_field_cannot_be_emptied(session: Session, unit: Unit) -> None:
    with pytest.raises(EditRefused, match="「申報材料」必須保留"):
        edit(session, unit, Edit("items", "zhou:temporary-relief", "materials", []))


@pytest.mark.parametrize(
    "wrong",
    [
        Edit("nothing", None, "name", "x"),
        Edit("windows", None, "order", ["zhou:civil"]),
        Edit("windows", None, "name", "x"),
        Edit("windows", "zhou:nowhere", "name", "x"),
        removal("windows", "zhou:nowhere"),
        removal("profile", "zhou:civil"),
        ordering("fixtures", ["zhou:cabinet"]),
        ordering("profile", []),
        Edit("windows", None, "order", "zhou:civil"),
        Edit("windows", "xiang:522301001:own", "*", "x"),
        Edit("windows", "xiang:522301001:own", "*", {"key": "xiang:522301001:other"}),
        Edit("windows", "zhou:civil", "key", "zhou:other"),
        Edit("windows", "zhou:civil", "nothing", None),
        Edit("profile", "zhou:civil", "hotline", "x"),
        Edit("envelope", None, "hotline", 1),
    ],
)
def test_an_edit_of_what_is_not_there_is_refused_in_words(session: Session, unit: Unit, wrong: Edit) -> None:
    with pytest.raises(EditRefused, match="沒有可以修改的"):
        edit(session, unit, wrong)


def test_an_edit_of_the_wrong_type_is_refused_in_words(session: Session, unit: Unit) -> None:
    with pytest.raises(EditRefused, match="現有數量：應為整數"):
        edit(session, unit, Edit("fixtures", "zhou:cabinet", "on_hand", "兩個"))


def test_an_edit_that_breaks_a_reference_is_refused(session: Session, unit: Unit) -> None:
    with pytest.raises(EditRefused, match="沒有鍵為「zhou:nowhere」的窗口"):
        edit(session, unit, Edit("items", "zhou:temporary-relief", "windows", ["zhou:nowhere"]))


def test_whoever_saves_second_is_told_and_loses_nothing(session: Session, unit: Unit) -> None:
    seen = session.get_one(Centre, unit.code).content_hash
    edit(session, unit, HOTLINE, seen=seen)
    with pytest.raises(EditRefused, match="他人已修改"):
        edit(session, unit, Edit("profile", None, "address", "別處"), seen=seen)
    assert require_centre(session, unit.code).profile.hotline == HOTLINE.value


def test_rule_b3_a_plan_after_local_edits_keeps_them(session: Session, unit: Unit) -> None:
    edit(session, unit, HOTLINE)
    plan = plan_unit(session, unit, pinned(session, unit))
    assert not plan
    assert [action.sentence for action in plan.changes.actions] == [
        "中心基本信息的熱線電話：標準為待填，本地為「0000-1234567（演示）」，本地內容保留"
    ]


@pytest.mark.parametrize("complaint", ["0000-1234567（演示）", "００００ 1234567"])
def test_the_complaint_phone_cannot_be_the_hotline_however_it_is_written(
    session: Session, unit: Unit, complaint: str
) -> None:
    with pytest.raises(EditRefused, match="監督投訴電話不得與熱線電話相同"):
        edit(session, unit, HOTLINE, Edit("profile", None, "complaint_phone", complaint))


def test_two_windows_swap_their_numbers_in_one_edit(session: Session, unit: Unit) -> None:
    first, second = require_centre(session, unit.code).windows[:2]
    edit(
        session,
        unit,
        Edit("windows", first.key, "number", second.number),
        Edit("windows", second.key, "number", first.number),
    )
    numbers = {window.key: window.number for window in require_centre(session, unit.code).windows}
    assert (numbers[first.key], numbers[second.key]) == (second.number, first.number)


def added_item(session: Session, unit: Unit, own: str, **fields: Any) -> Edit:
    """A further item like the one for temporary relief, under a key of the township's own."""
    item = part(require_centre(session, unit.code), "items", RELIEF)
    return addition("items", item.model_copy(update={"key": local_key(unit, own), **fields}))


def written_and_replayed(session: Session, unit: Unit) -> CentreSpec:
    """The rows of a centre, once they are the same as what its audit leads to (rule O2)."""
    centre = require_centre(session, unit.code)
    replayed = replay(session, unit)
    assert replayed is not None
    assert content_hash(replayed) == content_hash(centre) == session.get_one(Centre, unit.code).content_hash
    return centre


def test_rule_o2_what_a_township_takes_away_is_gone_and_its_audit_says_so(
    session: Session, unit: Unit
) -> None:
    assert edit(session, unit, removal("items", RELIEF)) == 2
    assert RELIEF not in keys(written_and_replayed(session, unit), "items")


def test_rule_o2_what_a_township_adds_comes_last_and_its_audit_says_so(session: Session, unit: Unit) -> None:
    edit(session, unit, added_item(session, unit, "market-stall", name="集市攤位登記（演示）"))
    assert keys(written_and_replayed(session, unit), "items")[-1] == "xiang:522301001:market-stall"


def test_rule_o2_windows_stand_in_the_order_of_the_township(session: Session, unit: Unit) -> None:
    turned = keys(require_centre(session, unit.code), "windows")[::-1]
    window = require_centre(session, unit.code).windows[0]
    own = window.model_copy(update={"key": local_key(unit, "own"), "number": 20})
    edit(session, unit, addition("windows", own), ordering("windows", turned))
    assert keys(written_and_replayed(session, unit), "windows") == [*turned, own.key]


def test_rule_c2_what_was_taken_away_stays_away_without_a_question(session: Session, unit: Unit) -> None:
    edit(session, unit, removal("items", RELIEF))
    plan = plan_unit(session, unit, pinned(session, unit))
    assert not plan
    assert [action.reason for action in plan.changes.actions] == ["LOCAL_REMOVAL_KEPT"]


@pytest.mark.parametrize(
    ("section", "key", "reason"),
    [
        ("fixtures", "zhou:cabinet", "「檔案櫃」必須保留，不得刪除或留空：檔案櫃是硬件標準列明的必備設施"),
        ("regimes", "zhou:first-inquiry", "「首問責任制」必須保留"),
        ("signs", "zhou:sign-centre", "「中心標牌」必須保留"),
    ],
)
def test_rule_c5_what_is_required_cannot_be_taken_away_and_the_rule_is_told(
    session: Session, unit: Unit, section: str, key: str, reason: str
) -> None:
    before = require_centre(session, unit.code)
    with pytest.raises(EditRefused, match=re.escape(reason)):
        edit(session, unit, HOTLINE, removal(section, key))
    assert require_centre(session, unit.code) == before


def test_rule_a5_a_window_cannot_be_taken_away_while_anything_points_at_it(
    session: Session, unit: Unit
) -> None:
    with pytest.raises(EditRefused, match="沒有鍵為「zhou:land」的窗口"):
        edit(session, unit, removal("windows", "zhou:land"))


def test_rule_a3_what_a_township_adds_carries_its_name(session: Session, unit: Unit) -> None:
    item = part(require_centre(session, unit.code), "items", RELIEF)
    for key in ("zhou:mine", "xian:522301:mine", "xiang:522301002:mine"):
        with pytest.raises(EditRefused, match="須以 xiang:522301001: 開頭"):
            edit(session, unit, addition("items", item.model_copy(update={"key": key})))


def test_rule_a3_a_key_is_never_used_again(session: Session, unit: Unit) -> None:
    own = added_item(session, unit, "stall", name="攤位登記（演示）")
    edit(session, unit, own)
    with pytest.raises(EditRefused, match="已經用過，不得再用"):
        edit(session, unit, own)
    edit(session, unit, removal("items", own.key or ""))
    with pytest.raises(EditRefused, match="已經用過，不得再用"):
        edit(session, unit, own)
    twice = added_item(session, unit, "once", name="一")
    with pytest.raises(EditRefused, match="已經用過，不得再用"):
        edit(session, unit, twice, twice)


def test_rule_e2_an_added_sign_cannot_have_a_style_of_its_own(session: Session, unit: Unit) -> None:
    sign = part(require_centre(session, unit.code), "signs", "zhou:sign-zone")
    own = sign.model_copy(update={"key": local_key(unit, "sign")})
    with pytest.raises(EditRefused, match="由上級統一規定（鎖定）"):
        edit(session, unit, addition("signs", own))


def test_rule_a4_an_added_window_needs_a_number_of_its_own(session: Session, unit: Unit) -> None:
    window = require_centre(session, unit.code).windows[0]
    with pytest.raises(EditRefused, match="窗口號 1 已由"):
        edit(session, unit, addition("windows", window.model_copy(update={"key": local_key(unit, "own")})))


def test_what_was_taken_away_comes_back_from_the_standard(session: Session, unit: Unit) -> None:
    """Also where its fields are locked: they are the standard's own."""
    edit(session, unit, removal("signs", "zhou:sign-zone"))
    follow_standard(session, unit, ("signs", "zhou:sign-zone"), act=host_act("主任", MOMENT))
    assert "zhou:sign-zone" in keys(written_and_replayed(session, unit), "signs")


def test_rule_a3_what_comes_back_is_the_same_item_at_its_place(session: Session, unit: Unit) -> None:
    edit(session, unit, Edit("items", RELIEF, "result", "本地的辦理結果"))
    before = require_centre(session, unit.code)
    edit(session, unit, removal("items", RELIEF))
    edit(session, unit, *brought_back(require_centre(session, unit.code), "items", RELIEF, before))
    assert written_and_replayed(session, unit) == before


def test_rule_a3_an_own_item_comes_back_but_nothing_that_was_never_here(session: Session, unit: Unit) -> None:
    own = added_item(session, unit, "stall", name="攤位登記（演示）")
    edit(session, unit, own)
    item = part(require_centre(session, unit.code), "items", own.key or "")
    with pytest.raises(EditRefused, match="沒有可以恢復的內容"):
        edit(session, unit, comeback("items", item))
    edit(session, unit, removal("items", item.key))
    edit(session, unit, comeback("items", item))
    assert part(written_and_replayed(session, unit), "items", item.key) == item
    stranger = item.model_copy(update={"key": local_key(unit, "stranger")})
    with pytest.raises(EditRefused, match="沒有可以恢復的內容"):
        edit(session, unit, comeback("items", stranger))


def test_rule_d1_what_is_added_stands_where_the_order_names_it(session: Session, unit: Unit) -> None:
    standing = keys(require_centre(session, unit.code), "items")
    own = added_item(session, unit, "stall", name="攤位登記（演示）")
    edit(session, unit, own, ordering("items", [own.key or "", *standing]))
    assert keys(written_and_replayed(session, unit), "items") == [own.key, *standing]


def test_plans_over_edited_centres_cost_no_query_more_for_each(session: Session, pack: Pack) -> None:
    units = ensure_units(session, pack.header, read_sheet(TOWNSHIPS).townships[:3], "")
    release = publish_release(session, pack, MOMENT)
    for unit in units:
        standard = standard_for(unit, release, {})
        apply_plan(session, plan_unit(session, unit, standard), unit, standard, act=host_act("測試", MOMENT))
        edit(session, unit, HOTLINE)
    counts = []
    for chosen in (units[:1], units):
        session.expunge_all()
        with counted(session) as statements:
            found = [plan for plan, _, _ in plans(session, chosen, release, {})]
        assert all(len(plan.changes.actions) == 1 for plan in found)
        counts.append(len(statements))
    assert counts[0] == counts[1]
