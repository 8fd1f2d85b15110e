"""Adding, taking away, bringing back and ordering items and windows on the pages, without scripts."""

from typing import Any

import pytest

from provisioning.canonical import canonical
from provisioning.specs import Pack, PolicyRule, is_blank
from provisioning.specs.pack import Policy
from tests.fixtures.changes import keys, part
from tests.fixtures.checking import Browser, Page
from tests.fixtures.releases import evolved, released
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import HOME, Site
from townhall.audit.act import host_act
from townhall.centres.apply import apply_plan, plan_unit, standard_for
from townhall.centres.edit import Edit, edit_centre
from townhall.centres.models import Centre
from townhall.centres.readiness import blank_fields
from townhall.centres.rows import require_centre
from townhall.standards.operations import newest_overlays
from townhall.units.models import Unit

UNIT, RELIEF = f"{HOME}000", "zhou:temporary-relief"
ITEMS, WINDOWS = f"/t/{HOME}/arrange/items", f"/t/{HOME}/arrange/windows"
HERE = f"{ITEMS}/zhou.temporary-relief"
OWN = f"xiang:{HOME}:own-1"
FORM = {
    "name": "集市攤位登記（虛構）",
    "category": "市場稅務",
    "windows": "zhou:civil",
    "targets": "自然人",
    "item_type": "公共服務",
    "description": "為趕集的群眾登記攤位",
    "scope": "本鄉集市",
    "conditions": "在本鄉集市擺攤",
    "materials": "居民身份證/戶口簿／本人\n攤位示意圖",
    "steps": "登記／綜合窗口／核對身份並登記",
    "case_type": "承諾件",
    "fee": "waits",
    "result": "攤位登記憑條",
    "delivery": "當場領取",
}


def spec(site: Site) -> Any:
    with site.sessions() as session:
        return require_centre(session, UNIT)


def seen(site: Site) -> str:
    with site.sessions() as session:
        return session.get_one(Centre, UNIT).content_hash


def send(browser: Browser, page: Page, to: str, status: int = 303, **form: Any) -> Page:
    """What a form of a page sends: its token, and what was being looked at."""
    known = {name: page.find("input", name=name)[0].attrib["value"] for name in ("csrf_token", "seen")}
    return browser.post(to, known | form, status)


def follow(browser: Browser, page: Page) -> Page:
    return browser.get(page.response.headers["Location"].partition("#")[0])


def edited_elsewhere(site: Site) -> None:
    with site.sessions.begin() as session:
        edit = Edit("profile", None, "hotline", "0000-7654321（虛構）")
        edit_centre(session, session.get_one(Unit, UNIT), [edit], seen=None, act=host_act("他人", MOMENT))


def category(site: Site) -> list[str]:
    """The keys of the items that stand together with the one for temporary relief."""
    return [item.key for item in spec(site).items if item.category == "民政事務"]


def test_an_item_moves_one_place_among_its_category_and_keeps_the_focus(site: Site) -> None:
    browser, before = site.browser("director"), category(site)
    assert before.index(RELIEF) == 1
    page = browser.get(ITEMS)
    told = send(browser, page, f"{ITEMS}/order", up=RELIEF)
    assert category(site) == [RELIEF, before[0], *before[2:]]
    page = follow(browser, told)
    (focused,) = [button for button in page.find("button") if "autofocus" in button.attrib]
    # At the top there is no way up, so the way down has the focus.
    assert (focused.attrib["name"], focused.attrib["value"]) == ("down", RELIEF)
    send(browser, page, f"{ITEMS}/order", down=RELIEF)
    assert category(site) == before


def test_the_first_of_a_category_does_not_leave_it(site: Site) -> None:
    browser, before = site.browser("director"), spec(site)
    page = browser.get(ITEMS)
    last = category(site)[-1]
    send(browser, page, f"{ITEMS}/order", down=last)
    assert spec(site) == before
    ways = {
        button.attrib.get("name") for button in page.find("button", value=last) if "disabled" in button.attrib
    }
    assert ways == {"down"}


def test_windows_move_by_the_same_page(site: Site) -> None:
    browser, before = site.browser("director"), keys(spec(site), "windows")
    send(browser, browser.get(WINDOWS), f"{WINDOWS}/order", down=before[0])
    assert keys(spec(site), "windows") == [before[1], before[0], *before[2:]]


def test_whoever_arranges_second_is_told_and_nothing_is_moved_removed_or_added(site: Site) -> None:
    browser = site.browser("director")
    page, form = browser.get(ITEMS), browser.get(f"{ITEMS}/new")
    edited_elsewhere(site)
    before = spec(site)
    for to, fields in (("order", {"up": RELIEF}), ("zhou.temporary-relief/remove", {})):
        assert "他人已修改" in send(browser, page, f"{ITEMS}/{to}", 422, **fields).text
    assert "他人已修改" in send(browser, form, f"{ITEMS}/new", 422, **FORM).text
    assert spec(site) == before


def test_a_removal_is_confirmed_by_name_and_undone_by_a_button(site: Site) -> None:
    browser = site.browser("director")
    send(browser, browser.get(ITEMS), f"{ITEMS}/order", up=RELIEF)
    with site.sessions.begin() as session:
        edit = Edit("items", RELIEF, "result", "本地的辦理結果")
        edit_centre(session, session.get_one(Unit, UNIT), [edit], seen=None, act=host_act("主任", MOMENT))
    before = spec(site)
    page = browser.get(f"{HERE}/remove")
    assert "移除〔臨時救助申請〕" in page.text
    page = follow(browser, send(browser, page, f"{HERE}/remove"))
    assert "已移除〔臨時救助申請〕" in page.text
    assert RELIEF not in keys(spec(site), "items")
    (undo,) = page.find("input", name="revision")
    send(browser, page, f"{HERE}/back", revision=undo.attrib["value"])
    assert spec(site) == before


def test_an_undo_is_no_longer_offered_once_somebody_has_changed_something(site: Site) -> None:
    browser = site.browser("director")
    told = send(browser, browser.get(f"{HERE}/remove"), f"{HERE}/remove")
    page = follow(browser, told)
    edited_elsewhere(site)
    number = page.find("input", name="revision")[0].attrib["value"]
    assert "他人已修改" in send(browser, page, f"{HERE}/back", 422, revision=number).text
    assert not follow(browser, told).find("input", name="revision")


def test_a_removed_item_of_the_standard_comes_back_as_the_standard_has_it_at_its_place(site: Site) -> None:
    browser, before = site.browser("director"), spec(site)
    send(browser, browser.get(f"{HERE}/remove"), f"{HERE}/remove")
    page = browser.get(ITEMS)
    assert "標準有、本中心已移除的" in page.text
    send(browser, page, f"{HERE}/back")
    assert spec(site) == before
    assert "本中心已移除的" not in browser.get(ITEMS).text
    assert "內容已有變動" in send(browser, browser.get(ITEMS), f"{ITEMS}/zhou.nothing/back", 422).text
    assert "沒有可以恢復的內容" in send(browser, browser.get(ITEMS), f"{HERE}/back", 422).text


def test_a_window_that_items_need_says_why_it_stays(site: Site) -> None:
    browser = site.browser("director")
    page = browser.get(f"{WINDOWS}/zhou.civil/remove")
    needing = sum("zhou:civil" in item.windows for item in spec(site).items)
    assert needing
    assert f"還有事項 {needing} 處、大廳物件 1 處、崗位 1 處用到它，須先改動這些內容" in page.text
    assert not [form for form in page.find("form") if form.attrib["action"].endswith("/remove")]


def test_rule_c5_a_required_item_says_by_which_rule_it_stays(site: Site, pack: Pack) -> None:
    must = PolicyRule(
        path=f"items[{RELIEF}]", policy=Policy.MANDATORY, reason="全州必辦", source="州（虛構）"
    )
    with site.sessions.begin() as session:
        unit, act = session.get_one(Unit, UNIT), host_act("測試", MOMENT, "測試")
        release = released(session, evolved(pack, policies=(*pack.policies, must)))
        standard = standard_for(unit, release, newest_overlays(session, release))
        apply_plan(session, plan_unit(session, unit, standard), unit, standard, act=act, force="測試")
    browser, told = site.browser("director"), "「臨時救助申請」必須保留，不得刪除或留空：全州必辦"
    page = browser.get(f"{HERE}/remove")
    assert told in page.text
    assert not [form for form in page.find("form") if form.attrib["action"].endswith("/remove")]
    assert told in send(browser, browser.get(ITEMS), f"{HERE}/remove", 422).text
    assert RELIEF in keys(spec(site), "items")


def test_an_own_item_begins_with_blanks_where_law_would_have_to_be_invented(site: Site) -> None:
    browser = site.browser("director")
    page = follow(browser, send(browser, browser.get(f"{ITEMS}/new"), f"{ITEMS}/new", **FORM))
    assert "集市攤位登記" in page.text
    item = part(spec(site), "items", OWN)
    assert set(blank_fields(item)) == {
        *("legal_basis", "legal_limit", "accepting_body", "deciding_body", "remedies"),
        *("promised_limit", "fee"),
    }
    assert (item.optional, item.visits, [one.source for one in item.materials]) == (
        True,
        0,
        ["本人", "申請人自備"],
    )
    assert item.materials[0].name == "居民身份證/戶口簿"
    alike = [one.key for one in spec(site).items if one.category == "市場稅務"]
    places = [place for place, one in enumerate(spec(site).items) if one.category == "市場稅務"]
    assert alike[-1] == OWN
    assert places == [*range(places[0], places[0] + len(places))]


def test_what_is_done_on_the_spot_takes_no_days_and_what_is_free_is_a_statement(site: Site) -> None:
    browser = site.browser("director")
    given = FORM | {"case_type": "即辦件", "fee": "free", "visit_reason": "當面簽字"}
    send(browser, browser.get(f"{ITEMS}/new"), f"{ITEMS}/new", **given)
    item = part(spec(site), "items", OWN)
    assert canonical(item.promised_limit) == {"days": 0, "unit": "工作日"}
    assert (item.fee.free, item.visits, item.visit_reason) == (True, 1, "當面簽字")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": ""}, "帶 * 的各項都要填寫"),
        ({"windows": []}, "帶 * 的各項都要填寫"),
        ({"windows": "zhou:nowhere"}, "沒有鍵為「zhou:nowhere」的窗口"),
        ({"category": "其他"}, "類別：應為其中之一"),
        ({"steps": "登記"}, "步驟、經辦人、內容"),
        ({"days": "xx"}, "整數天數"),
        ({"days": "0"}, "即辦件的承諾時限應為當場辦結"),
        ({"days": "5", "unit": "年"}, "應為其中之一"),
        ({"result": "\x00"}, "不可見的控制字符"),
    ],
)
def test_what_is_no_item_is_refused_and_the_form_keeps_what_was_typed(
    site: Site, wrong: dict[str, Any], told: str
) -> None:
    browser, before = site.browser("director"), spec(site)
    page = send(browser, browser.get(f"{ITEMS}/new"), f"{ITEMS}/new", 422, **FORM | wrong)
    assert told in page.text
    assert "為趕集的群眾登記攤位" in page.text
    assert spec(site) == before


def test_rule_a3_an_own_item_that_was_removed_keeps_its_key_to_itself(site: Site) -> None:
    browser = site.browser("director")
    send(browser, browser.get(f"{ITEMS}/new"), f"{ITEMS}/new", **FORM)
    own = f"{ITEMS}/xiang.{HOME}.own-1"
    assert "標準中沒有" in browser.get(f"{own}/remove").text
    page = follow(browser, send(browser, browser.get(f"{own}/remove"), f"{own}/remove"))
    assert OWN not in keys(spec(site), "items")
    send(browser, page, f"{own}/back", revision=page.find("input", name="revision")[0].attrib["value"])
    assert OWN in keys(spec(site), "items")
    send(browser, browser.get(f"{own}/remove"), f"{own}/remove")
    send(browser, browser.get(f"{ITEMS}/new"), f"{ITEMS}/new", **FORM)
    assert keys(spec(site), "items").count(f"xiang:{HOME}:own-2") == 1
    assert is_blank(part(spec(site), "items", f"xiang:{HOME}:own-2").legal_basis)


def test_only_who_may_edit_arranges(site: Site) -> None:
    clerk = site.browser("clerk")
    assert ITEMS not in clerk.get(f"/t/{HOME}/items").links()
    clerk.get(ITEMS, 403)
    assert ITEMS in site.browser("director").get(f"/t/{HOME}/items").links()
