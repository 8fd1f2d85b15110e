"""The parts of the audit that need no database: who acts, what is sealed and how a break is named."""

import dataclasses
import datetime as dt
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.standards import MOMENT
from townhall.audit.act import Act, host_act, new_correlation
from townhall.audit.chain import FIELDS, START, Break, digest_of, first_break, plain
from townhall.audit.checkpoints import CheckpointInvalid, parsed
from townhall.audit.models import AuditRecord

UNIT = "522301001000"
PERSON = Act("lin", "林（虛構）", "auditor", UNIT, MOMENT, "查", "c" * 32)


def test_the_author_is_login_and_name_in_60_characters() -> None:
    assert PERSON.author == "lin 林（虛構）"
    assert host_act("townhall", MOMENT).author == "townhall"
    assert dataclasses.replace(PERSON, name="名" * 60).author == "lin " + "名" * 56


def test_an_act_with_another_reason_is_the_same_in_everything_else() -> None:
    told = PERSON.because("退回")
    assert (told.reason, dataclasses.replace(told, reason="查")) == ("退回", PERSON)


def test_the_hosts_staff_act_without_a_unit() -> None:
    made = host_act("townhall", MOMENT, "演示")
    assert (made.login, made.name, made.role, made.held) == ("townhall", "", "host", "")
    assert (made.moment, made.reason, host_act("townhall", MOMENT).reason) == (MOMENT, "演示", "")


def test_an_act_needs_no_reason() -> None:
    assert Act("lin", "", "auditor", UNIT, MOMENT).reason == ""


def test_each_act_has_a_correlation_of_its_own() -> None:
    made = {new_correlation(), new_correlation(), host_act("a", MOMENT).correlation}
    assert len(made) == 3
    assert all(len(one) == 32 and int(one, 16) for one in made)


def sealed(**changed: Any) -> dict[str, Any]:
    """A record as plain data."""
    values: dict[str, Any] = dict.fromkeys(FIELDS, "")
    return values | {"unit_id": UNIT, "number": 1, "previous": START, "reason": "查"} | changed


def chain(length: int) -> Iterator[tuple[dict[str, Any], str]]:
    previous = START
    for number in range(1, length + 1):
        record = sealed(number=number, previous=previous)
        previous = digest_of(record)
        yield record, previous


# printf '%s' '{"action":"","at":"","basis":"","changes":"",…,"previous":"0…0","reason":"查","role":"","unit_id":"…"}' | sha256sum
BY_HAND = "42e53271383547718a06785960acd436caf32831ba77131a1d94d0952ffb7f97"  # pragma: allowlist secret


def test_the_seal_is_what_a_shell_computes_from_the_fields() -> None:
    assert digest_of(sealed()) == BY_HAND
    assert digest_of(sealed() | {"digest": "of no account"}) == BY_HAND


@pytest.mark.parametrize("name", FIELDS)
def test_the_seal_covers_every_field(name: str) -> None:
    assert digest_of(sealed(**{name: "changed"})) != digest_of(sealed())


@pytest.fixture(params=["UTC", "Asia/Shanghai"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own zone, which must not matter."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_a_moment_is_sealed_in_utc_to_the_microsecond() -> None:
    beijing = dt.timezone(dt.timedelta(hours=8))
    moment = dt.datetime(2026, 3, 2, 7, 4, 5, 678, beijing)
    record = AuditRecord(**sealed(at=moment), digest="x")
    assert plain(record) == sealed(at="2026-03-01T23:04:05.000678Z")


def test_a_whole_chain_has_no_break() -> None:
    assert first_break(UNIT, chain(3)) is None
    assert first_break(UNIT, []) is None


def test_a_gap_is_named_with_the_number_that_comes_instead() -> None:
    first, _, third = chain(3)
    assert first_break(UNIT, [first, third]) == Break(UNIT, 2, "缺少記錄（下一條是第 3 條）")


def test_a_record_that_seals_another_one_before_it_is_named() -> None:
    (first, digest), (second, _) = chain(2)
    forged = second | {"previous": START}
    found = first_break(UNIT, [(first, digest), (forged, digest_of(forged))])
    assert found == Break(UNIT, 2, "與前一條的封印不相接")


def test_a_first_record_must_begin_the_chain() -> None:
    forged = sealed(previous="1" + START[1:])
    assert first_break(UNIT, [(forged, digest_of(forged))]) == Break(UNIT, 1, "與前一條的封印不相接")


def test_a_changed_record_is_named_in_words_with_its_place() -> None:
    (first, digest), *rest = chain(2)
    found = first_break(UNIT, [(first | {"reason": "改"}, digest), *rest])
    assert str(found) == f"{UNIT} 第 1 條：內容與封印不符"


GOOD = {"chains": {UNIT: [3, "a" * 64]}}


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    assert parsed(json.dumps(GOOD)) == {UNIT: [3, "a" * 64]}
    assert parsed('{"chains": {}}') == {}


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "[]", "3", "{}", '{"chains": 3}', '{"chains": {"a": 3}}', '{"chains": {"a": [1]}}'),
        json.dumps({"chains": {UNIT: ["3", "a" * 64]}}),
        json.dumps({"chains": {UNIT: [3, "a" * 63]}}),
        json.dumps({"chains": {UNIT: [3, "a" * 65]}}),
        json.dumps({"chains": {UNIT: [3, 64]}}),
        json.dumps({"chains": {UNIT: [3, "a" * 64], "522301002000": [3, "short"]}}),
    ],
)
def test_what_is_no_checkpoint_is_refused_in_words(wrong: str) -> None:
    with pytest.raises(CheckpointInvalid) as refused:
        parsed(wrong)
    assert str(refused.value) == "不是審計檢查點檔案"
