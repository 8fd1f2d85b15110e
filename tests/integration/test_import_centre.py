"""A centre leaves one host as a file and comes into another: whole, checkable, or not at all."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from provisioning.canonical import content_hash
from provisioning.load import load_overlay
from provisioning.specs import Pack
from tests.fixtures.commands import BAD_INPUT, DONE, Run, few
from tests.fixtures.corruptions import (
    RAW,
    RELISTED,
    UNIT,
    UNLISTED,
    Parts,
    corrupted,
    rewritten,
)
from tests.fixtures.databases import Copies
from tests.fixtures.standards import MOMENT, PACK_FOLDER, TOWNSHIPS
from townhall.approvals.operations import propose
from townhall.audit.act import Act, host_act
from townhall.audit.operations import broken, record, records
from townhall.centres import bringing
from townhall.centres.apply import apply_plan, plan_unit, standard_for
from townhall.centres.archive import write_archive
from townhall.centres.archive_file import APART, CARRIED, ArchiveInvalid, read_archive
from townhall.centres.bringing import ImportRefused, bring
from townhall.centres.edit import Edit, edit_centre
from townhall.centres.models import Centre, Revision
from townhall.centres.rows import require_centre
from townhall.centres.steps import SUSPEND, kinds
from townhall.counties.models import CountyDraft
from townhall.database import create_engine_for, table_of
from townhall.documents.models import Paper
from townhall.jobs.models import Job
from townhall.models import TENANT_OWNED
from townhall.rollouts.models import RolloutCentre, SimulatedCentre
from townhall.standards.models import CountyOverlay, Release
from townhall.standards.operations import newest_overlays, publish_overlay, publish_release
from townhall.tenancy import HOST, judged, scoped
from townhall.units.models import Unit
from townhall.units.operations import ensure_units
from townhall.units.sheet import read_sheet

ACT = host_act("測試", MOMENT)
DIRECTOR = Act("lin", "林（虛構）", "township_director", UNIT, MOMENT, "裝修")


@pytest.fixture(scope="session")
def archive_file(sqlite_copies: Copies, pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a centre with an overlay, two edits and an open proposal, from a host of its own."""
    engine = create_engine_for(sqlite_copies())
    path = tmp_path_factory.mktemp("archive") / "centre.zip"
    with Session(engine, info=scoped(HOST)) as session:
        unit = lived(session, pack)
        write_archive(session, unit, path)
    engine.dispose()
    return path


def lived(session: Session, pack: Pack) -> Unit:
    """A centre that has a history."""
    unit = ensure_units(session, pack.header, read_sheet(TOWNSHIPS).townships[:1], "")[0]
    release = publish_release(session, pack, MOMENT)
    overlay = load_overlay((PACK_FOLDER / "demo" / "522301.yaml").read_bytes(), "522301.yaml", pack)
    publish_overlay(session, "522301000000", overlay, MOMENT, release)
    standard = standard_for(unit, release, newest_overlays(session, release))
    apply_plan(session, plan_unit(session, unit, standard), unit, standard, act=ACT)
    for text in ("0000-1", "0000-2"):
        edit_centre(session, unit, [Edit("profile", None, "hotline", text)], seen=None, act=DIRECTOR)
    propose(session, DIRECTOR, kinds(Path("unused")), unit.code, SUSPEND)
    session.commit()
    return unit


@pytest.fixture
def empty(database_url: str, pack: Pack) -> Iterator[sessionmaker[Session]]:
    """A host with the published standard and nothing else."""
    engine = create_engine_for(database_url)
    sessions = sessionmaker(engine, expire_on_commit=False, info=scoped(HOST))
    with sessions.begin() as session:
        publish_release(session, pack, MOMENT)
    yield sessions
    engine.dispose()


def counts(session: Session) -> dict[str, int]:
    """How many rows there are of everything that an import may write."""
    models = (*TENANT_OWNED, Unit, Release, CountyOverlay)
    counted = {model: judged(select(func.count()).select_from(table_of(model))) for model in models}
    connection = session.connection()
    return {model.__tablename__: connection.execute(asked).scalar_one() for model, asked in counted.items()}


def test_every_table_of_a_tenant_is_in_the_file_or_left_out_on_purpose() -> None:
    """Jobs, simulations, rollouts and drafts of counties are work of the old host, like its messages; what papers
    say follows from revisions."""
    assert {*CARRIED, *APART, Job, SimulatedCentre, RolloutCentre, CountyDraft, Paper} == set(TENANT_OWNED)


def test_a_centre_comes_in_whole_and_its_chain_goes_on(
    empty: sessionmaker[Session], archive_file: Path, tmp_path: Path
) -> None:
    archive = read_archive(archive_file)
    with empty.begin() as session:
        bring(session, ACT, archive)
    with empty() as session:
        assert content_hash(require_centre(session, UNIT)) == archive.content_hash
        assert session.get_one(Centre, UNIT).content_hash == archive.content_hash
        assert len(session.scalars(select(Revision)).all()) == 3
        assert broken(session, UNIT) is None
        chain = [(one.action, one.digest) for one in records(session, UNIT)]
        assert [digest for _, digest in chain[:-1]] == [one["digest"] for one in archive.audit]
        assert chain[-1][0] == "centre.import"
        unit = session.get_one(Unit, UNIT)
        again = tmp_path / "again.zip"
        write_archive(session, unit, again)
        there = read_archive(again)
    same = {name: strip(rows) for name, rows in archive.rows.items()}
    assert {name: strip(rows) for name, rows in there.rows.items()} == same
    assert there.units == archive.units


def strip(rows: list[Parts]) -> list[Parts]:
    """Rows without the numbers that a host gives to standards; moments are compared without their notation."""
    return [{name: value for name, value in row.items() if not name.endswith("_id")} for row in rows]


def test_the_centre_can_be_worked_on_afterwards(empty: sessionmaker[Session], archive_file: Path) -> None:
    with empty.begin() as session:
        unit = bring(session, ACT, read_archive(archive_file))
        edit_centre(session, unit, [Edit("profile", None, "hotline", "0000-3")], seen=None, act=DIRECTOR)
        assert session.get_one(Centre, UNIT).revision == 4
        assert broken(session, UNIT) is None


def test_a_unit_that_has_a_centre_is_refused(empty: sessionmaker[Session], archive_file: Path) -> None:
    archive = read_archive(archive_file)
    with empty.begin() as session:
        bring(session, ACT, archive)
    with empty() as session:
        before = counts(session)
        with pytest.raises(ImportRefused, match="已有中心"):
            bring(session, ACT, archive)
        session.rollback()
        assert counts(session) == before


def test_a_chain_of_another_past_is_not_joined(empty: sessionmaker[Session], archive_file: Path) -> None:
    archive = read_archive(archive_file)
    with empty() as session:
        for row in archive.units:
            session.add(Unit(**row))
            session.flush()
        record(session, ACT, UNIT, "account.grant", path="somebody")
        with pytest.raises(ImportRefused, match="兩條鏈不能接成一條"):
            bring(session, ACT, archive)


def test_a_unit_that_is_another_here_is_refused(empty: sessionmaker[Session], archive_file: Path) -> None:
    archive = read_archive(archive_file)
    with empty() as session:
        for row in archive.units:
            session.add(Unit(**row | ({"kind": "鄉"} if row["code"] == UNIT else {})))
            session.flush()
        with pytest.raises(ImportRefused, match="kind"):
            bring(session, ACT, archive)


def test_a_newer_standard_does_not_come_in_by_the_back_door(database_url: str, archive_file: Path) -> None:
    engine = create_engine_for(database_url)
    with Session(engine, info=scoped(HOST)) as session:
        with pytest.raises(ImportRefused, match="請先發布"):
            bring(session, ACT, read_archive(archive_file))
        session.rollback()
        assert sum(counts(session).values()) == 0
    engine.dispose()


def test_an_older_standard_comes_along_and_is_not_offered(
    database_url: str, archive_file: Path, pack: Pack
) -> None:
    engine = create_engine_for(database_url)
    later = pack.model_copy(update={"header": pack.header.model_copy(update={"release": 2})})
    with Session(engine, info=scoped(HOST)) as session:
        publish_release(session, later, MOMENT)
        bring(session, ACT, read_archive(archive_file))
        releases = session.scalars(select(Release).order_by(Release.number)).all()
        assert [(one.number, one.status) for one in releases] == [(1, "withdrawn"), (2, "published")]
        assert session.get_one(Centre, UNIT).release_id == releases[0].id
    engine.dispose()


def test_another_content_under_the_same_number_is_refused(
    database_url: str, archive_file: Path, pack: Pack
) -> None:
    engine = create_engine_for(database_url)
    other = pack.model_copy(update={"header": pack.header.model_copy(update={"title": "別的"})})
    with Session(engine, info=scoped(HOST)) as session:
        publish_release(session, other, MOMENT)
        with pytest.raises(ImportRefused, match="內容不同"):
            bring(session, ACT, read_archive(archive_file))
    engine.dispose()


def attempt(sessions: sessionmaker[Session], path: Path) -> str | None:
    """What an import says when it is refused, None when it goes through; nothing is kept either way."""
    with sessions() as session:
        try:
            bring(session, ACT, read_archive(path))
        except (ArchiveInvalid, ImportRefused) as refusal:
            return str(refusal)
        finally:
            session.rollback()
    return None


def test_every_corruption_is_refused_by_its_name_and_leaves_nothing(
    empty: sessionmaker[Session], archive_file: Path, tmp_path: Path
) -> None:
    with empty() as session:
        before = counts(session)
    made = list(RAW) + list(UNLISTED) + list(RELISTED)
    assert len(made) >= 20
    said = {}
    for name, path, message in corrupted(archive_file, tmp_path):
        refusal = attempt(empty, path)
        if refusal is None or not any(part in refusal for part in message.split("|")):
            said[name] = refusal
    assert said == {}
    with empty() as session:
        assert counts(session) == before
    print(f"archive: {len(made)} of {len(made)} corruptions refused")


def test_an_untouched_file_goes_through_the_same_attempt(
    empty: sessionmaker[Session], archive_file: Path, tmp_path: Path
) -> None:
    same = tmp_path / "same.zip"
    rewritten(archive_file, same, lambda _parts: None, relist=True)
    assert attempt(empty, same) is None


@pytest.mark.parametrize("name", ["a row less", "a row altered", "the end of the audit cut"])
def test_without_reading_back_and_replaying_a_forgery_goes_through(
    empty: sessionmaker[Session],
    archive_file: Path,
    tmp_path: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad = tmp_path / "bad.zip"
    rewritten(archive_file, bad, RELISTED[name][0], relist=True)
    assert attempt(empty, bad)
    monkeypatch.setattr(bringing, "_judge", lambda *_: None)
    assert attempt(empty, bad) is None


def test_a_name_that_stands_twice_is_refused(archive_file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(archive_file.read_bytes())
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(bad, "a") as file:
        file.writestr("centre.json", b"{}")
    with pytest.raises(ArchiveInvalid, match="重複"):
        read_archive(bad)


def test_what_unpacks_beyond_all_measure_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("townhall.centres.archive_file.LARGEST", 1_000_000)
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("centre.json", b" " * 1_000_001)
    with pytest.raises(ArchiveInvalid, match="過大"):
        read_archive(bad)


def test_from_one_command_line_to_another(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("init")
    run("provision", "--units", few(tmp_path, 1))
    path = str(tmp_path / "centre.zip")
    told = run("export", "--unit", "522301001", "--out", path)
    assert told.exit_code == DONE, told.output
    digest = told.output.split()[-1]
    monkeypatch.setenv("TOWNHALL_HOME", str(tmp_path / "elsewhere"))
    run("init")
    assert run("import", path, "--digest", "0" * 64).exit_code == BAD_INPUT
    assert "可以導入" in run("import", path, "--dry-run", "--digest", digest).output
    assert run("import", path, "--digest", digest).exit_code == DONE
    assert run("audit", "verify").exit_code == DONE
    assert run("audit", "replay", "--unit", "522301001").exit_code == DONE
    again = run("import", path)
    assert again.exit_code == BAD_INPUT
    assert "已有中心" in again.output
    assert "沒有中心" in run("export", "--unit", "522302001", "--out", path).output
