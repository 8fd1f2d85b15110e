"""What a record says, how a chain is read and what a checkpoint remembers, on both databases."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from tests.fixtures.databases import counted
from tests.fixtures.places import ABROAD, HOME
from tests.fixtures.standards import MOMENT
from townhall.audit import operations
from townhall.audit.act import Act
from townhall.audit.chain import START, Break, digest_of, plain
from townhall.audit.checkpoints import checkpoint, missed
from townhall.audit.models import AuditRecord
from townhall.audit.operations import broken, chained_units, record, records
from townhall.tenancy import ScopeViolation

ACT = Act("lin", "林（虛構）", "auditor", HOME, MOMENT, "查", "c" * 32)
Write = Callable[..., AuditRecord]


@pytest.fixture
def write(session: Session, places: object) -> Write:  # noqa: ARG001 - the units must be there
    """Adds a record to a chain."""

    def add(unit_id: str = HOME, action: str = "test", **more: object) -> AuditRecord:
        return record(session, ACT, unit_id, action, **more)  # type: ignore[arg-type]

    return add


def test_a_record_says_who_did_what_in_which_role_and_why(session: Session, write: Write) -> None:
    write(path="item/1", changes=iter([("", None, "x", 1, 2)]), basis={"seen": 1})
    (found,) = records(session, HOME)
    assert plain(found) == {
        "unit_id": HOME,
        "number": 1,
        "at": "2026-03-02T09:00:00.000000Z",
        "login": "lin",
        "name": "林（虛構）",
        "role": "auditor",
        "held": HOME,
        "action": "test",
        "path": "item/1",
        "changes": [["", None, "x", 1, 2]],
        "reason": "查",
        "basis": {"seen": 1},
        "correlation": "c" * 32,
        "previous": START,
    }
    assert found.digest == digest_of(plain(found))


def test_a_record_of_nothing_but_an_action_is_empty_elsewhere(session: Session, write: Write) -> None:
    made = write()
    (found,) = records(session, HOME)
    assert (found.path, found.changes, found.basis) == ("", [], {})
    assert (made.number, made.digest) == (1, found.digest)


def test_a_long_path_is_kept_to_200_characters(session: Session, write: Write) -> None:
    write(path="a" * 199 + "bc")
    (found,) = records(session, HOME)
    assert found.path == "a" * 199 + "b"
    assert broken(session, HOME) is None


def test_each_unit_has_a_chain_of_its_own(session: Session, write: Write) -> None:
    for unit_id in (ABROAD, HOME, ABROAD):
        write(unit_id)
    assert chained_units(session) == [HOME, ABROAD]
    found = list(records(session, ABROAD))
    assert [one.number for one in found] == [1, 2]
    assert (found[0].previous, found[1].previous) == (START, found[0].digest)
    assert [one.previous for one in records(session, HOME)] == [START]


@pytest.mark.parametrize("length", [3, 4, 5])
def test_a_chain_longer_than_one_part_is_read_to_its_end(
    session: Session, write: Write, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(operations, "READ_AT_ONCE", 2)
    for _ in range(length):
        write()
    assert [one.number for one in records(session, HOME)] == list(range(1, length + 1))


def test_a_chain_is_not_read_in_one_piece(
    session: Session, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "READ_AT_ONCE", 2)
    for _ in range(3):
        write()
    with counted(session) as statements:
        assert len(list(records(session, HOME))) == 3
    assert len(statements) == 3  # two, one, none


def test_a_record_that_is_not_what_was_sealed_is_found_in_its_unit(session: Session, write: Write) -> None:
    write(ABROAD)
    write()
    (found,) = records(session, HOME)
    with session.no_autoflush:
        found.reason = "改"
        assert broken(session, HOME) == Break(HOME, 1, "內容與封印不符")
        assert broken(session, ABROAD) is None
    session.expire(found)


def test_a_unit_that_there_is_not_has_no_chain(write: Write) -> None:
    """Whoever adds a record waits for the row of its unit, and it must be there."""
    with pytest.raises(NoResultFound):
        write("999999999999")


def test_no_record_leaves_the_scope_of_its_session(session: Session, write: Write) -> None:
    write()
    with pytest.raises(ScopeViolation):
        write("outside")
    assert chained_units(session) == [HOME]


def test_a_checkpoint_remembers_the_end_of_every_chain(session: Session, write: Write) -> None:
    ends = [write(unit_id) for unit_id in (ABROAD, HOME, HOME)][::2]
    made = checkpoint(session, MOMENT)
    assert made["at"] == "2026-03-02T09:00:00+00:00"
    assert list(made["chains"]) == [HOME, ABROAD]
    assert made["chains"] == {ABROAD: [1, ends[0].digest], HOME: [2, ends[1].digest]}
    assert list(missed(session, made["chains"])) == []


def test_a_checkpoint_tells_a_chain_that_was_cut_from_one_that_was_rewritten(
    session: Session, write: Write
) -> None:
    digest = write().digest
    remembered = {ABROAD: [1, digest], HOME: [1, "f" * 64]}
    assert list(missed(session, remembered)) == [
        Break(HOME, 1, "與檢查點所記不符（整鏈被重寫）"),
        Break(ABROAD, 1, "檢查點所記的記錄已不存在（尾部被截去或整鏈被刪除）"),
    ]
