"""What stands in the database runs in no page of a real browser: every text is one that would (bar P3)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from tests.fixtures.markup import SHORT, seed, unseeded
from tests.fixtures.soak import SOAK
from tests.fixtures.walk import addresses
from tests.fixtures.web import HOME, PASSWORD, Site
from townhall.clock import now
from townhall.documents.fonts import ensure_faces

FEW = (
    "overview.show",
    "profile.show",
    "items.show",
    "history.show",
    "life.show",
    "guide.show",
    "data_suppliers.index_view",
)
FEW = (*FEW, "data_accounts.index_view", "workspace.show", "people.show", "signin.account")
# Without the policy only escaping protects, which is asked more; `make soak` tries both.
POLICIES = (False, True) if SOAK else (False,)
PATIENCE = 300_000  # milliseconds: a page of the studio lays a paper out first
MARKUP = "document.querySelectorAll('svg[onload], #xss').length"


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    """A site whose every text is a canary."""
    made = new_site()
    seed(made, now())
    return made


@contextmanager
def served(app: Flask) -> Iterator[str]:
    if SOAK:
        ensure_faces()
    for limiter in app.extensions["limiter"]:
        limiter.enabled = False
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Count:
    """What a walk over the pages saw: pages, canaries as text, as markup, and how many of them ran."""

    def __init__(self) -> None:
        self.pages = self.texts = self.markup = self.ran = 0

    def look(self, page: Page, address: str) -> None:
        page.goto(address, wait_until="load")
        self.pages += 1
        self.texts += page.evaluate("document.body.innerText.includes('onload=z()')")
        self.markup += page.evaluate(MARKUP)


def walk(browser: Browser, app: Flask, *, policy: bool, wanted: tuple[str, ...] | None = None) -> Count:
    """Look at the pages as the prefecture, the director and a citizen; without the policy, only escaping protects."""
    count = Count()

    def ran(_source: object) -> None:
        count.ran += 1

    with served(app) as site:
        for login in ("prefecture", "director", None):
            with browser.new_context(locale="zh-Hant", bypass_csp=not policy) as context:
                context.expose_binding("z", ran)
                page = context.new_page()
                page.set_default_timeout(PATIENCE)
                if login:
                    sign_in(page, site, login)
                for endpoint, path in addresses(app):
                    mine = login == "prefecture" or (login is None) == endpoint.startswith(
                        ("guide", "signin.f")
                    )
                    if mine and (wanted is None or endpoint in wanted):
                        count.look(page, site + path)
    return count


def sign_in(page: Page, site: str, login: str) -> None:
    page.goto(f"{site}/login")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)


def test_every_column_of_texts_holds_a_canary(site: Site) -> None:
    with site.sessions() as session:
        count, missing = unseeded(session)
    assert missing == []
    print(f"P3: {count} columns of texts, all seeded")
    assert count > 60


@pytest.mark.parametrize("policy", POLICIES)
def test_bar_p3_nothing_in_the_database_runs_in_a_page(browser: Browser, site: Site, policy: bool) -> None:
    count = walk(browser, site.app, policy=policy, wanted=None if SOAK else FEW)
    print(
        f"P3: {count.pages} pages, canary as text on {count.texts}, as markup {count.markup}, run {count.ran}"
    )
    assert count.texts >= (40 if SOAK else 8)
    assert (count.markup, count.ran) == (0, 0)


@pytest.mark.parametrize("policy", POLICIES)
def test_bar_p3_control_without_escaping_only_the_policy_stands(
    browser: Browser, site: Site, policy: bool
) -> None:
    """The planted fault: a page that does not escape. Then markup is found, and it runs unless the policy forbids it."""
    site.app.jinja_env.bytecode_cache = (
        None  # what others compiled escapes, and nobody may get what this compiles
    )
    site.app.jinja_env.autoescape = False
    site.app.select_jinja_autoescape = lambda _name: False  # type: ignore[method-assign]
    site.app.jinja_env.globals["SHORT"] = SHORT
    count = walk(browser, site.app, policy=policy, wanted=("guide.show", "profile.show"))
    print(f"P3 control: {count.markup} as markup, {count.ran} ran, policy {policy}")
    assert count.markup > 0
    assert (count.ran == 0) == policy


def test_the_walk_meets_every_page(site: Site) -> None:
    assert len({endpoint for endpoint, _ in addresses(site.app)}) > 50
    assert any(HOME in path for _, path in addresses(site.app))
