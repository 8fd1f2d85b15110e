"""A director's way from signing in to paper, in a real browser, on a desk and on a phone."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from tests.fixtures.bombs import GOOD_SVG
from tests.fixtures.web import HOME, PASSWORD, Site
from townhall.clock import now
from townhall.documents.fonts import ensure_faces
from townhall.jobs.kinds import Kind, Task
from townhall.jobs.packages import PACKAGE
from townhall.jobs.runner import Runner

NEW = "另一個夠長的口令 77"
SIZES = {"desk": (1366, 768), "phone": (390, 844)}
PAGES = [
    "",
    "profile",
    "windows",
    "items",
    "items/zhou.temporary-relief",
    "fixtures",
    "hall",
    "regimes",
    "budget",
    "packages",
]

TABLES = [
    *("", "accounts/", "accounts/details/?id=1", "accounts/active/?id=2", "memberships/", "memberships/new/"),
    *("memberships/delete/?id=2", "holidays/new/", "suppliers/new/", "releases/", "units/", "units/?page=1"),
]


@pytest.fixture
def address(new_site: Callable[..., Site]) -> Iterator[str]:
    """A server on this machine; gives its address. The faces are cast first: no page load waits for that."""
    ensure_faces()
    with served(new_site()) as address:
        yield address


@contextmanager
def served(site: Site) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def sign_in(page: Page, address: str, login: str) -> None:
    sign_in_with_password(page, address, login)
    page.wait_for_url(lambda url: "/login" not in url)


def sign_in_with_password(page: Page, address: str, login: str) -> None:
    page.goto(f"{address}/login")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: not url.endswith("/login"))


@pytest.mark.parametrize("size", SIZES)
def test_from_the_overview_to_a_township(page: Page, address: str, complaints: list[str], size: str) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    sign_in(page, address, "prefecture")
    assert page.locator("a[href^='/t/']").count() >= 140
    page.locator(f"a[href='/t/{HOME}/']").first.click()
    page.wait_for_url(f"{address}/t/{HOME}/")
    assert page.locator("h1").inner_text() == "黃草街道便民服務中心"
    assert complaints == []


def test_a_director_fills_a_blank_and_takes_a_paper_home(
    page: Page, address: str, complaints: list[str], tmp_path: Path
) -> None:
    sign_in(page, address, "director")
    page.goto(f"{address}/t/{HOME}/profile")
    page.fill("#address", "虛構路 1 號")
    page.press("#address", "Enter")
    page.wait_for_load_state()
    assert page.locator("text=已保存").count() == 1
    page.goto(f"{address}/t/{HOME}/documents/card/centre")
    picture = page.locator("img[src*='page-1.png']")
    picture.wait_for()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    with page.expect_download() as download:
        page.locator("a[href*='/pdf']").first.click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.read_bytes().startswith(b"%PDF-")
    assert path.name.startswith("522301001_黃草街道_服務卡")
    assert complaints == []


@pytest.mark.parametrize("size", SIZES)
def test_no_page_scrolls_sideways_and_none_breaks_the_policy(
    page: Page, address: str, complaints: list[str], size: str
) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    sign_in(page, address, "director")
    for part in PAGES:
        page.goto(f"{address}/t/{HOME}/{part}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, part
    page.goto(f"{address}/g/{HOME}/zhou.temporary-relief")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []


@pytest.mark.parametrize("size", SIZES)
def test_the_plain_tables_fit_every_screen_and_break_no_policy(
    page: Page, address: str, complaints: list[str], size: str
) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    sign_in(page, address, "prefecture")
    for part in TABLES:
        page.goto(f"{address}/data/{part}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, part
    assert complaints == []


def test_a_holiday_is_added_and_removed_after_being_asked(
    page: Page, address: str, complaints: list[str]
) -> None:
    sign_in(page, address, "prefecture")
    page.goto(f"{address}/data/holidays/new/")
    page.fill("#date", "2026-10-01")
    page.select_option("#kind", "off")
    page.fill("#name", "國慶節")
    page.press("#name", "Enter")
    page.wait_for_url("**/data/holidays/")
    page.click("text=刪除")
    assert "國慶節（2026-10-01）" in page.locator("h1").inner_text()
    page.click("button:has-text('刪除')")
    page.wait_for_url("**/data/holidays/")
    assert page.locator("text=還沒有節假日").count() == 1
    assert complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_print_package_is_watched_until_it_is_done(
    browser: Browser, new_site: Callable[..., Site], scripts: bool
) -> None:
    site, hold = new_site(workers=1), threading.Event()

    def run(task: Task) -> dict[str, object]:
        task.progress(1, 4)
        assert hold.wait(60)
        return {"file": "x", "name": "x.zip", "made": 4, "failed": 0, "size": 9}

    runner = Runner(site.sessions.kw["bind"], {PACKAGE: Kind(lambda _: None, run)}, dt.timedelta(seconds=60))
    with (
        served(site) as address,
        browser.new_context(locale="zh-Hant", java_script_enabled=scripts) as context,
    ):
        page = context.new_page()
        sign_in(page, address, "director")
        page.goto(f"{address}/t/{HOME}/packages")
        page.click("text=製作繁體包")
        page.wait_for_selector("text=等待中")
        worker = threading.Thread(target=runner.run_next)
        worker.start()
        page.wait_for_selector("text=1 / 4")
        hold.set()
        worker.join()
        page.wait_for_selector("text=內含 4 份")
        assert page.locator("[data-live]").count() == 0


def test_the_pages_can_be_walked_by_keyboard(page: Page, address: str) -> None:
    sign_in(page, address, "director")
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.textContent.trim()")
    assert first
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle !== 'none'")


def test_the_language_is_switched_and_kept(page: Page, address: str) -> None:
    page.goto(f"{address}/login")
    page.locator("button[lang='en']").first.click()
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == "en"
    page.reload()
    assert page.locator("h1").inner_text() == "Sign in"


@pytest.mark.parametrize("size", SIZES)
def test_a_phone_is_enrolled_and_its_code_signs_in(
    page: Page, address: str, complaints: list[str], size: str
) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    sign_in(page, address, "director")
    secret = enrol(page, address, width)
    page.goto(f"{address}/account")
    page.context.clear_cookies()
    sign_in_with_password(page, address, "director")
    assert page.url.split("?")[0] == f"{address}/login/code"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{address}/t/{HOME}/")
    assert "/login" in page.url
    page.goto(f"{address}/login/code")
    page.fill("#code", pyotp.TOTP(secret).at(now() + dt.timedelta(seconds=30)))  # the present one was used
    page.press("#code", "Enter")
    page.wait_for_url(f"{address}/t/{HOME}/")
    assert complaints == []


def enrol(page: Page, address: str, width: int) -> str:
    """Switch the second factor on as a person with a phone does; gives the seed that the phone keeps."""
    page.goto(f"{address}/account")
    page.click("#second-factor button")
    picture = page.locator("#second-factor img")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 20
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    secret = page.inner_text("#factor-secret").replace(" ", "")
    page.fill("#factor-code", pyotp.TOTP(secret).now())
    page.press("#factor-code", "Enter")
    page.wait_for_selector(".recovery li")
    assert page.locator(".recovery li").count() == 10
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    return secret


@pytest.mark.parametrize("size", SIZES)
def test_somebody_is_invited_and_joins(page: Page, address: str, complaints: list[str], size: str) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    sign_in(page, address, "county")
    for part in ("people", "people/invite", "people/2"):
        page.goto(f"{address}/{part}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, part
    page.goto(f"{address}/people/invite")
    page.select_option("#role", "township_director")
    page.select_option("#unit", f"{HOME}000")
    page.click(".invite button[type=submit]")
    link = page.locator("#link").input_value()
    page.click("[data-copy]")
    assert page.locator("[data-copy]").inner_text() == "已複製"
    page.context.clear_cookies()
    page.goto(f"{address}{link.removeprefix('https://example.org')}")
    for field, text in {"login": "newcomer", "name": "新人", "password": NEW, "again": NEW}.items():
        page.fill(f"#{field}", text)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.press("#again", "Enter")
    page.wait_for_url(f"{address}/t/{HOME}/")
    assert complaints == []


@pytest.mark.parametrize("size", SIZES)
def test_a_director_shows_how_to_get_there(
    page: Page, address: str, complaints: list[str], tmp_path: Path, size: str
) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    (tmp_path / "示意圖.svg").write_bytes(GOOD_SVG)
    sign_in(page, address, "director")
    page.goto(f"{address}/t/{HOME}/profile")
    page.set_input_files("#file-map", tmp_path / "示意圖.svg")
    page.locator("form[action$='/pictures/map'] button").click()
    page.wait_for_selector("img[alt='位置示意圖']")
    assert page.evaluate("document.querySelector(\"img[alt='位置示意圖']\").naturalWidth") == 1600
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{address}/g/{HOME}/zhou.temporary-relief")
    assert page.evaluate("document.querySelector(\"img[alt='位置示意圖']\").complete")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{address}/t/{HOME}/profile")
    page.locator("form[action$='/map/remove'] button").click()
    page.wait_for_selector("img[alt='位置示意圖']", state="detached")
    assert complaints == []
