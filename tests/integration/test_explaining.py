"""Why a value is what it is, from the revisions that are stored: the operation, the command and the page."""

import datetime as dt
import json
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from provisioning.differences import patched
from provisioning.explanation import Status
from provisioning.places import PlaceUnknown
from provisioning.resolve import Layer
from provisioning.specs import Pack
from provisioning.tree import centre_tree, identical, value_at
from tests.fixtures.changes import move
from tests.fixtures.commands import BAD_INPUT, DONE, Run, few
from tests.fixtures.releases import LATER, evolved, released
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import HOME, SIBLING, Site
from townhall.audit.act import Act, host_act
from townhall.budget.amounts import amounts
from townhall.centres.apply import apply_plan, pinned, plan_unit, standard_for
from townhall.centres.deciding import accept, pin
from townhall.centres.edit import Edit, edit_centre, write_edit
from townhall.centres.explaining import NoCentreThen, end_of, why
from townhall.centres.models import Centre
from townhall.centres.recording import EDIT, Deed
from townhall.centres.rollback import roll_back
from townhall.centres.rows import require_centre
from townhall.documents.commission import centre_name
from townhall.units.models import Unit

ITEM = "zhou:temporary-relief"
PLACE = f"items[{ITEM}].result"
DAY = dt.timedelta(days=1)


def act(days: int, login: str = "主任", reason: str = "測試") -> Act:
    return host_act(login, MOMENT + days * DAY, reason)


def edit(session: Session, unit: Unit, field: str, value: object, by: Act) -> None:
    edit_centre(session, unit, [Edit("items", ITEM, field, value)], seen=None, act=by)


def upgrade(session: Session, unit: Unit, pack: Pack, by: Act) -> None:
    standard = standard_for(unit, released(session, pack), {})
    apply_plan(session, plan_unit(session, unit, standard), unit, standard, act=by, force="測試")


def test_rule_k1_the_person_the_moment_and_the_reason_are_those_of_the_revision(
    session: Session, unit: Unit
) -> None:
    edit(session, unit, "result", "本地的辦理結果", act(1, "甲主任", "縣局來函"))
    edit(session, unit, "scope", "另一處", act(2, "乙主任"))
    told = why(session, unit, PLACE).told
    won = told.winner
    assert (won.layer, won.value) == (Layer.TOWNSHIP, "本地的辦理結果")
    assert (won.actor, won.reason, won.moment, won.revision) == ("甲主任", "縣局來函", MOMENT + DAY, 2)


def test_rule_k1_what_has_won_is_what_the_rows_say(session: Session, unit: Unit, pack: Pack) -> None:
    edit(session, unit, "result", "本地的辦理結果", act(1))
    edit_centre(session, unit, [Edit("fixtures", "zhou:pen", "on_hand", 3)], seen=None, act=act(2))
    upgrade(session, unit, evolved(pack, ["items", ITEM, "scope", "州的新範圍"]), act(3))
    tree = centre_tree(require_centre(session, unit.code))
    for path in (("items", ITEM, "result"), ("items", ITEM, "scope"), ("fixtures", "zhou:pen", "on_hand")):
        place = f"{path[0]}[{path[1]}].{path[2]}"
        assert identical(why(session, unit, place).told.winner.value, value_at(tree, path))


def test_rule_k2_a_pin_and_an_accepted_deviation_are_told(session: Session, unit: Unit) -> None:
    pin(session, unit, ("items", ITEM, "scope"), act=act(1, "書記", "保持不變"))
    edit(session, unit, "result", "本地的辦理結果", act(2))
    accept(session, unit, ("items", ITEM, "result"), dt.date(2027, 1, 1), act=act(3, "縣平台", "同意試行"))
    pinned = why(session, unit, f"items[{ITEM}].scope").told
    assert [one.status for one in pinned.contributions] == [Status.WON, Status.PINNED]
    assert pinned.contributions[1].actor == "書記"
    assert "與標準不同已獲認可至2027年1月1日（同意試行）" in why(session, unit, PLACE).sentence


def test_rule_k3_an_earlier_day_is_told_as_it_was(session: Session, unit: Unit) -> None:
    edit(session, unit, "result", "甲", act(2))
    edit(session, unit, "result", "乙", act(4))
    assert why(session, unit, PLACE, MOMENT + 3 * DAY).told.winner.value == "甲"
    assert why(session, unit, PLACE, MOMENT + DAY).told.winner.layer is Layer.PREFECTURE
    assert why(session, unit, PLACE, end_of((MOMENT + 4 * DAY).date())).told.winner.value == "乙"
    with pytest.raises(NoCentreThen, match="當時尚未開通"):
        why(session, unit, PLACE, MOMENT - DAY)


def test_rule_k3_an_item_that_a_release_cancelled_names_the_release_and_its_day(
    session: Session, unit: Unit, pack: Pack
) -> None:
    upgrade(session, unit, evolved(pack, ["items", ITEM, "*", None]), act(200))
    answer = why(session, unit, f"items[{ITEM}]")
    assert (answer.told.winner.release, answer.told.winner.moment) == (2, LATER)
    assert "事項〔臨時救助申請〕現在沒有：州標準第 2 版（2026年9月1日發布）取消了這一項" in answer.sentence


def test_rule_k2_who_set_a_value_is_known_after_its_item_got_another_key(
    session: Session, unit: Unit, pack: Pack
) -> None:
    edit(session, unit, "result", "本地的辦理結果", act(1, "甲主任"))
    items = tuple(
        item.model_copy(update={"key": "zhou:relief"}) if item.key == ITEM else item
        for item in pack.centre.items
    )
    centre = pack.centre.model_copy(update={"items": items})
    moves = (move("temporary-relief", "relief"),)
    upgrade(session, unit, evolved(pack, centre=centre, moves=moves), act(2, "州平台"))
    won = why(session, unit, "items[zhou:relief].result").told.winner
    assert (won.value, won.actor, won.revision) == ("本地的辦理結果", "甲主任", 2)
    assert "由〔臨時救助申請〕承接" in why(session, unit, f"items[{ITEM}]").sentence


def test_rule_k3_after_a_rollback_who_took_it_back_is_named(session: Session, unit: Unit) -> None:
    edit(session, unit, "result", "甲", act(1))
    edit(session, unit, "result", "乙", act(2))
    roll_back(session, unit, 3, act=act(3, "丙", "改錯了"))
    won = why(session, unit, PLACE).told.winner
    assert (won.value, won.actor, won.revision) == ("甲", "丙", 4)


def test_rule_k3_an_own_order_is_explained_and_stands_in_no_items_way(session: Session, unit: Unit) -> None:
    centre = require_centre(session, unit.code)
    kept = [item.key for item in centre.items if item.key != "zhou:legal-consultation"]
    edits = [
        Edit("items", ITEM, "result", "本地的辦理結果"),
        Edit("profile", None, "slogan", "本地宗旨"),
    ]
    row = session.get_one(Centre, unit.code)
    after = patched(
        centre, [["items", "zhou:legal-consultation", "*", None], ["items", None, "order", kept[::-1]]]
    )
    write_edit(session, unit, row, pinned(session, unit).upstream, (centre, after), (), act(1), Deed(EDIT))
    edit_centre(session, unit, edits, seen=None, act=act(2))
    order = why(session, unit, "事項的排列次序").told.winner
    assert (order.layer, order.value, order.revision) == (Layer.TOWNSHIP, kept[::-1], 2)
    for place, revision in ((PLACE, 3), ("profile.slogan", 3), ("items[zhou:legal-consultation]", 2)):
        assert why(session, unit, place).told.winner.revision == revision


def test_rule_k3_derived_values_have_a_formula_and_their_inputs(
    session: Session, unit: Unit, pack: Pack
) -> None:
    centre = require_centre(session, unit.code)
    name = why(session, unit, "中心名稱")
    assert name.told.value == centre_name(unit.name, pack.header)
    assert name.told.inputs[0].value == "黃草街道"
    total = [why(session, unit, f"budget[{line.key}].amount").told for line in centre.budget]
    shares = amounts(centre.envelope, (line.share for line in centre.budget))
    assert [one.value for one in total] == [f"{share / 100:,.2f} 元" for share in shares]
    needed = why(session, unit, "fixtures[zhou:cabinet].required").told
    assert (needed.value, needed.inputs[0].value) == ("8 組", str(len(centre.windows)))
    assert why(session, unit, "readiness").told.formula


def test_an_unknown_place_names_near_ones_in_either_script(session: Session, unit: Unit) -> None:
    assert why(session, unit, "临时救助申请的办理结果").told.place == PLACE
    with pytest.raises(PlaceUnknown, match="中心名稱"):
        why(session, unit, "中心名称呢")
    with pytest.raises(PlaceUnknown, match=r"items\[zhou:temporary-relief\]\.result"):
        why(session, unit, f"items[{ITEM}].resalt")


# the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(run: Run, tmp_path: Path) -> Run:
    assert run("init").exit_code == DONE
    assert run("provision", "--units", few(tmp_path, 1)).exit_code == DONE
    return run


def test_the_command_explains_and_refuses(opened: Run) -> None:
    told = opened("explain", HOME, "熱線電話")
    assert told.exit_code == DONE, told.output
    assert "州標準第 1 版" in told.stdout
    data = json.loads(opened("explain", HOME, "items.order", "--json").stdout)
    assert data["path"] == "items.order"
    assert [one["status"] for one in data["contributions"]] == ["won"]
    assert data["value"] == data["contributions"][0]["value"]
    unknown = opened("explain", HOME, "profile.hotlin")
    assert unknown.exit_code == BAD_INPUT
    assert "profile.hotline" in unknown.stderr
    assert opened("explain", "522399999", "熱線電話").exit_code == BAD_INPUT
    assert opened("explain", HOME, "熱線電話", "--at", "2020-01-01").exit_code == BAD_INPUT


# the page ---------------------------------------------------------------------------------------------------------


def address(code: str, place: str, at: str = "") -> str:
    return f"/t/{code}/why?path={place}" + (f"&at={at}" if at else "")


@pytest.mark.parametrize(("language", "word"), [("hant", "採用"), ("hans", "采用"), ("en", "in force")])
def test_the_page_explains_in_the_readers_language(site: Site, language: str, word: str) -> None:
    page = site.browser("director", language).get(address(HOME, "profile.hotline"))
    assert word in page.text
    assert "profile.hotline" not in page.text


def test_the_panel_is_the_same_without_a_page_around_it(site: Site) -> None:
    browser = site.browser("director")
    whole = browser.client.get(address(HOME, PLACE)).get_data(as_text=True)
    panel = browser.client.get(address(HOME, PLACE), headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in panel
    sentence = panel.split('<p class="why-sentence">')[1].split("</p>")[0]
    assert sentence in whole


def test_unknown_places_and_days_are_answered_in_words(site: Site) -> None:
    browser = site.browser("director")
    unknown = browser.client.get(address(HOME, "profile.hotlin"))
    assert (unknown.status_code, "profile.hotline" in unknown.get_data(as_text=True)) == (404, True)
    assert browser.client.get(address(HOME, "profile.hotline", "2020-01-01")).status_code == 404
    assert browser.client.get(address(HOME, "profile.hotline", "gestern")).status_code == 400


def test_nothing_of_another_township_is_told(site: Site) -> None:
    with site.sessions.begin() as session:
        neighbour = session.get_one(Unit, f"{SIBLING}000")
        secret = Edit("profile", None, "hotline", "0000-7654321")
        edit_centre(session, neighbour, [secret], seen=None, act=act(1, "鄰居"))
    browser = site.browser("director")
    own = browser.client.get(address(HOME, "profile.hotline")).get_data(as_text=True)
    assert not any(word in own for word in ("7654321", "鄰居"))
    assert browser.client.get(address(SIBLING, "profile.hotline")).status_code == 404


PAGES = {
    "profile": "profile",
    "item": "items/zhou.temporary-relief",
    "windows": "windows",
    "fixtures": "fixtures",
    "regimes": "regimes",
    "budget": "budget",
}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_beside_a_field_leads_to_an_explanation(site: Site, name: str) -> None:
    browser = site.browser("director")
    found = [link for link in browser.get(f"/t/{HOME}/{PAGES[name]}").links() if "/why?" in link]
    assert found
    for link in dict.fromkeys(found[:12]):
        assert 'class="why-sentence"' in browser.client.get(link).get_data(as_text=True), link
