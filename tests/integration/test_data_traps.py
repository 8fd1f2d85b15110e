"""The traps of Flask-Admin, one by one, each shown to be closed. The numbers are those of the interface study."""

import importlib.util
import re
from pathlib import Path

import pytest
from flask_admin.contrib.sqla._compat import _get_deprecated_session
from sqlalchemy import select

from tests.fixtures.checking import Page
from tests.fixtures.prefectures import HERE, THERE, Rows, State
from tests.fixtures.web import HOME, PEOPLE, Site
from townhall.accounts.models import Membership, User
from townhall.admin import forms
from townhall.admin.table import Table
from townhall.audit.models import AuditRecord
from townhall.lookups.models import Holiday, Supplier
from townhall.units.models import Level
from townhall.web.edge import database

ROOT = Path(__file__).parents[2]
TABLES = ("accounts", "memberships", "holidays", "suppliers", "releases", "units")
HAN = re.compile("[一-鿿]")


def pages_of(rows: Rows) -> list[str]:
    """Every kind of page that there is."""
    of_one = [
        *(f"accounts/{page}/?id={rows.director}" for page in ("details", "edit", "active")),
        *(f"memberships/{page}/?id={rows.director_role}" for page in ("details", "delete")),
        *(f"holidays/{page}/?id={rows.holiday}" for page in ("details", "edit", "delete")),
        *(f"suppliers/{page}/?id={rows.supplier}" for page in ("details", "edit", "delete")),
        f"units/details/?id={HERE}",
        "releases/details/?id=1",
    ]
    lists = [f"{table}/" for table in TABLES]
    return ["/data/", *(f"/data/{page}" for page in (*lists, *NEW, *of_one))]


NEW = ("memberships/new/", "holidays/new/", "suppliers/new/")


def views(site: Site) -> dict[str, Table]:
    [admin] = site.app.extensions["admin"]
    return {view.endpoint.removeprefix("data_"): view for view in admin._views if isinstance(view, Table)}


def options(page: Page, name: str) -> set[str]:
    [select_] = page.find("select", name=name)
    return {option.attrib["value"] for option in select_.iter("option")} - {""}


def test_trap_1_a_county_would_reach_its_own_people_and_nobody_else(
    site: Site, rows: Rows, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    """Only prefectures keep these tables today; the scope does not lean on that."""
    for table in ("accounts", "memberships"):
        monkeypatch.setattr(type(views(site)[table]), "levels", frozenset(Level))
    browser = site.browser("county")
    people = browser.get("/data/accounts/")
    within = sum(unit.startswith("522301") for _, unit in PEOPLE.values())
    assert f"共 {within} 條" in people.text
    assert all(login not in people.text for login in ("prefecture", "elsewhere", "stranger", "budget"))
    assert f"共 {within} 條" in browser.get("/data/memberships/?sort=0").text
    assert "沒有符合條件" in browser.get("/data/accounts/?search=elsewhere").text
    grant = browser.get("/data/memberships/new/")
    assert all(code.startswith("522301") for code in options(grant, "unit"))
    assert str(rows.stranger) not in options(grant, "account")
    assert not options(grant, "role") & {"prefecture_admin", "county_officer", "auditor"}
    before = state()
    for part in ("details", "edit", "active"):
        browser.get(f"/data/accounts/{part}/?id={rows.stranger}", 404)
    browser.get(f"/data/memberships/delete/?id={rows.stranger_role}", 404)
    for field, value in (("unit", "522302000000"), ("account", str(rows.stranger)), ("role", "auditor")):
        form = {"account": str(rows.director), "role": "window_clerk", "unit": f"{HOME}000"}
        page = browser.post("/data/memberships/new/", form | {field: value, "csrf_token": grant.token()}, 422)
        assert "請從列表中選擇" in page.text
    assert state() == before


def test_trap_1_an_account_that_also_acts_elsewhere_is_not_changed_from_here(
    site: Site, rows: Rows, state: State
) -> None:
    browser = site.browser("prefecture")
    page = browser.get(f"/data/accounts/details/?id={rows.both}")
    assert "黔東南" not in page.text
    assert "轄區外也有角色" in page.text
    assert str(rows.both) not in options(browser.get("/data/memberships/new/"), "account")
    token = {"csrf_token": browser.get("/account").token(), "name": "奪取", "seen": "x"}
    before = state()
    for part in ("edit", "active"):
        browser.get(f"/data/accounts/{part}/?id={rows.both}", 403)
        browser.post(f"/data/accounts/{part}/?id={rows.both}", token, 403)
    browser.post(f"/data/memberships/delete/?id={rows.both_role_there}", token, 404)
    assert state() == before


@pytest.mark.parametrize("language", ["hant", "hans", "en"])
def test_trap_2_no_page_needs_a_script_of_theirs_or_anything_from_elsewhere(
    site: Site, rows: Rows, language: str
) -> None:
    """The browser of the tests refuses inline handlers, `javascript:` and forms without a token by itself."""
    browser = site.browser("prefecture", language)
    for address in pages_of(rows):
        page = browser.get(address)
        assert not re.search(rb"jquery|select2|x-editable|moment\.|glyphicon|fa-", page.body, re.IGNORECASE)
        sources = [one.attrib["src"] for one in page.find("script")]
        sources += [one.attrib["href"] for one in page.find("link")]
        assert all(source.startswith("/static/") for source in sources), address


def test_trap_2_removing_asks_on_a_page_that_names_it(site: Site, rows: Rows, state: State) -> None:
    browser = site.browser("prefecture")
    before = state()
    page = browser.get(f"/data/holidays/delete/?id={rows.holiday}")
    assert "建州紀念日" in page.text
    assert state() == before
    browser.post(f"/data/holidays/delete/?id={rows.holiday}", page.form())
    with site.sessions() as session:
        assert session.get(Holiday, rows.holiday) is None


@pytest.mark.parametrize(
    ("language", "missing", "longer"),
    [
        ("hant", "這一項必填", "最多 80 個字"),
        ("hans", "这一项必填", "最多 80 个字"),
        ("en", "This is required", "At most 80 characters"),
    ],
)
def test_traps_3_and_4_what_is_wrong_is_said_in_the_language_of_the_page(
    site: Site, language: str, missing: str, longer: str
) -> None:
    browser = site.browser("prefecture", language)
    form = browser.get("/data/suppliers/new/").form()
    assert missing in browser.post("/data/suppliers/new/", form, 422).text
    assert longer in browser.post("/data/suppliers/new/", form | {"name": "長" * 81}, 422).text


def test_traps_3_and_4_every_message_of_a_field_in_use_has_words_of_ours(site: Site) -> None:
    browser = site.browser("prefecture")
    form = browser.get("/data/holidays/new/").form()
    wrong = {"date": "2026-13-45", "kind": "other", "name": "x"}
    page = browser.post("/data/holidays/new/", form | wrong, 422)
    assert "不是有效的日期" in page.text
    assert "請從列表中選擇" in page.text
    assert forms.OTHERWISE not in page.text


def test_trap_5_flask_babel_is_neither_needed_nor_there() -> None:
    """Where it is installed and not set up, every page of Flask-Admin fails."""
    assert importlib.util.find_spec("flask_babel") is None
    assert "flask-babel" not in (ROOT / "requirements" / "runtime.txt").read_text("utf-8").lower()


def test_trap_6_flask_sqlalchemy_is_neither_needed_nor_there(site: Site) -> None:
    assert importlib.util.find_spec("flask_sqlalchemy") is None
    assert set(views(site)) == set(TABLES)


def test_trap_7_the_session_is_the_requests_and_ends_only_at_the_edge(site: Site) -> None:
    for view in views(site).values():
        with site.app.test_request_context("/"):
            session = _get_deprecated_session(view.session)
            assert session.registry() is database()
            with pytest.raises(RuntimeError, match="edge"):
                session.commit()


@pytest.mark.parametrize("key", ["1,2", "9" * 30, "x", ""])
def test_trap_8_what_can_be_no_id_is_not_found(site: Site, key: str) -> None:
    browser = site.browser("prefecture")
    for table in TABLES:
        browser.get(f"/data/{table}/details/?id={key}", 404)
    browser.get("/data/units/?page=" + "9" * 30, 404)


def test_trap_9_nothing_is_exported(site: Site) -> None:
    assert not [
        rule
        for rule in site.app.url_map.iter_rules()
        if rule.rule.startswith("/data/") and "export" in rule.rule
    ]


def test_trap_10_pages_say_their_language_and_use_our_faces(site: Site, rows: Rows) -> None:
    for language, tag in (("hant", "zh-Hant"), ("hans", "zh-Hans"), ("en", "en")):
        page = site.browser("prefecture", language).get("/data/holidays/")
        assert page.root.attrib["lang"] == tag
        assert any("townhall.css" in link.attrib["href"] for link in page.find("link"))
    assert rows


def test_trap_11_on_a_phone_each_value_says_what_it_is(site: Site, rows: Rows) -> None:
    browser = site.browser("prefecture")
    for table in TABLES:
        [found] = browser.get(f"/data/{table}/").find("table")
        assert "lines" in found.attrib["class"]
        cells = [cell for cell in found.iter("td") if cell.attrib.get("class") != "row-actions"]
        assert cells
        assert all(cell.attrib.get("data-label") for cell in cells)
    assert rows


def test_trap_12_the_first_page_says_what_there_is(site: Site, rows: Rows) -> None:
    page = site.browser("prefecture").get("/data/")
    for table in TABLES:
        assert f"/data/{table}/" in page.links()
    assert "149 條" in page.text
    assert rows


def test_trap_13_what_is_offered_is_asked_for_at_each_request(site: Site) -> None:
    """The same views serve everybody; nothing that depends on a role is kept from the start."""
    assert "/data/" in site.browser("prefecture").get("/").links()
    assert "/data/" not in site.browser("county").get("/").links()
    site.browser("county").get("/data/accounts/", 403)
    here, there = site.browser("prefecture"), site.browser("prefecture", "en")
    assert "放假" in here.get("/data/holidays/new/").text
    assert "Day off" in there.get("/data/holidays/new/").text


def test_trap_14_whoever_saves_second_sees_both_and_overwrites_nothing(site: Site, rows: Rows) -> None:
    address = f"/data/suppliers/edit/?id={rows.supplier}"
    first, second = site.browser("prefecture"), site.browser("prefecture")
    stale = second.get(address).form()
    first.post(address, first.get(address).form() | {"phone": "0000-2"})
    page = second.post(address, stale | {"phone": "0000-3"}, 422)
    assert "他人已修改" in page.text
    [box] = page.find("div", id="refusal")
    shown = "".join(box.itertext())
    assert "0000-2" in shown
    assert "0000-3" in shown
    assert phone(site, rows) == "0000-2"
    second.post(address, page.form())
    assert phone(site, rows) == "0000-3"


def test_trap_14_what_changed_meanwhile_is_not_removed_unseen(site: Site, rows: Rows) -> None:
    first, second = site.browser("prefecture"), site.browser("prefecture")
    address = f"/data/suppliers/delete/?id={rows.supplier}"
    stale = second.get(address).form()
    edit = f"/data/suppliers/edit/?id={rows.supplier}"
    first.post(edit, first.get(edit).form() | {"phone": "0000-2"})
    page = second.post(address, stale, 422)
    assert "請核對後再刪除" in page.text
    assert "0000-2" in page.text
    assert phone(site, rows) == "0000-2"


def test_trap_14_every_write_is_in_the_audit_of_who_wrote_it(site: Site, rows: Rows) -> None:
    browser = site.browser("prefecture")
    edit = f"/data/suppliers/edit/?id={rows.supplier}"
    browser.post(edit, browser.get(edit).form() | {"phone": "0000-2"})
    with site.sessions() as session:
        newest = select(AuditRecord).filter_by(unit_id=HERE).order_by(AuditRecord.number.desc())
        record = session.scalars(newest).first()
    assert record is not None
    assert (record.login, record.action) == ("prefecture", "supplier.change")
    assert record.changes == [["", None, "phone", "0000-1", "0000-2"]]


def phone(site: Site, rows: Rows) -> str:
    with site.sessions() as session:
        return session.get_one(Supplier, rows.supplier).phone


def test_trap_15_no_form_has_a_relation_or_a_collection(site: Site) -> None:
    for view in views(site).values():
        columns = set(view.model.__table__.columns.keys())
        for form in (view._create_form_class, view._edit_form_class):
            names = {name for name, _ in form()._unbound_fields}
            assert names <= columns | {"account", "unit"}, view.name


def test_trap_15_a_form_that_leaves_something_out_empties_nothing(
    site: Site, rows: Rows, state: State
) -> None:
    browser = site.browser("prefecture")
    address = f"/data/suppliers/edit/?id={rows.supplier}"
    form = browser.get(address).form()
    del form["contact"]
    before = state()
    browser.post(address, form, 400)
    assert state() == before


def test_trap_15_renaming_an_account_keeps_its_roles(site: Site, rows: Rows) -> None:
    browser = site.browser("prefecture")
    address = f"/data/accounts/edit/?id={rows.director}"
    browser.post(address, browser.get(address).form() | {"name": "新主任（虛構）"})
    with site.sessions() as session:
        user = session.get_one(User, rows.director)
        assert user.name == "新主任（虛構）"
        assert [held.id for held in user.memberships] == [rows.director_role]
        assert session.scalars(select(Membership).filter_by(unit_id=THERE)).all()


def test_trap_16_every_label_is_chinese(site: Site) -> None:
    for view in views(site).values():
        labels = [label for _, label in (*view._list_columns, *view._details_columns)]
        labels += [field.label.text for field in view._edit_form_class()]
        assert all(HAN.search(label) for label in labels), (view.name, labels)
