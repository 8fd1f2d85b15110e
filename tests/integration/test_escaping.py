"""Whatever stands in a text column is text on every page and on every paper, never markup (bar P3)."""

from html import escape
from typing import Any

import html5lib
import pytest

from tests.fixtures.markup import RUNS, seed
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import HOME, Site
from townhall.documents.errors import DocumentError
from townhall.documents.production import binder
from townhall.units.models import Unit

UNIT = f"{HOME}000"
PAGES = (
    *(
        "",
        "windows",
        "items",
        "items/zhou.temporary-relief",
        "fixtures",
        "profile",
        "hall",
        "regimes",
        "budget",
    ),
    *("documents", "history", "life"),
)


@pytest.fixture
def site(new_site: Any) -> Site:
    """A site that says nothing but the canary."""
    made: Site = new_site()
    seed(made, MOMENT)
    return made


def taken_for_markup(root: Any) -> bool:
    """Whether a canary became an element."""
    return any(one.attrib.get("id") == "xss" or "onload" in one.attrib for one in root.iter())


@pytest.mark.parametrize("language", ["hant", "en"])
def test_bar_p3_no_page_takes_a_text_for_markup(site: Site, language: str) -> None:
    seen = 0
    for login in ("prefecture", "director"):
        browser = site.browser(login, language)
        host = ("/", "/townships", "/people", "/approvals", "/data/accounts/", "/data/units/", "/account")
        for address in (*(host if login == "prefecture" else ()), *(f"/t/{HOME}/{page}" for page in PAGES)):
            page = browser.get(address)
            assert not taken_for_markup(page.root), address
            seen += RUNS in page.text
    for address in (f"/g/{HOME}/", f"/g/{HOME}/zhou.temporary-relief"):
        page = site.browser(language=language).get(address)
        assert not taken_for_markup(page.root), address
        seen += RUNS in page.text
    assert seen > 15, "the canary was on the pages, as text"


def test_bar_p3_no_paper_takes_a_text_for_markup(site: Site) -> None:
    made = 0
    with site.sessions() as session:
        papers = binder(session, session.get_one(Unit, UNIT), public_url=None)
        for order in papers.orders(("hant",)):
            try:
                sheet = papers.sheet(order)
            except DocumentError:
                continue
            root = html5lib.HTMLParser(namespaceHTMLElements=False).parse(sheet.html)
            assert not taken_for_markup(root), order.document.key
            made += escape(RUNS) in sheet.html
    assert made > 20
