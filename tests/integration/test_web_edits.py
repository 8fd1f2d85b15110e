"""What can be changed through pages: signing in, local facts, and every refusal on the way."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from tests.fixtures.checking import Browser, Page
from tests.fixtures.web import HOME, PASSWORD, SIBLING, Site
from townhall.centres.models import Centre, Revision
from townhall.centres.rows import require_centre

UNIT = f"{HOME}000"
PROFILE = f"/t/{HOME}/profile"


def hotline(site: Site) -> object:
    with site.sessions() as session:
        return require_centre(session, UNIT).profile.hotline


def saved(browser: Browser, **changes: str) -> Page:
    return browser.post(PROFILE, browser.get(PROFILE).form() | changes)


def test_a_director_fills_in_the_hotline_and_it_stays(site: Site) -> None:
    browser = site.browser("director")
    saved(browser, hotline="0000-7654321（虛構）")
    assert hotline(site) == "0000-7654321（虛構）"
    assert "0000-7654321" in browser.get(f"/t/{HOME}/").text


def test_an_edit_makes_a_revision_with_its_author(site: Site) -> None:
    saved(site.browser("director"), hotline="0000-7654321（虛構）")
    with site.sessions() as session:
        newest = session.scalars(
            select(Revision).filter_by(unit_id=UNIT).order_by(Revision.number.desc())
        ).first()
    assert newest
    assert newest.number == 2
    assert "director" in newest.actor


def test_the_complaint_phone_cannot_be_the_hotline(site: Site) -> None:
    browser = site.browser("director")
    form = browser.get(PROFILE).form() | {"hotline": "0000-1", "complaint_phone": "0000-1"}
    page = browser.post(PROFILE, form, 422)
    assert "不得" in page.text
    assert hotline(site) != "0000-1"


def test_whoever_saves_second_is_told_and_overwrites_nothing(site: Site) -> None:
    first, second = site.browser("director"), site.browser("director")
    stale = second.get(PROFILE).form()
    saved(first, hotline="0000-1111111")
    page = second.post(PROFILE, stale | {"hotline": "0000-2222222"}, 422)
    assert "他人已修改" in page.text
    assert hotline(site) == "0000-1111111"


def test_markup_in_a_field_is_shown_and_never_run(site: Site) -> None:
    browser = site.browser("director")
    saved(browser, address="<script>alert(1)</script>")
    for address in (f"/t/{HOME}/", PROFILE, f"/g/{HOME}/zhou.temporary-relief"):
        body = browser.get(address).body.decode()
        assert "<script>alert" not in body
        assert "&lt;script&gt;" in body


def test_only_the_township_itself_edits_its_rows(site: Site) -> None:
    form = site.browser("director").get(PROFILE).form() | {"hotline": "0000-3333333"}
    for login, status in (("county", 403), ("budget", 403), ("neighbour", 404)):
        browser = site.browser(login)
        token = browser.get("/account").token()
        browser.post(PROFILE, form | {"csrf_token": token}, status)
    assert hotline(site) != "0000-3333333"


def test_a_form_without_its_token_is_refused(site: Site) -> None:
    browser = site.browser("director")
    form = browser.get(PROFILE).form()
    form.pop("csrf_token")
    browser.post(PROFILE, form, 400)


def test_fixtures_on_hand_are_counted(site: Site) -> None:
    browser = site.browser("director")
    address = f"/t/{HOME}/fixtures"
    form = browser.get(address).form()
    name = "on-hand-zhou.cabinet"
    browser.post(address, form | {name: "8"})
    with site.sessions() as session:
        fixtures = {fixture.key: fixture.on_hand for fixture in require_centre(session, UNIT).fixtures}
    assert fixtures["zhou:cabinet"] == 8


def test_a_count_that_is_none_is_refused_and_nothing_is_lost(site: Site) -> None:
    browser = site.browser("director")
    address = f"/t/{HOME}/fixtures"
    form = browser.get(address).form()
    name = "on-hand-zhou.cabinet"
    page = browser.post(address, form | {name: "兩個"}, 422)
    assert page.form()[name] == "兩個"


def test_a_blank_of_an_item_is_filled_in_lines(site: Site) -> None:
    browser = site.browser("director")
    address = f"/t/{HOME}/items/zhou.temporary-relief"
    filled = {"legal_basis": "甲依據（虛構）\r\n乙依據（虛構）"}
    browser.post(address, browser.get(address).form() | filled)
    with site.sessions() as session:
        items = {item.key: item for item in require_centre(session, UNIT).items}
    assert items["zhou:temporary-relief"].legal_basis == ("甲依據（虛構）", "乙依據（虛構）")


def test_signing_in_says_the_same_of_a_wrong_name_and_a_wrong_password(site: Site) -> None:
    texts = []
    for login, password in (("director", "不對的口令 1234"), ("nobody", PASSWORD)):
        browser = site.browser()
        token = browser.get("/login").token()
        form = {"login": login, "password": password, "csrf_token": token}
        texts.append(browser.post("/login", form, 401).text)
    assert texts[0].replace("director", "") == texts[1].replace("nobody", "")


def test_guessing_passwords_is_throttled(site: Site) -> None:
    browser = site.browser()
    token = browser.get("/login").token()
    statuses = [
        browser.client.post(
            "/login", data={"login": "director", "password": "x", "csrf_token": token}
        ).status_code
        for _ in range(12)
    ]
    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_a_sign_in_leads_only_to_addresses_of_ours(site: Site) -> None:
    for target in ("https://example.com/", "//example.com/", "/\\example.com"):
        browser = site.browser()
        token = browser.get("/login").token()
        form = {"login": "director", "password": PASSWORD, "csrf_token": token, "next": target}
        page = browser.post("/login", form)
        assert page.response.headers["Location"] == "/"


def test_a_changed_password_ends_the_other_sessions(site: Site) -> None:
    here, there = site.browser("director"), site.browser("director")
    new = "另一個夠長的口令 77"
    here.post("/account", here.get("/account").form() | {"old": PASSWORD, "new": new, "again": new})
    there.get(f"/t/{HOME}/", 303)
    here.get(f"/t/{HOME}/")


def test_cookies_are_for_this_site_and_hidden_from_scripts(new_site: Callable[..., Site]) -> None:
    client = new_site(secure_cookies=True).app.test_client()
    answer = client.get("/login", base_url="https://example.org")
    cookie = answer.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Secure"))
    assert answer.headers["Strict-Transport-Security"]


def test_demonstration_logins_are_shown_only_in_the_demonstration(new_site: Callable[..., Site]) -> None:
    assert "demo-zhou" not in new_site().browser().get("/login").text
    assert "demo-zhou" in new_site(demo=True).browser().get("/login").text


@pytest.mark.parametrize("script", ["hant", "hans"])
def test_a_document_is_previewed_and_downloaded(site: Site, script: str) -> None:
    browser = site.browser("printer")
    address = f"/t/{SIBLING}/documents/window-plate/zhou.civil"
    page = browser.get(f"{address}?script={script}")
    picture = next(i.attrib["src"] for i in page.root.iter("img") if "page-1.png" in i.attrib["src"])
    assert browser.get(picture).body.startswith(b"\x89PNG")
    paper = browser.get(f"{address}/pdf?script={script}")
    assert paper.body.startswith(b"%PDF-")
    assert re.search(r"filename\*=UTF-8''522301002_", paper.response.headers["Content-Disposition"])


def test_a_booklet_is_not_laid_out_while_somebody_waits(site: Site) -> None:
    browser = site.browser("printer")
    page = browser.get(f"/t/{HOME}/documents/booklet-centre/centre")
    assert "請製作印製包" in page.text
    assert not [i for i in page.root.iter("img") if "page-1.png" in i.attrib["src"]]
    browser.get(f"/t/{HOME}/documents/booklet-centre/centre/pdf", 303)


def test_posters_are_offered_as_alternatives_and_counted_by_nobody(site: Site) -> None:
    page = site.browser("printer").get(f"/t/{HOME}/documents/regime-a2/zhou.integrity")
    assert "可代替「制度牌」" in page.text
    paths = {link.attrib.get("href", "").partition("?")[0] for link in page.root.iter("a")}
    kinds = [found[1] for path in paths if (found := re.search("/documents/([^/]+)/[^/]+$", path))]
    (told,) = re.findall(r"共 (\d+) 份", page.text)
    assert len([kind for kind in kinds if not re.fullmatch("regime-a[123]", kind)]) == int(told) < len(kinds)


def test_a_document_with_blanks_is_shown_as_a_draft_and_says_what_is_missing(site: Site) -> None:
    with site.sessions() as session:
        assert session.get(Centre, UNIT)
    page = site.browser("printer").get(f"/t/{HOME}/documents/card/centre")
    assert "待填" in page.text
    assert "草稿" in page.text
