"""The audit from the command line and on its page."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.fixtures.audited import Unrecorded
from tests.fixtures.commands import BAD_INPUT, DONE, IN_PART, Run, few
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import ABROAD, HOME, SIBLING, Site
from townhall.audit.act import host_act
from townhall.audit.operations import records
from townhall.centres.edit import addition, edit_centre, local_key, ordering, removal
from townhall.centres.rows import require_centre
from townhall.units.models import Unit
from townhall.web.edge import database


@pytest.fixture
def run(run: Run, tmp_path: Path) -> Run:
    """The command line beside a host with three centres."""
    assert run("init").exit_code == DONE
    assert run("provision", "--units", few(tmp_path, 3)).exit_code == DONE
    return run


def tamper(tmp_path: Path, statement: str) -> None:
    with closing(sqlite3.connect(tmp_path / "data" / "townhall.db")) as connection:
        connection.execute("DROP TRIGGER append_only_update")
        connection.execute("DROP TRIGGER append_only_delete")
        connection.execute(statement)
        connection.commit()


def test_a_whole_audit_is_called_whole(run: Run) -> None:
    result = run("audit", "verify")
    assert (result.exit_code, result.stdout) == (DONE, "✓ 4 個單位的審計鏈完整\n")
    assert run("audit", "replay", "--unit", "522300").exit_code == DONE


def test_a_changed_row_is_named(run: Run, tmp_path: Path) -> None:
    tamper(tmp_path, "UPDATE audit_record SET login = 'x' WHERE unit_id = '522301002000'")
    result = run("audit", "verify")
    assert result.exit_code == IN_PART
    assert result.stdout == "× 522301002000 第 1 條：內容與封印不符\n"


def test_a_wiped_chain_is_named_with_a_checkpoint(run: Run, tmp_path: Path) -> None:
    kept = run("audit", "checkpoint", "--to", "kept").stdout.strip()
    assert run("audit", "verify", "--checkpoint", kept).exit_code == DONE
    tamper(tmp_path, "DELETE FROM audit_record WHERE unit_id = '522301002000'")
    assert run("audit", "verify").exit_code == DONE
    result = run("audit", "verify", "--checkpoint", kept)
    assert result.exit_code == IN_PART
    assert "× 522301002000 第 1 條：檢查點所記的記錄已不存在" in result.stdout


def test_rows_that_the_audit_does_not_lead_to_are_named(run: Run, tmp_path: Path) -> None:
    tamper(tmp_path, "UPDATE window SET name = '改' WHERE unit_id = '522301002000' AND key = 'zhou:civil'")
    result = run("audit", "replay", "--unit", "522301")
    assert result.exit_code == IN_PART
    assert result.stdout.startswith("× 522301002000 ")


def test_a_file_that_is_no_checkpoint_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]", encoding="utf-8")
    assert run("audit", "verify", "--checkpoint", "x.json").exit_code == BAD_INPUT
    assert run("audit", "verify", "--checkpoint", "nowhere").exit_code == BAD_INPUT


def test_the_export_holds_every_record_of_a_county(run: Run, tmp_path: Path) -> None:
    result = run("audit", "export", "--unit", "522301", "--out", "out.jsonl")
    assert result.stdout == "已導出 3 個單位 3 條記錄\n"
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {line["action"] for line in lines} == {"centre.create"}


def actions(site: Site, code: str) -> list[tuple[str, str]]:
    with site.sessions() as session:
        return [(one.login, one.action) for one in records(session, f"{code}000")]


def test_rule_o1_staff_who_open_a_township_are_recorded_once_a_sign_in(site: Site) -> None:
    browser = site.browser("prefecture")
    for page in ("", "windows", "items"):
        browser.get(f"/t/{HOME}/{page}")
    assert actions(site, HOME).count(("prefecture", "read")) == 1
    site.browser("prefecture").get(f"/t/{HOME}/")
    assert actions(site, HOME).count(("prefecture", "read")) == 2
    site.browser("director").get(f"/t/{HOME}/windows")
    assert ("director", "read") not in actions(site, HOME)


def test_bar_a1_addresses_of_others_are_recorded_where_the_reader_belongs(site: Site) -> None:
    browser = site.browser("director")
    for _ in range(2):
        browser.get(f"/t/{SIBLING}/", 404)
    browser.get(f"/t/{ABROAD}/windows", 404)
    with site.sessions() as session:
        denied = [one for one in records(session, f"{HOME}000") if one.action == "denied"]
    assert [(one.login, one.path) for one in denied] == [
        ("director", f"/t/{SIBLING}/"),
        ("director", f"/t/{ABROAD}/windows"),
    ]
    assert not {("director", "read"), ("director", "denied")} & {
        *actions(site, SIBLING),
        *actions(site, ABROAD),
    }


def test_the_page_shows_who_changed_what(site: Site) -> None:
    browser = site.browser("director")
    form = browser.get(f"/t/{HOME}/profile").form()
    browser.post(f"/t/{HOME}/profile", form | {"hotline": "0000-7654321（演示）"})
    page = browser.get(f"/t/{HOME}/history")
    assert "封印完整" in page.text
    assert "熱線電話" in page.text
    assert "0000-7654321（演示）" in page.text
    assert "登錄" in browser.get(f"/t/{HOME}/history?action=session.begin").text
    assert "沒有這一類紀錄" in browser.get(f"/t/{HOME}/history?action=approval.decide").text
    for odd in ("?page=0", "?page=99999999999", "?page=x", "?action=x"):
        browser.get(f"/t/{HOME}/history{odd}")
    lines = browser.get(f"/t/{HOME}/history/records.jsonl").body.decode().splitlines()
    assert json.loads(lines[-1])["action"] == "centre.edit"


def test_the_page_names_what_was_taken_away_and_added(site: Site) -> None:
    with site.sessions.begin() as session:
        unit = session.get_one(Unit, f"{HOME}000")
        windows = require_centre(session, unit.code).windows
        own = windows[0].model_copy(
            update={"key": local_key(unit, "own"), "number": 20, "name": "集市窗口（演示）"}
        )
        edits = [
            removal("items", "zhou:copying-form-help"),
            addition("windows", own),
            ordering("windows", [window.key for window in reversed(windows)]),
        ]
        edit_centre(session, unit, edits, seen=None, act=host_act("測試", MOMENT))
    page = site.browser("director").get(f"/t/{HOME}/history").text
    assert "事項〔複印打印及填表協助〕 「複印打印及填表協助」 → —" in page
    assert "窗口〔集市窗口（演示）〕 — → 「集市窗口（演示）」" in page
    assert "窗口排列次序 8 項 → 9 項" in page


def test_a_broken_chain_is_said_on_the_page(site: Site) -> None:
    with site.sessions.begin() as session:
        session.connection().exec_driver_sql("DROP TRIGGER append_only_update")
        session.connection().exec_driver_sql("UPDATE audit_record SET reason = 'x'")
    assert "審計鏈在第 1 條斷裂" in site.browser("prefecture").get(f"/t/{HOME}/history").text


def test_bar_a1_a_request_that_writes_without_a_record_would_be_noticed(site: Site) -> None:
    """The control of the watch that every web test is under (tests/fixtures/audited.py)."""

    def silent(*_: object, **__: object) -> tuple[str, ...]:
        database().execute(update(Unit).values(ethnic="改"))
        return ()

    browser = site.browser("director")
    form = browser.get(f"/t/{HOME}/profile").form()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("townhall.web.profile.save", silent)
        with pytest.raises(Unrecorded, match="wrote"):
            browser.post(f"/t/{HOME}/profile", form)
