"""Open conflicts on the command line: listed, shown and decided, for one centre or for all alike (rules G3, G6)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from provisioning.specs import Pack
from tests.fixtures.commands import BAD_INPUT, DONE, IN_PART, Run, few
from tests.fixtures.releases import evolved, released
from tests.fixtures.standards import MOMENT
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.centres.apply import apply_plan, plan_unit, standard_for
from townhall.centres.edit import Edit, edit_centre
from townhall.centres.models import Centre, Question
from townhall.centres.rows import require_centre
from townhall.database import create_engine_for
from townhall.tenancy import HOST, scoped
from townhall.units.models import Unit

ITEM = "zhou:temporary-relief"
ACT = host_act("主任", MOMENT, "本地情況")
FIRST, SECOND, THIRD = "522301001", "522301002", "522301003"
WORDS = {FIRST: "本地的辦理結果", SECOND: "本地的辦理結果", THIRD: "第三個鄉的辦理結果"}
Makes = sessionmaker[Session]


@pytest.fixture
def asked(run: Run, tmp_path: Path, pack: Pack) -> Iterator[Makes]:
    """Three centres at release 2 with one open conflict each; the first two have the same one."""
    run("init")
    assert run("provision", "--units", few(tmp_path, 3)).exit_code == DONE
    engine = create_engine_for(f"sqlite:///{tmp_path / 'data' / 'townhall.db'}")
    sessions = sessionmaker(engine, expire_on_commit=False, info=scoped(HOST))
    second = evolved(pack, ["items", ITEM, "result", "州第二版的辦理結果"])
    with sessions.begin() as session:
        release = released(session, second)
        for code, words in WORDS.items():
            unit = session.get_one(Unit, f"{code}000")
            edit_centre(session, unit, [Edit("items", ITEM, "result", words)], seen=None, act=ACT)
            standard = standard_for(unit, release, {})
            apply_plan(session, plan_unit(session, unit, standard), unit, standard, act=ACT)
    yield sessions
    engine.dispose()


def the_id(sessions: Makes, code: str) -> str:
    with sessions() as session:
        return session.scalars(select(Question.id).filter_by(unit_id=f"{code}000")).one()


def the_question(sessions: Makes, code: str) -> str:
    with sessions() as session:
        return session.scalars(select(Question.question).filter_by(unit_id=f"{code}000")).one()


def results(sessions: Makes) -> list[str]:
    with sessions() as session:
        centres = [require_centre(session, f"{code}000") for code in WORDS]
    return [next(item.result for item in centre.items if item.key == ITEM) for centre in centres]


def test_conflicts_are_listed_each_and_alike_within_the_named_unit(run: Run, asked: Makes) -> None:
    every = run("conflicts", "list")
    assert every.exit_code == DONE
    assert f"{FIRST} 黃草街道 {the_id(asked, FIRST)} 事項〔臨時救助申請〕的辦理結果" in every.stdout
    assert "    現標準：州第二版的辦理結果\n    本地：本地的辦理結果\n" in every.stdout
    assert every.stdout.endswith("共 3 個中心，3 項待決分歧\n")
    here = json.loads(run("conflicts", "list", "--unit", SECOND, "--json").stdout)
    assert [(one["unit"], one["id"]) for one in here] == [(SECOND, the_id(asked, SECOND))]
    assert (here[0]["theirs"], here[0]["ours"]) == ("州第二版的辦理結果", WORDS[SECOND])
    alike = json.loads(run("conflicts", "list", "--unit", "522301", "--alike", "--json").stdout)
    shared = {the_question(asked, FIRST): 2, the_question(asked, THIRD): 1}
    assert {one["question"]: one["centres"] for one in alike} == shared
    assert "共 2 個問題，3 項待決分歧" in run("conflicts", "list", "--alike").stdout
    assert run("conflicts", "list", "--unit", "522302").stdout == "沒有待決分歧\n"
    assert run("conflicts", "list", "--unit", "522399").exit_code == BAD_INPUT


def test_one_conflict_is_shown_put_off_and_decided(run: Run, asked: Makes) -> None:
    identifier = the_id(asked, FIRST)
    shown = run("conflicts", "show", FIRST, identifier)
    assert (shown.exit_code, the_question(asked, FIRST) in shown.stdout) == (DONE, True)
    assert "本地已改為「本地的辦理結果」；暫留本地，待本地決定" in shown.stdout
    later = run("conflicts", "decide", FIRST, identifier, "--later", "2999-01-01", "--reason", "待開會")
    assert "事項〔臨時救助申請〕的辦理結果：延到 2999-01-01 再定（第 4 次修訂）" in later.stdout
    assert "延到 2999-01-01 再定" in run("conflicts", "show", FIRST, identifier).stdout
    taken = run("conflicts", "decide", FIRST, identifier, "--take", "--reason", "隨州", "--json")
    told = {"unit": FIRST, "id": identifier, "choice": "用模板", "revision": 5}
    assert json.loads(taken.stdout) == told
    assert results(asked)[0] == "州第二版的辦理結果"
    with asked() as session:
        reasons = session.scalars(select(AuditRecord.reason).filter_by(action="conflict.decide")).all()
    assert reasons == ["待開會", "隨州"]
    again = run("conflicts", "decide", FIRST, identifier, "--keep")
    assert (again.exit_code, "可能已經處理" in again.stderr) == (BAD_INPUT, True)


def test_a_decision_that_is_none_says_why_and_writes_nothing(run: Run, asked: Makes) -> None:
    identifier = the_id(asked, FIRST)
    wrong = {
        (): "--keep、--take、--value、--later 之一",
        ("--keep", "--take"): "--keep、--take、--value、--later 之一",
        ("--later", "2026-01-01"): "不能早於今天",
        ("--value", ""): "--value 應為",
        ("--value", "字" * 20_001): "不得超過 20000 字",
        ("--value", "一行\x07"): "含有控制字符",
    }
    for options, words in wrong.items():
        refused = run("conflicts", "decide", FIRST, identifier, *options)
        assert (refused.exit_code, words in refused.stderr) == (BAD_INPUT, True), (options, refused.stderr)
    other = run("conflicts", "decide", SECOND, identifier, "--keep")
    assert (other.exit_code, "沒有這項待決分歧" in other.stderr) == (BAD_INPUT, True)
    assert results(asked) == list(WORDS.values())
    with asked() as session:
        assert len(session.scalars(select(Question)).all()) == 3


def test_one_decision_serves_all_alike_under_one_correlation(run: Run, asked: Makes) -> None:
    question = the_question(asked, FIRST)
    assert run("conflicts", "decide-alike", question, "--unit", "522302", "--take").exit_code == BAD_INPUT
    done = run("conflicts", "decide-alike", question, "--value", "兩個鄉議定的結果", "--json")
    assert done.exit_code == DONE, done.output
    told = json.loads(done.stdout)
    assert told["results"] == [{"unit": code, "refused": None} for code in (FIRST, SECOND)]
    assert results(asked) == ["兩個鄉議定的結果", "兩個鄉議定的結果", WORDS[THIRD]]
    with asked() as session:
        chosen = select(AuditRecord.unit_id, AuditRecord.correlation).filter_by(action="conflict.decide")
        records = session.execute(chosen.order_by(AuditRecord.unit_id)).all()
    assert records == [(f"{code}000", told["correlation"]) for code in (FIRST, SECOND)]
    assert run("conflicts", "decide-alike", question, "--take").exit_code == BAD_INPUT


def test_a_centre_that_cannot_decide_is_named_and_the_others_are_decided(run: Run, asked: Makes) -> None:
    question = the_question(asked, FIRST)
    with asked.begin() as session:
        session.get_one(Centre, f"{SECOND}000").status = "suspended"
    part = run("conflicts", "decide-alike", question, "--take")
    assert part.exit_code == IN_PART
    assert f"{FIRST} 黃草街道：已決定" in part.stdout
    assert f"{SECOND} " in part.stderr
    assert "本中心已暫停" in part.stderr
    assert "已為 1 個中心決定，1 個未能決定" in part.stdout
    none = run("conflicts", "decide-alike", question, "--take")
    assert (none.exit_code, "沒有一個中心可以這樣決定" in none.stderr) == (BAD_INPUT, True)
    assert results(asked) == ["州第二版的辦理結果", *list(WORDS.values())[1:]]
