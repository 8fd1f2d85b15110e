"""A centre is prepared, activated, suspended, archived and restored; the grave steps take two people."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.fixtures.standards import MOMENT
from tests.fixtures.web import ABROAD, HOME, Site
from townhall.accounts.models import Role
from townhall.approvals.models import Approval, Verdict
from townhall.approvals.operations import ApprovalRefused, decide, propose, withdraw
from townhall.audit.act import Act
from townhall.audit.chain import first_break
from townhall.audit.operations import broken, records
from townhall.centres.archive import write_archive
from townhall.centres.archive_file import ArchiveInvalid, read_manifest
from townhall.centres.edit import Edit, EditRefused, edit_centre
from townhall.centres.lifecycle import StepRefused, take
from townhall.centres.models import Centre
from townhall.centres.status import Status
from townhall.centres.steps import ARCHIVE, SUSPEND, kinds
from townhall.units.models import Unit

FACTS = {"hotline": "0000-1", "director": "演示人員"}


def act(login: str, role: Role, held: str, reason: str = "試") -> Act:
    return Act(login, f"{login}（虛構）", role.value, held, MOMENT, reason)


DIRECTOR = act("director", Role.TOWNSHIP_DIRECTOR, f"{HOME}000")
COUNTY = act("county", Role.COUNTY_OFFICER, "522301000000")
PREFECTURE = act("prefecture", Role.PREFECTURE_ADMIN, "522300000000")
ELSEWHERE = act("other", Role.PREFECTURE_ADMIN, "522400000000")


def status(session: Session, unit: Unit) -> Status:
    return Status(session.get_one(Centre, unit.code).status)


def fill(session: Session, unit: Unit) -> None:
    edits = [Edit("profile", None, name, value) for name, value in FACTS.items()]
    edit_centre(session, unit, edits, seen=None, act=DIRECTOR)


def test_rule_e3_a_centre_without_its_mandatory_facts_is_not_activated(session: Session, unit: Unit) -> None:
    with pytest.raises(StepRefused) as refused:
        take(session, DIRECTOR, unit, "activate")
    assert len(refused.value.reasons) == 2
    assert status(session, unit) is Status.PREPARING
    fill(session, unit)
    assert take(session, DIRECTOR, unit, "activate") is Status.ACTIVE


@pytest.mark.parametrize("step", ["resume", "archive", "restore"])
def test_a_step_that_does_not_lead_from_here_is_refused(session: Session, unit: Unit, step: str) -> None:
    with pytest.raises(StepRefused, match="不能進行這一步"):
        take(session, PREFECTURE, unit, step)


def test_a_suspended_centre_is_read_and_not_changed(session: Session, unit: Unit) -> None:
    take(session, PREFECTURE, unit, "suspend")
    with pytest.raises(EditRefused, match="只可查閱"):
        fill(session, unit)
    take(session, PREFECTURE, unit, "resume")
    fill(session, unit)


def test_every_step_is_one_record(session: Session, unit: Unit) -> None:
    for step in ("suspend", "archive", "restore", "resume"):
        take(session, PREFECTURE, unit, step)
    found = [one.action for one in records(session, unit.code)]
    assert found[1:] == ["centre.suspend", "centre.archive", "centre.restore", "centre.resume"]


def test_two_people_suspend_a_centre(session: Session, unit: Unit, tmp_path: Path) -> None:
    sorts = kinds(tmp_path)
    made = propose(session, DIRECTOR, sorts, unit.code, SUSPEND)
    assert status(session, unit) is Status.PREPARING
    decide(session, PREFECTURE, sorts, made, approve=True, comment="")
    assert status(session, unit) is Status.SUSPENDED
    assert [one.action for one in records(session, unit.code)][-3:] == [
        "approval.propose",
        "approval.decide",
        "centre.suspend",
    ]
    assert broken(session, unit.code) is None


def test_what_is_returned_is_not_carried_out(session: Session, unit: Unit, tmp_path: Path) -> None:
    sorts = kinds(tmp_path)
    made = propose(session, DIRECTOR, sorts, unit.code, SUSPEND)
    with pytest.raises(ApprovalRefused, match="請寫明意見"):
        decide(session, PREFECTURE, sorts, made, approve=False, comment=" ")
    decide(session, PREFECTURE, sorts, made, approve=False, comment="材料不齊")
    assert (made.verdict, status(session, unit)) == (Verdict.RETURNED, Status.PREPARING)
    with pytest.raises(ApprovalRefused, match="已經辦結"):
        decide(session, PREFECTURE, sorts, made, approve=True, comment="")


@pytest.mark.parametrize(
    ("who", "message"),
    [
        (act("director", Role.PREFECTURE_ADMIN, "522300000000"), "提出人不能審批自己的申請"),
        (COUNTY, "您的角色不能審批"),
        (ELSEWHERE, "您的角色不能審批"),
        (act("host", Role.PREFECTURE_ADMIN, ""), "您的角色不能審批"),
    ],
)
def test_who_may_not_decide(session: Session, unit: Unit, tmp_path: Path, who: Act, message: str) -> None:
    made = propose(session, DIRECTOR, kinds(tmp_path), unit.code, SUSPEND)
    with pytest.raises(ApprovalRefused, match=message):
        decide(session, who, kinds(tmp_path), made, approve=True, comment="")
    assert status(session, unit) is Status.PREPARING


@pytest.mark.parametrize(
    ("who", "message"),
    [(act("p", Role.PRINT_OPERATOR, "522300000000"), "不能提出"), (DIRECTOR.because(" "), "請寫明事由")],
)
def test_a_proposal_needs_the_role_and_a_reason(
    session: Session, unit: Unit, tmp_path: Path, who: Act, message: str
) -> None:
    with pytest.raises(ApprovalRefused, match=message):
        propose(session, who, kinds(tmp_path), unit.code, SUSPEND)


def test_the_same_open_proposal_is_not_made_twice(session: Session, unit: Unit, tmp_path: Path) -> None:
    made = propose(session, DIRECTOR, kinds(tmp_path), unit.code, SUSPEND)
    with pytest.raises(ApprovalRefused, match="已有同類申請"):
        propose(session, COUNTY, kinds(tmp_path), unit.code, SUSPEND)
    with pytest.raises(ApprovalRefused, match="只有提出人"):
        withdraw(session, COUNTY, made)
    withdraw(session, DIRECTOR, made)
    assert propose(session, COUNTY, kinds(tmp_path), unit.code, SUSPEND).verdict == Verdict.PENDING


def test_what_has_changed_since_is_not_approved(session: Session, unit: Unit, tmp_path: Path) -> None:
    made = propose(session, DIRECTOR, kinds(tmp_path), unit.code, SUSPEND)
    fill(session, unit)
    with pytest.raises(ApprovalRefused, match="已有變動"):
        decide(session, PREFECTURE, kinds(tmp_path), made, approve=True, comment="")


def test_the_database_itself_wants_two_people(session: Session, unit: Unit, tmp_path: Path) -> None:
    propose(session, DIRECTOR, kinds(tmp_path), unit.code, SUSPEND)
    forged: dict[str, Any] = {"verdict": "approved", "decider": "director", "decided_at": MOMENT}
    with pytest.raises(IntegrityError):
        session.execute(update(Approval).values(**forged))


def test_an_archive_holds_everything_and_can_be_checked(session: Session, unit: Unit, tmp_path: Path) -> None:
    fill(session, unit)
    take(session, PREFECTURE, unit, "suspend")
    made = propose(session, COUNTY, kinds(tmp_path), unit.code, ARCHIVE)
    decide(session, PREFECTURE, kinds(tmp_path), made, approve=True, comment="同意")
    assert status(session, unit) is Status.ARCHIVED
    (path,) = tmp_path.iterdir()
    manifest = read_manifest(path)
    assert manifest["content_hash"] == session.get_one(Centre, unit.code).content_hash
    with zipfile.ZipFile(path) as file:
        assert json.loads(file.read("centre.json"))["profile"]["hotline"] == FACTS["hotline"]
        lines = [json.loads(line) for line in file.read("audit.jsonl").splitlines()]
        assert len(file.read("rows/service_item.jsonl").splitlines()) > 30
    assert first_break(unit.code, ((line, line["digest"]) for line in lines)) is None
    assert take(session, PREFECTURE, unit, "restore") is Status.SUSPENDED


def test_the_same_centre_is_the_same_file(session: Session, unit: Unit, tmp_path: Path) -> None:
    digests = [write_archive(session, unit, tmp_path / name) for name in ("a.zip", "b.zip")]
    assert digests[0] == digests[1]
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_rows_that_no_revision_made_are_not_archived(session: Session, unit: Unit, tmp_path: Path) -> None:
    session.execute(update(Centre).where(Centre.unit_id == unit.code).values(content_hash="0" * 64))
    session.expire_all()
    with pytest.raises(ArchiveInvalid, match="不能歸檔"):
        write_archive(session, unit, tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_changed_archive_is_refused(session: Session, unit: Unit, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    write_archive(session, unit, good)
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(bad, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace("民政".encode(), "亂政".encode()))
    with pytest.raises(ArchiveInvalid, match="與清單不符"):
        read_manifest(bad)
    bad.write_bytes(good.read_bytes()[:500])
    with pytest.raises(ArchiveInvalid, match="不是中心檔案"):
        read_manifest(bad)


def test_the_whole_life_in_pages(site: Site) -> None:
    director, prefecture = site.browser("director"), site.browser("prefecture")
    address = f"/t/{HOME}/life"
    assert (
        "中心主任待填"
        in director.post(f"{address}/take", _form(director, address, step="activate"), 422).text
    )
    director.post(f"{address}/propose", _form(director, address, kind=SUSPEND, reason="裝修"))
    page = prefecture.get("/approvals")
    assert "裝修" in page.text
    form = _form(prefecture, address, verdict="approve")
    (target,) = {
        one.attrib["action"]
        for one in prefecture.get(address).find("form")
        if "decide" in one.attrib["action"]
    }
    director.post(target, _form(director, address, verdict="approve"), 422)
    prefecture.post(target, form)
    assert "已暫停" in director.get(address).text
    profile = director.get(f"/t/{HOME}/profile").form() | {"hotline": "0000-1"}
    assert "只可查閱" in director.post(f"/t/{HOME}/profile", profile, 422).text
    director.post(f"{address}/take", _form(director, address, step="resume"), 403)
    prefecture.post(f"{address}/take", _form(prefecture, address, step="resume"))
    assert director.get(f"{address}/export.zip").response.mimetype == "application/zip"
    assert "沒有等待" in prefecture.get("/approvals").text


def test_an_archived_centre_is_not_shown_to_citizens(site: Site) -> None:
    with site.sessions.begin() as session:
        session.execute(update(Centre).where(Centre.unit_id == f"{ABROAD}000").values(status="archived"))
    site.browser().get(f"/g/{ABROAD}/", 404)
    site.browser().get(f"/g/{HOME}/")


def _form(browser: Any, address: str, **fields: str) -> dict[str, str]:
    return {"csrf_token": browser.get(address).token(), **fields}


def test_what_waits_already_is_not_offered_again(site: Site) -> None:
    director, address = site.browser("director"), f"/t/{HOME}/life"
    assert "提請：暫停中心" in director.get(address).text
    director.post(f"{address}/propose", _form(director, address, kind=SUSPEND, reason="裝修"))
    page = director.get(address)
    assert "提請：暫停中心" not in page.text
    assert "撤回申請" in page.text
    assert "centre.suspend" not in director.get(f"/t/{HOME}/history").text
