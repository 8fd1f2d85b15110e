"""Every page in every language for everybody: sound HTML, the right status, nothing of anybody else's."""

import re
from urllib.parse import urlencode

import pytest

from provisioning.specs import Pack
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import ABROAD, HOME, NOWHERE, PEOPLE, SIBLING, UNOPENED, Site
from townhall.accounts.rights import RIGHTS, Right
from townhall.audit.act import host_act
from townhall.centres.apply import apply_plan, plan_unit, standard_for
from townhall.standards.operations import newest_overlays, publish_release
from townhall.units.models import Unit
from townhall.web.guards import DECLARED

ITEM = "zhou.temporary-relief"
TOWNSHIP_PAGES = {
    "": Right.READ,
    "windows": Right.READ,
    "items": Right.READ,
    f"items/{ITEM}": Right.READ,
    "fixtures": Right.READ,
    "profile": Right.READ,
    "hall": Right.READ,
    "hall.svg": Right.READ,
    "regimes": Right.READ,
    "budget": Right.BUDGET,
    "documents": Right.PRINT,
    "packages": Right.PRINT,
}
TABLES = (
    "",
    "accounts/",
    "memberships/",
    "memberships/new/",
    "holidays/",
    "suppliers/new/",
    "releases/",
    "units/",
)
HOST_PAGES = {"/": Right.FLEET, "/townships": Right.LIST}


def township_pages() -> list[str]:
    return [f"/t/{HOME}/{page}" for page in TOWNSHIP_PAGES]


def test_every_route_says_who_may_use_it(site: Site) -> None:
    undeclared = {
        rule.endpoint
        for rule in site.app.url_map.iter_rules()
        # Ours is the only folder of files that is served: the plain tables bring none of their own.
        if rule.rule != "/static/<path:filename>" and not _declared(site, rule.endpoint)
    }
    # These three ask for a sign-in and no particular right; what they show follows from the reader.
    assert undeclared <= {"api.me", "overview.show", "signin.account", "signin.password"}


def test_pages_for_anybody_are_these_and_no_others(site: Site) -> None:
    declared = {endpoint: _declared(site, endpoint) for endpoint in site.app.view_functions}
    public = {endpoint for endpoint, access in declared.items() if access == "public"}
    assert {endpoint.split(".")[0] for endpoint in public} == {
        *("guide", "health", "links", "signin", "federation", "openapi_api/openapi"),
    }
    assert {each for each in public if each.startswith("signin.")} == {
        "signin.form",
        "signin.enter_password",
        "signin.leave",
        "signin.language",
    }
    pending = {endpoint for endpoint, access in declared.items() if access == "pending"}
    assert pending == {"factor.form", "factor.confirm"}


def _declared(site: Site, endpoint: str) -> str | None:
    declared = getattr(site.app.view_functions[endpoint], DECLARED, None)
    return None if declared in (None, "None") else str(declared)


@pytest.mark.parametrize("language", ["hant", "hans", "en"])
def test_every_page_is_sound_in_every_language(site: Site, language: str) -> None:
    browser = site.browser("prefecture", language)
    tables = (f"/data/{table}" for table in TABLES)
    for address in ("/", "/townships", "/people", "/account", *tables, *township_pages(), f"/t/{UNOPENED}/"):
        browser.get(address)
    for address in ("/login", f"/g/{HOME}/", f"/g/{HOME}/{ITEM}"):
        site.browser(language=language).get(address)


@pytest.mark.parametrize("login", PEOPLE)
def test_a_role_opens_exactly_the_pages_it_has_a_right_to(site: Site, login: str) -> None:
    role, code = PEOPLE[login]
    browser = site.browser(login)
    own = SIBLING if code == SIBLING else ABROAD if code == "522302" else HOME
    for page, right in TOWNSHIP_PAGES.items():
        browser.get(f"/t/{own}/{page}", 200 if right in RIGHTS[role] else 403)
    browser.get("/townships", 200 if Right.LIST in RIGHTS[role] else 403)
    browser.get("/people", 200 if Right.ACCOUNTS in RIGHTS[role] else 403)


@pytest.mark.parametrize(
    ("login", "code"),
    [
        ("director", SIBLING),
        ("director", ABROAD),
        ("county", ABROAD),
        ("elsewhere", HOME),
        ("neighbour", HOME),
    ],
)
def test_a_foreign_township_is_as_unknown_as_one_that_does_not_exist(
    site: Site, login: str, code: str
) -> None:
    browser = site.browser(login)
    for page in TOWNSHIP_PAGES:
        foreign, nowhere = browser.get(f"/t/{code}/{page}", 404), browser.get(f"/t/{NOWHERE}/{page}", 404)
        assert foreign.text.replace(code, "") == nowhere.text.replace(NOWHERE, "")


@pytest.mark.parametrize(
    "address", ["/", "/townships", "/people", "/people/1", "/account", *township_pages(), f"/t/{NOWHERE}/"]
)
def test_a_stranger_is_asked_to_sign_in_and_learns_nothing(site: Site, address: str) -> None:
    page = site.browser().get(address, 303)
    assert page.response.headers["Location"].startswith("/login")


def test_the_overview_names_every_township_and_counts_what_is_open(site: Site) -> None:
    page = site.browser("prefecture").get("/")
    tiles = {link for link in page.links() if re.fullmatch(r"/t/\d{9}/", link)}
    assert len(tiles) == 140
    assert "6,000,000.00" in page.text


def test_a_county_officer_sees_the_own_county_only(site: Site) -> None:
    links = site.browser("county").get("/").links()
    assert {link[3:9] for link in links if link.startswith("/t/")} == {"522301"}


def test_a_director_lands_in_the_own_township(site: Site) -> None:
    assert site.browser("director").get("/", 303).response.headers["Location"] == f"/t/{HOME}/"


def test_the_overview_needs_no_more_queries_for_more_centres(site: Site) -> None:
    browser = site.browser("prefecture")
    browser.get("/")
    assert site.queries(lambda: browser.get("/")) <= 8
    assert site.queries(lambda: browser.get("/townships")) <= 8


@pytest.mark.parametrize(
    ("query", "found"), [("黄草", True), ("黃草", True), ("522301001", True), ("沒有這個", False)]
)
def test_townships_are_found_in_both_scripts(site: Site, query: str, found: bool) -> None:
    page = site.browser("prefecture").get(f"/townships?q={query}")
    assert (f"/t/{HOME}/" in page.links()) is found


def test_an_unopened_township_says_so(site: Site) -> None:
    browser = site.browser("prefecture")
    assert "未開通" in browser.get(f"/t/{UNOPENED}/").text
    assert browser.get(f"/t/{UNOPENED}/items", 303).response.headers["Location"] == f"/t/{UNOPENED}/"


@pytest.mark.parametrize("query", ["新農合", "新农合", "農村合作醫療", "居民基本醫療"])
def test_a_citizen_finds_an_item_by_its_old_name_in_either_script(site: Site, query: str) -> None:
    page = site.browser().get(f"/g/{HOME}/?q={query}")
    assert f"/g/{HOME}/zhou.rural-cooperative-medical" in page.links()


def test_the_public_guide_says_what_to_bring_what_it_costs_and_whom_to_ask(site: Site) -> None:
    page = site.browser().get(f"/g/{HOME}/{ITEM}")
    for words in ("臨時救助申請表", "不收費", "5 個工作日", "0000-0000000"):
        assert words in page.text
    assert page.find("meta", name="robots")[0].attrib["content"].startswith("noindex")


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("1.1-guide-hant", "您手上的這份（1.1 版）是現行版本。"),
        ("1.1-booklet-centre-hans", "您手上的這份（1.1 版）是現行版本。"),
        ("9.9-guide-hant", "查不到 9.9 版，請向窗口核實。"),
        ("1.1-window-plate-hant", None),
        ("'><script>", None),
    ],
)
def test_whoever_scans_a_paper_learns_whether_it_is_current(site: Site, mark: str, words: str | None) -> None:
    page = site.browser().get(f"/g/{ABROAD}/{ITEM}?{urlencode({'v': mark})}")
    assert ["".join(line.itertext()).strip() for line in page.find("p", role="status")] == (
        [words] if words else []
    )


def test_whoever_stands_before_a_board_finds_the_version_that_counts(site: Site) -> None:
    page = site.browser().get(f"/g/{ABROAD}/papers")
    rows = [[*map(str, row.itertext())] for row in page.find("tr")]
    assert ["首問責任制", "1.1"] in [[text.strip() for text in row if text.strip()][:2] for row in rows]


def test_rule_f1_a_code_on_the_wall_leads_to_the_item_under_its_new_key(
    site: Site, second_release: Pack
) -> None:
    old, new = "zhou.rural-cooperative-medical", "zhou.resident-medical-enrolment"
    site.browser().get(f"/g/{HOME}/{new}", 404)
    with site.sessions.begin() as session:
        second = publish_release(session, second_release, MOMENT)
        for code in (HOME, ABROAD):
            unit = session.get_one(Unit, f"{code}000")
            standard = standard_for(unit, second, newest_overlays(session, second))
            plan = plan_unit(session, unit, standard)
            apply_plan(session, plan, unit, standard, act=host_act("測試", MOMENT))
    browser = site.browser()
    assert browser.get(f"/g/{HOME}/{old}", 302).response.headers["Location"] == f"/g/{HOME}/{new}"
    assert "城鄉居民基本醫療保險參保登記" in browser.get(f"/g/{HOME}/{new}").text
    # What was withdrawn leads nowhere, but where the county has words of its own on it, until the county decides.
    browser.get(f"/g/{HOME}/zhou.copying-form-help")
    browser.get(f"/g/{ABROAD}/zhou.copying-form-help", 404)


def test_a_public_page_of_nothing_is_not_found(site: Site) -> None:
    for address in (f"/g/{NOWHERE}/", f"/g/{UNOPENED}/", f"/g/{HOME}/zhou.nothing", "/g/../../etc/passwd"):
        site.browser().get(address, 404)


def test_simplified_pages_have_no_traditional_character_but_in_names(site: Site) -> None:
    text = site.browser("prefecture", "hans").get(f"/t/{HOME}/").text
    assert "黄草街道便民服务中心" in text
    assert not set(text) & set("務鄉網術達請")


def test_health_pages_answer_without_signing_in(site: Site) -> None:
    assert site.browser().get("/healthz").response.status_code == 200
    assert site.browser().get("/readyz").response.json == {"database": "ok", "schema": "current"}


def test_an_error_page_is_a_page_of_ours(site: Site) -> None:
    assert "找不到" in site.browser().get("/nowhere", 404).text or site.browser().get("/nowhere", 404).find(
        "h1"
    )
