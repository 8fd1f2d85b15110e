"""The audit is only added to, says what happened, and shows every row that somebody changed (rules O1, O2)."""

import itertools
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.specs import Pack
from tests.fixtures.databases import as_role
from tests.fixtures.host import Host
from tests.fixtures.postgresql import ROLE
from tests.fixtures.soak import SEED, rounds
from tests.fixtures.standards import MOMENT
from townhall.audit.act import host_act
from townhall.audit.chain import START, plain
from townhall.audit.checkpoints import CheckpointInvalid, checkpoint, missed, parsed
from townhall.audit.models import AuditRecord
from townhall.audit.operations import broken, record, records
from townhall.centres.edit import Edit, EditRefused, edit_centre
from townhall.centres.replay import replay
from townhall.centres.rows import require_centre
from townhall.database import create_engine_for
from townhall.tenancy import HOST, judged, scoped
from townhall.units.models import Unit
from townhall.units.operations import ensure_units

LENGTH = 40


@pytest.fixture
def unit_id(session: Session, pack: Pack) -> str:
    """A unit with a chain."""
    ensure_units(session, pack.header, [], "")
    code = f"{pack.header.prefecture.code}000000"
    for number in range(1, LENGTH + 1):
        act = host_act("測試", MOMENT, f"第 {number} 次")
        record(
            session, act, code, "test", path=f"item/{number}", changes=[["", None, "x", number - 1, number]]
        )
    return code


def test_a_chain_that_nobody_touched_holds(session: Session, unit_id: str) -> None:
    assert broken(session, unit_id) is None
    found = list(records(session, unit_id))
    assert [one.number for one in found] == list(range(1, LENGTH + 1))
    assert found[0].previous == START
    assert all(later.previous == earlier.digest for earlier, later in itertools.pairwise(found))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_record SET reason = 'x' WHERE number = 3",
        "DELETE FROM audit_record WHERE number = 3",
        "DELETE FROM audit_record",
        "TRUNCATE audit_record",
        "ALTER TABLE audit_record DISABLE TRIGGER append_only",
        "DROP TRIGGER append_only ON audit_record",
        "DROP TABLE audit_record",
    ],
)
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("unit_id")
def test_bar_a3_the_server_can_add_and_nothing_else(session: Session, statement: str) -> None:
    with pytest.raises(DBAPIError):
        session.connection().execute(judged(text(statement)))


@pytest.mark.parametrize("statement", ["UPDATE audit_record SET reason = 'x'", "DELETE FROM audit_record"])
@pytest.mark.usefixtures("unit_id")
def test_triggers_refuse_changes_on_both_databases(session: Session, statement: str) -> None:
    with pytest.raises(DBAPIError):
        session.connection().execute(judged(text(statement)))


@pytest.fixture
def owner(database_url: str) -> Iterator[Engine]:
    """Somebody who can do anything to the tables."""
    engine = create_engine_for(as_role(database_url, ROLE))
    yield engine
    engine.dispose()


@pytest.fixture
def opened(owner: Engine, pack: Pack) -> Iterator[Session]:
    """A chain whose triggers its owner took away, in a transaction that is rolled back."""
    with Session(owner, info=scoped(HOST)) as session:
        ensure_units(session, pack.header, [], "")
        for number in range(1, LENGTH + 1):
            record(session, host_act("測試", MOMENT, "因"), "522300000000", "test", path=str(number))
        names = ("append_only ON audit_record",)
        if owner.dialect.name == "sqlite":
            names = ("append_only_update", "append_only_delete")
        for name in names:
            session.connection().execute(judged(text(f"DROP TRIGGER {name}")))
        session.flush()
        yield session
        session.rollback()


TEXTS = ("login", "name", "role", "held", "action", "path", "reason", "correlation", "digest", "previous")


def tampered(session: Session, chance: random.Random) -> int:
    """One random change in the table; gives the number at which the chain must be found broken."""
    number = chance.randint(1, LENGTH)
    here = "WHERE unit_id = '522300000000' AND number"
    kind = chance.choice(["edit", "edit", "edit", "delete", "swap", "insert"])
    if kind == "edit":
        column = chance.choice(TEXTS)
        run(
            session,
            f"UPDATE audit_record SET {column} = :value {here} = {number}",
            value=f"{chance.random():.9f}"[:12],
        )
        return number
    if kind == "delete":
        number = chance.randint(1, LENGTH - 1)
        run(session, f"DELETE FROM audit_record {here} = {number}")
        return number
    if kind == "swap":
        number = chance.randint(1, LENGTH - 1)
        for old, new in ((number, 9_000), (number + 1, number), (9_000, number + 1)):
            run(session, f"UPDATE audit_record SET number = {new} {here} = {old}")
        return number
    copy = "unit_id, at, login, name, role, held, action, path, changes, reason, basis, correlation, previous, digest"
    run(
        session,
        f"INSERT INTO audit_record (number, {copy}) SELECT {LENGTH + 1}, {copy} FROM audit_record {here} = {number}",
    )
    return LENGTH + 1


def run(session: Session, statement: str, **values: Any) -> None:
    session.connection().execute(judged(text(statement)), values)


def test_bar_a2_every_random_change_is_found_where_it_was_made(opened: Session) -> None:
    chance, total = random.Random(SEED), rounds(60, 1_000)
    found = 0
    for _ in range(total):
        inner = opened.begin_nested()
        expected = tampered(opened, chance)
        opened.expire_all()
        fault = broken(opened, "522300000000")
        assert fault is not None
        assert fault.number == expected
        found += 1
        inner.rollback()
        opened.expire_all()
    assert broken(opened, "522300000000") is None
    print(f"audit: {found} of {total} random changes found and located (seed {SEED})")


def sealed_again(session: Session, start: int) -> None:
    """Everything from a number on written anew, with right seals: what a chain alone cannot show."""
    from townhall.audit.chain import digest_of

    previous = START
    for one in list(records(session, "522300000000")):
        reason = "改寫" if one.number >= start else one.reason
        made = plain(one) | {"reason": reason, "previous": previous}
        digest = digest_of(made)
        values = {"reason": reason, "previous": previous, "digest": digest, "number": one.number}
        run(
            session,
            "UPDATE audit_record SET reason = :reason, previous = :previous, digest = :digest "
            "WHERE unit_id = '522300000000' AND number = :number",
            **values,
        )
        previous = digest
    session.expire_all()


def test_bar_a2_cuts_rewrites_and_wipes_are_shown_by_a_checkpoint(opened: Session) -> None:
    kept = parsed(json.dumps(checkpoint(opened, MOMENT)))
    assert not list(missed(opened, kept))
    chance, total = random.Random(SEED), rounds(9, 100)
    for turn in range(total):
        inner = opened.begin_nested()
        if turn % 3 == 0:
            run(opened, "DELETE FROM audit_record WHERE number > :cut", cut=chance.randint(1, LENGTH - 1))
        elif turn % 3 == 1:
            sealed_again(opened, chance.randint(1, LENGTH))
        else:
            run(opened, "DELETE FROM audit_record")
        opened.expire_all()
        assert broken(opened, "522300000000") is None, "the chain alone shows nothing of this"
        (fault,) = missed(opened, kept)
        assert fault.unit_id == "522300000000"
        inner.rollback()
        opened.expire_all()
    print(f"audit: {total} of {total} cuts, rewrites and wipes shown by the checkpoint")


@pytest.mark.parametrize(
    "wrong", ["", "{}", '{"chains": 3}', '{"chains": {"a": [1]}}', '{"chains": {"a": ["1", "x"]}}']
)
def test_a_file_that_is_no_checkpoint_is_refused(wrong: str) -> None:
    with pytest.raises(CheckpointInvalid):
        parsed(wrong)


def test_a_checker_without_any_of_our_code_finds_the_same(
    session: Session, unit_id: str, tmp_path: Path
) -> None:
    lines = [plain(one) | {"digest": one.digest} for one in records(session, unit_id)]
    kept = tmp_path / "checkpoint.json"
    kept.write_text(json.dumps(checkpoint(session, MOMENT)), encoding="utf-8")

    def check(rows: list[dict[str, Any]]) -> tuple[int, str]:
        path = tmp_path / "export.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        command = [
            sys.executable,
            "-I",
            str(Path(__file__).parents[2] / "scripts" / "verify_audit.py"),
            str(path),
            str(kept),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    assert check(lines) == (0, f"{LENGTH} records, 0 breaks\n")
    changed = [*lines[:4], lines[4] | {"reason": "改寫"}, *lines[5:]]
    assert check(changed) == (1, f"BROKEN {unit_id} 5\n{LENGTH} records, 1 breaks\n")
    code, told = check(lines[:-1])
    assert (code, f"BROKEN {unit_id} {LENGTH} (checkpoint)" in told) == (1, True)


def random_edit(chance: random.Random, centre: Any) -> Edit:
    """A field that a township may really change, set to something."""
    fixture, window = chance.choice(centre.fixtures), chance.choice(centre.windows)
    return chance.choice(
        [
            Edit("profile", None, "hotline", f"0000-{chance.randint(1, 9999999):07}"),
            Edit("profile", None, "director", f"演示人員{chance.randint(1, 99)}"),
            Edit("fixtures", fixture.key, "on_hand", chance.randint(0, 9)),
            Edit("fixtures", fixture.key, "note", f"備註{chance.randint(1, 99)}"),
            Edit("windows", window.key, "name", f"演示窗口{chance.randint(1, 999)}"),
            Edit("windows", window.key, "number", chance.randint(100, 999)),
        ]
    )


def test_rule_o2_the_audit_alone_leads_to_what_the_rows_say(host: Host) -> None:
    host.provision(host.units[:2])
    chance = random.Random(SEED)
    for _ in range(rounds(25, 300)):
        with host.sessions.begin() as session:
            unit = session.get_one(Unit, chance.choice(host.units[:2]).code)
            edit = random_edit(chance, require_centre(session, unit.code))
            try:
                edit_centre(session, unit, [edit], seen=None, act=host_act("測試", MOMENT, "試"))
            except EditRefused:
                session.rollback()
    with host.sessions() as session:
        for unit in host.units[:2]:
            made = replay(session, session.get_one(Unit, unit.code))
            assert made is not None
            assert content_hash(made) == content_hash(require_centre(session, unit.code))
        edits = session.scalars(select(AuditRecord).filter_by(action="centre.edit")).all()
        assert len(edits) > 10


def test_what_was_rolled_back_left_no_record(host: Host) -> None:
    host.provision(host.units[:1])
    with host.sessions() as session:
        unit = session.get_one(Unit, host.units[0].code)
        edit_centre(
            session, unit, [Edit("profile", None, "hotline", "0000-1")], seen=None, act=host_act("甲", MOMENT)
        )
        assert [one.action for one in records(session, unit.code)] == ["centre.create", "centre.edit"]
        session.rollback()
    with host.sessions() as session:
        assert [one.action for one in records(session, host.units[0].code)] == ["centre.create"]
