"""The form of an item: what it leaves alone, and what it will not accept."""

from provisioning.canonical import canonical
from tests.fixtures.soak import rounds
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import HOME, Site
from townhall.audit.act import host_act
from townhall.centres.edit import Edit, edit_centre
from townhall.centres.models import Centre
from townhall.centres.rows import require_centre
from townhall.units.models import Unit

UNIT, KEY = f"{HOME}000", "zhou:temporary-relief"
ADDRESS = f"/t/{HOME}/items/zhou.temporary-relief"
WAITING = {"free": False, "standard": {"blank": "由收費部門填寫"}, "basis": {"blank": "由收費部門填寫"}}


def charge(site: Site, fee: object) -> None:
    with site.sessions.begin() as session:
        edit = Edit("items", KEY, "fee", fee)
        unit = session.get_one(Unit, UNIT)
        edit_centre(session, unit, [edit], seen=None, act=host_act("測試", MOMENT, "收費"))


def revision(site: Site) -> int:
    with site.sessions() as session:
        return session.get_one(Centre, UNIT).revision


def test_saving_an_untouched_form_changes_nothing(site: Site) -> None:
    browser, before = site.browser("director"), revision(site)
    items = {link for link in browser.get(f"/t/{HOME}/items").links() if link.startswith(f"/t/{HOME}/items/")}
    for address in sorted(items)[:: rounds(3, 1)]:
        browser.post(address, browser.get(address).form())
    assert len(items) > 40
    assert revision(site) == before


def test_a_charge_that_still_waits_does_not_stop_the_other_elements(site: Site) -> None:
    charge(site, WAITING)
    browser = site.browser("director")
    browser.post(ADDRESS, browser.get(ADDRESS).form() | {"deciding_body": "某機構（虛構）"})
    with site.sessions() as session:
        item = next(item for item in require_centre(session, UNIT).items if item.key == KEY)
    assert item.deciding_body == "某機構（虛構）"
    assert canonical(item.fee) == WAITING


def test_a_new_charge_needs_its_amount_and_its_basis(site: Site) -> None:
    browser = site.browser("director")
    form = browser.get(ADDRESS).form() | {"fee": "charged", "fee_standard": "10 元（虛構）"}
    assert "收費依據" in browser.post(ADDRESS, form, 422).text
    browser.post(ADDRESS, form | {"fee_basis": "某依據（虛構）"})


def test_a_promise_beyond_its_bound_is_refused_with_the_reason(site: Site) -> None:
    browser = site.browser("director")
    page = browser.post(ADDRESS, browser.get(ADDRESS).form() | {"promised_limit_days": "8"}, 422)
    assert "不得超過 7" in page.text
