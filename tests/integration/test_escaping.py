"""Whatever stands in a text column is text on every page and on every paper, never markup (bar P3)."""

from typing import Any

import html5lib
import pytest
from sqlalchemy import update

from provisioning.canonical import canonical
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS
from tests.fixtures.web import HOME, Site
from townhall.accounts.models import User
from townhall.centres.models import Centre
from townhall.centres.rows import MODELS, read_centre, row_of
from townhall.documents.errors import DocumentError
from townhall.documents.production import binder
from townhall.units.models import Unit

CANARY = "<b id=xss>"  # short enough for every column
UNIT = f"{HOME}000"
# Fields that hold a key, a code or one of a list, and so cannot hold anything else.
BOUND = {
    *(
        "key",
        "windows",
        "zone",
        "window",
        "fixture",
        "shows",
        "category",
        "kind",
        "case_type",
        "route",
        "per",
    ),
    *("ground", "ink", "face", "requirement", "review", "only_for", "targets", "form", "need", "wall"),
    *("text_rule", "days", "days_unit"),
}
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


def poisoned(value: Any, name: str = "", inside: Any = None) -> Any:
    """The canary in place of every text that may be anything."""
    if name in BOUND or (name == "unit" and isinstance(inside, dict) and "days" in inside):
        return value
    if isinstance(value, dict):
        return {key: poisoned(inner, key, value) for key, inner in value.items()}
    if isinstance(value, list):
        return [poisoned(inner, name, inside) for inner in value]
    return CANARY if isinstance(value, str) else value


@pytest.fixture
def site(new_site: Any) -> Site:
    """A site whose first centre, people and units say nothing but the canary."""
    made: Site = new_site()
    with made.sessions.begin() as session:
        spec = read_centre(session, UNIT)
        assert spec is not None
        bad = CentreSpec.model_validate(poisoned(canonical(spec)))
        here = update(Centre).where(Centre.unit_id == UNIT)
        session.execute(here.values(profile=canonical(bad.profile), hall=canonical(bad.hall)))
        for section in COLLECTIONS:
            model: Any = MODELS[section]
            for position, item in enumerate(getattr(bad, section)):
                row = row_of(section, canonical(item), position)
                one = (model.unit_id == UNIT) & (model.key == row.pop("key"))
                session.execute(update(model).where(one).values(**row))
        session.execute(update(User).values(name=CANARY))
        session.execute(
            update(Unit).where(Unit.code == UNIT).values(name=CANARY, name_hans=CANARY, ethnic=CANARY)
        )
    return made


@pytest.mark.parametrize("language", ["hant", "en"])
def test_bar_p3_no_page_takes_a_text_for_markup(site: Site, language: str) -> None:
    seen = 0
    for login in ("prefecture", "director"):
        browser = site.browser(login, language)
        host = ("/", "/townships", "/people", "/approvals", "/data/accounts/", "/data/units/", "/account")
        for address in (*(host if login == "prefecture" else ()), *(f"/t/{HOME}/{page}" for page in PAGES)):
            page = browser.get(address)
            assert not page.find("b", id="xss"), address
            seen += CANARY in page.text
    for address in (f"/g/{HOME}/", f"/g/{HOME}/zhou.temporary-relief"):
        page = site.browser(language=language).get(address)
        assert not page.find("b", id="xss"), address
        seen += CANARY in page.text
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
            assert not [one for one in root.iter("b") if one.attrib.get("id") == "xss"], order.document.key
            made += "&lt;b id=xss&gt;" in sheet.html
    assert made > 20
