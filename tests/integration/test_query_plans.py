"""What the pages of a township ask the database is found through an index, however many townships there are (T8)."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from tests.fixtures.access import TABLE
from tests.fixtures.plans import asked, scans
from tests.fixtures.web import HOME, PASSWORD, Site
from townhall.centres.models import Window
from townhall.tenancy import scope_of, scoped

FLEET = {
    *(
        "overview.show",
        "overview.townships",
        "life.undecided",
        "people.show",
        "people.invite_form",
        "api.townships",
    ),
    *("data_accounts.index_view", "data_memberships.index_view", "data_memberships.create_view"),
    *("data_units.index_view", "data.index"),
}


def pages(site: Site) -> list[tuple[Rule, str]]:
    """All routes with a township in their address but those that draw documents, and the lists of a prefecture."""
    return [
        (rule, method)
        for rule in site.app.url_map.iter_rules()
        if ("code" in rule.arguments or rule.endpoint in FLEET) and not TABLE[rule.endpoint].heavy
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@pytest.mark.parametrize("login", ["director", "auditor", "prefecture"])
def test_bar_t8_no_page_reads_a_table_from_end_to_end(site: Site, login: str) -> None:
    site.app.config["WTF_CSRF_ENABLED"] = False
    engine, client = site.sessions.kw["bind"], site.app.test_client()
    client.post("/login", data={"login": login, "password": PASSWORD})
    _ = site.app.extensions["townhall.press"].faces  # once a process; reads every name for its characters
    with asked(engine) as questions:
        for rule, method in pages(site):
            values = {"code": HOME} | TABLE[rule.endpoint].values
            with site.app.test_request_context():
                address = site.app.url_for(rule.endpoint, **{name: values[name] for name in rule.arguments})
            client.open(address, method=method).close()
    assert len(questions) > 30
    assert not scans(engine, questions)


def test_bar_t8_the_control_finds_what_no_index_leads_to(site: Site) -> None:
    """The same question narrowed to a unit is found; past the narrowing, by a column without an index, it is not."""
    engine = site.sessions.kw["bind"]
    with asked(engine) as questions, Session(engine, info=scoped(scope_of(f"{HOME}000"))) as session:
        session.scalars(select(Window).where(Window.name == "綜合窗口")).all()
        session.connection().exec_driver_sql('SELECT * FROM "window" WHERE name = ?', ("綜合窗口",))
        session.connection().exec_driver_sql("SELECT count(*) FROM service_item WHERE unit_id || '' = ''")
    assert [table for table, _ in scans(engine, questions)] == ["window", "service_item"]
