"""Centres that are there already: described in a file and brought in, and a standard taken from several (rules I6, L)."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.differences import patched
from provisioning.faults import PackInvalid
from provisioning.marks import MarkKind
from provisioning.resolve import resolve
from provisioning.specs import CentreSpec, Pack, UnitKind
from tests.fixtures.standards import MOMENT, TOWNSHIPS
from tests.fixtures.taken import written
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.audit.operations import broken
from townhall.centres.adopting import Adoption, adopt, plan_adoption, read_described
from townhall.centres.apply import PlanRefused, pinned
from townhall.centres.archive import write_archive
from townhall.centres.edit import Edit, edit_centre
from townhall.centres.models import Centre, Revision
from townhall.centres.replay import replay
from townhall.centres.rows import require_centre
from townhall.centres.standing import standing
from townhall.standards.models import Release
from townhall.standards.operations import publish_release
from townhall.units.models import Unit
from townhall.units.operations import ensure_units
from townhall.units.sheet import read_sheet

ACT = host_act("測試", MOMENT, "認領")
ITEM = "zhou:temporary-relief"
OWN = [["items", ITEM, "result", "本地的辦理結果"], ["profile", None, "hotline", "0000-1234567"]]
LOCKED = ["signs", "zhou:sign-centre", "ground", "#ffffff"]


@pytest.fixture
def release(session: Session, pack: Pack) -> Release:
    return publish_release(session, pack, MOMENT)


@pytest.fixture
def units(session: Session, pack: Pack, release: Release) -> list[Unit]:
    """Three townships of one county, none with a centre."""
    assert release.number == 1
    return ensure_units(session, pack.header, read_sheet(TOWNSHIPS).townships[:3], "")


def described(pack: Pack, unit: Unit, *changes: list[Any]) -> CentreSpec:
    return patched(resolve(pack, None, UnitKind(unit.kind)), list(changes))


def planned(session: Session, unit: Unit, centre: CentreSpec, release: Release) -> Adoption:
    return plan_adoption(session, unit, centre, release, {})


def count(session: Session, model: Any, unit: Unit) -> int:
    return session.scalar(select(func.count()).select_from(model).where(model.unit_id == unit.code)) or 0


def agrees(session: Session, unit: Unit) -> str:
    """The hash of the rows, once the revision, the audit and its chain say the same."""
    rows, stands = require_centre(session, unit.code), standing(session, unit)
    replayed = replay(session, unit)
    assert stands is not None
    assert replayed is not None
    hashes = {content_hash(rows), content_hash(stands.centre), content_hash(replayed)}
    assert hashes == {session.get_one(Centre, unit.code).content_hash}
    assert broken(session, unit.code) is None
    return content_hash(rows)


# adopting: rule I6 --------------------------------------------------------------------------------------------------


def test_rule_i6_a_described_centre_becomes_the_townships_own_under_the_present_standard(
    session: Session, pack: Pack, release: Release, units: list[Unit], tmp_path: Path
) -> None:
    unit = units[0]
    path = written(tmp_path / "centre.yaml", described(pack, unit, *OWN))
    adoption = planned(session, unit, read_described(path, unit), release)
    assert adoption.new
    assert {action.reason.value for action in adoption.plan.changes.actions} == {"LOCAL_KEPT"}
    assert adopt(session, adoption, act=ACT).written
    assert agrees(session, unit) == content_hash(described(pack, unit, *OWN))
    assert pinned(session, unit).release is release
    assert count(session, Revision, unit) == 2


def test_rule_i6_the_plan_writes_nothing(
    session: Session, pack: Pack, release: Release, units: list[Unit]
) -> None:
    planned(session, units[0], described(pack, units[0], *OWN), release)
    assert session.get(Centre, units[0].code) is None
    assert count(session, AuditRecord, units[0]) == 0


def test_rule_i6_what_is_locked_is_displaced_and_kept_and_has_its_own_record(
    session: Session, pack: Pack, release: Release, units: list[Unit]
) -> None:
    unit = units[0]
    adoption = planned(session, unit, described(pack, unit, *OWN, LOCKED), release)
    with pytest.raises(PlanRefused, match="須寫明理由"):
        adopt(session, adoption, act=ACT)
    assert session.get(Centre, unit.code) is None
    adopt(session, adoption, act=ACT, force="統一標識")
    assert agrees(session, unit) == content_hash(described(pack, unit, *OWN))
    stands = standing(session, unit)
    assert stands is not None
    (mark,) = stands.marks
    assert (mark.kind, mark.value) == (MarkKind.SUSPENDED, "#ffffff")
    told = session.scalars(select(AuditRecord.action).filter_by(unit_id=unit.code)).all()
    assert sorted(told) == ["centre.adopt", "centre.create", "centre.displace"]


def test_rule_i6_a_centre_that_is_the_standard_is_just_opened(
    session: Session, pack: Pack, release: Release, units: list[Unit]
) -> None:
    unit = units[0]
    adopt(session, planned(session, unit, described(pack, unit), release), act=ACT)
    assert agrees(session, unit) == content_hash(described(pack, unit))
    assert count(session, Revision, unit) == 1


def test_rule_i6_a_unit_that_has_a_centre_never_gets_a_second_one(
    session: Session, pack: Pack, release: Release, units: list[Unit]
) -> None:
    unit = units[0]
    centre = described(pack, unit, *OWN)
    adopt(session, planned(session, unit, centre, release), act=ACT)
    again = adopt(session, planned(session, unit, centre, release), act=ACT)
    assert not again.written
    other = planned(session, unit, described(pack, unit, OWN[0]), release)
    with pytest.raises(PlanRefused, match="已有中心，與檔案有 1 處不同"):
        adopt(session, other, act=ACT)
    assert agrees(session, unit) == content_hash(centre)
    assert adopt(session, other, act=ACT, replace=True).revision == 3
    assert agrees(session, unit) == content_hash(described(pack, unit, OWN[0]))
    assert count(session, Centre, unit) == 1


def test_rule_i6_a_plan_that_somebody_overtook_is_refused(
    session: Session, pack: Pack, release: Release, units: list[Unit]
) -> None:
    unit = units[0]
    adopt(session, planned(session, unit, described(pack, unit), release), act=ACT)
    adoption = planned(session, unit, described(pack, unit, *OWN), release)
    edit_centre(session, unit, [Edit("items", ITEM, "scope", "別的")], seen=None, act=ACT)
    with pytest.raises(PlanRefused, match="計劃已過期"):
        adopt(session, adoption, act=ACT, replace=True)


def test_rule_i6_what_fails_halfway_leaves_no_tenant(
    session: Session, pack: Pack, release: Release, units: list[Unit], monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = units[0]
    adoption = planned(session, unit, described(pack, unit, *OWN), release)

    def fail(*_arguments: Any, **_options: Any) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("townhall.centres.adopting.record_own_deeds", fail)
    with pytest.raises(RuntimeError, match="power cut"), session.begin_nested():
        adopt(session, adoption, act=ACT)
    session.expire_all()
    assert session.get(Centre, unit.code) is None
    assert count(session, AuditRecord, unit) == 0


def test_an_archive_of_the_same_unit_describes_it_and_one_of_another_does_not(
    session: Session, pack: Pack, release: Release, units: list[Unit], tmp_path: Path
) -> None:
    unit = units[0]
    adopt(session, planned(session, unit, described(pack, unit, *OWN), release), act=ACT)
    write_archive(session, unit, tmp_path / "centre.zip")
    found = read_described(tmp_path / "centre.zip", unit)
    assert content_hash(found) == content_hash(described(pack, unit, *OWN))
    with pytest.raises(PlanRefused, match="不是 522301002 的"):
        read_described(tmp_path / "centre.zip", units[1])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("key: zhou:pen", "key: xiang:522301002:pen", "其他單位自設的內容"),
        ("key: zhou:pen", "key: zhou:cabinet", "zhou:cabinet"),
    ],
)
def test_a_file_with_keys_of_others_or_twice_the_same_is_refused(
    pack: Pack, units: list[Unit], tmp_path: Path, old: str, new: str, words: str
) -> None:
    path = written(tmp_path / "centre.yaml", described(pack, units[0]))
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(PlanRefused, match=words):
        read_described(path, units[0])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_faulty_file_is_refused_with_the_line(pack: Pack, units: list[Unit], tmp_path: Path) -> None:
    path = written(tmp_path / "centre.yaml", described(pack, units[0]))
    path.write_text(
        path.read_text(encoding="utf-8").replace("envelope: 200000000", "envelope: 兩百萬"), "utf-8"
    )
    with pytest.raises(PackInvalid) as refusal:
        read_described(path, units[0])
    assert [fault.path for fault in refusal.value.faults] == ["envelope"]
    assert refusal.value.faults[0].line > 1
