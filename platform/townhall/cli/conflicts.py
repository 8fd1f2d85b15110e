"""Open conflicts between centres and their standard: listed, shown, decided for one centre or for all alike."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import click
from sqlalchemy.orm import Session

from provisioning.marks import Choice, Mark
from provisioning.sentences import side
from townhall.audit.act import host_act
from townhall.centres.asking import Open, Shared, ledger, shared_questions, units_asked, units_with
from townhall.centres.deciding import Decision, decide_conflict, typable, typed
from townhall.centres.edit import EditRefused
from townhall.centres.settling import settle
from townhall.cli.console import IN_PART, guarded, readers, refuse, remarks, sessions
from townhall.clock import now
from townhall.config import Settings
from townhall.tenancy import HOST, Scope, scope_of
from townhall.units.models import Unit
from townhall.units.operations import full_code

GONE = "沒有這項待決分歧：可能已經處理或已自行消除，請重新執行 conflicts list"

json_option = click.option("--json", "as_json", is_flag=True, help="輸出 JSON")


@click.group()
def conflicts() -> None:
    """待決分歧：列出、查看、決定；同一個問題可以一次為多個中心決定。"""


@conflicts.command("list")
@click.option("--unit", "code", help="單位代碼；州、縣代碼表示其下所有鄉鎮")
@click.option("--alike", is_flag=True, help="同一個問題合為一條，附中心數")
@json_option
@guarded
def list_open(code: str | None, alike: bool, as_json: bool) -> None:
    """列出待決分歧：哪個中心、哪一處、原標準、現標準和本地各是什麼。"""
    with readers(Settings(), _scope(code))() as session:
        _required(session, code)
        if alike:
            _list_alike(shared_questions(session, most=None), as_json)
        else:
            _list_each(list(_open(session)), as_json)


@conflicts.command()
@click.argument("code", metavar="UNIT")
@click.argument("identifier", metavar="ID")
@json_option
@guarded
def show(code: str, identifier: str, as_json: bool) -> None:
    """查看一項分歧。"""
    with readers(Settings(), _scope(code))() as session:
        unit = _required(session, code)
        found = _found(session, unit, identifier)
        if as_json:
            click.echo(_json(_data(unit, found)))
            return
        click.echo(f"{unit.short_code} {unit.name}：{found.action.sentence}")
        _sides(found)
        click.echo(f"  問題編號 {found.mark.question}")
        if found.mark.until:
            click.echo(f"  延到 {found.mark.until} 再定")


def _deciding(command: Any) -> Any:
    """The four ways to decide (rule G3), and why."""
    options = (
        click.option("--keep", is_flag=True, help="留本地"),
        click.option("--take", is_flag=True, help="用標準"),
        click.option("--value", help="改為其他值；時限填天數"),
        click.option("--later", type=click.DateTime(["%Y-%m-%d"]), help="到哪一天再定，如 2026-09-01"),
        click.option("--reason", default="", help="理由（將寫入審計）"),
    )
    for option in reversed(options):
        command = option(command)
    return command


@conflicts.command()
@click.argument("code", metavar="UNIT")
@click.argument("identifier", metavar="ID")
@_deciding
@json_option
@guarded
def decide(code: str, identifier: str, reason: str, as_json: bool, **choices: Any) -> None:
    """決定一個中心的一項分歧：--keep、--take、--value、--later 四者選一。"""
    with sessions(Settings(), _scope(code)).begin() as session:
        unit = _required(session, code)
        found = _found(session, unit, identifier)
        decision = _decision(found.mark, **choices)
        try:
            act = host_act("命令行", now(), reason)
            revision = decide_conflict(session, unit, identifier, decision, act=act)
        except EditRefused as refusal:
            refuse([*refusal.reasons, "沒有寫入任何內容。"])
    if as_json:
        told = {"unit": unit.short_code, "id": identifier, "choice": decision.choice, "revision": revision}
        click.echo(_json(told))
    else:
        words = f"{found.action.place}：{_choice_words(decision)}"
        click.echo(f"{unit.short_code} {unit.name}：{words}（第 {revision} 次修訂）")


@conflicts.command("decide-alike")
@click.argument("question", metavar="QUESTION")
@click.option("--unit", "code", help="只為某一單位及其下的中心決定")
@_deciding
@json_option
@guarded
def decide_all(question: str, code: str | None, reason: str, as_json: bool, **choices: Any) -> None:
    """為有同一個問題的所有中心作同一決定；一個中心不能決定的，不影響其他中心。"""
    act = host_act("命令行", now(), reason)
    within = sessions(Settings(), _scope(code))
    with within() as session:
        _required(session, code)
        units = units_with(session, [question])
        mark = next((one for one in _asked(session, units[:1], question)), None)
        if mark is None:
            refuse([GONE])
        decision = _decision(mark, **choices)
    done = settle(within, [question], decision, act=act)
    _tell(units, {unit.code: done.refused.get(unit.code) for unit in units}, act.correlation, as_json)


def _scope(code: str | None) -> Scope:
    """A unit and what is below it; everything when none is named."""
    return scope_of(full_code(code)) if code else HOST


def _required(session: Session, code: str | None) -> Any:
    """The unit that was named, None when none was. Raises `LookupError`."""
    unit = session.get(Unit, full_code(code)) if code else None
    if code and unit is None:
        raise LookupError(f"沒有代碼為 {code} 的單位")
    return unit


def _open(session: Session) -> Iterator[tuple[Unit, Open]]:
    for unit in units_asked(session):
        for found in ledger(session, unit).questions:
            yield unit, found


def _found(session: Session, unit: Unit, identifier: str) -> Open:
    for found in ledger(session, unit).questions if unit in units_asked(session) else ():
        if found.mark.id == identifier:
            return found
    raise LookupError(GONE)


def _asked(session: Session, units: list[Unit], question: str) -> Iterator[Mark]:
    for unit in units:
        for found in ledger(session, unit).questions:
            if found.mark.question == question:
                yield found.mark


def _decision(mark: Mark, keep: bool, take: bool, value: str | None, later: dt.datetime | None) -> Decision:
    """What the options say. Refuses none or several of them, a day that is past, a value that is none."""
    if sum((keep, take, value is not None, later is not None)) != 1:
        refuse(["請用 --keep、--take、--value、--later 之一說明怎樣決定"])
    if later is not None:
        return Decision(Choice.LATER, until=_day(later.date()))
    if value is not None:
        return Decision(Choice.NEW_VALUE, _value(mark, value))
    return Decision(Choice.KEEP_LOCAL if keep else Choice.TAKE_STANDARD)


def _day(day: dt.date) -> dt.date:
    if day < now().date():
        refuse(["--later 的日期不能早於今天"])
    return day


def _value(mark: Mark, text: str) -> Any:
    value = typed(mark, text) if typable(mark) else None
    if value is None:
        words = "--value 應為一行文字、一個整數，時限填天數" if typable(mark) else "這一處不能以一個值代替"
        refuse([f"{words}；沒有寫入任何內容。"])
    return value


def _choice_words(decision: Decision) -> str:
    if decision.choice is Choice.LATER:
        return f"延到 {decision.until} 再定"
    words = {Choice.KEEP_LOCAL: "留本地", Choice.TAKE_STANDARD: "用標準", Choice.NEW_VALUE: "改為其他值"}
    return words[decision.choice]


def _list_each(found: list[tuple[Unit, Open]], as_json: bool) -> None:
    if as_json:
        click.echo(_json([_data(unit, one) for unit, one in found]))
        return
    for unit, one in found:
        put_off = f"（延到 {one.mark.until} 再定）" if one.mark.until else ""
        click.echo(f"{unit.short_code} {unit.name} {one.mark.id} {one.action.place}{put_off}")
        _sides(one)
    centres = len({unit.code for unit, _ in found})
    click.echo(f"共 {centres} 個中心，{len(found)} 項待決分歧" if found else "沒有待決分歧")


def _list_alike(found: list[Shared], as_json: bool) -> None:
    if as_json:
        click.echo(_json([_data_alike(one) for one in found]))
        return
    for one in found:
        click.echo(f"{one.question} {one.centres} 個中心 {one.action.place}")
        _sides(one)
    total = sum(one.centres for one in found)
    click.echo(f"共 {len(found)} 個問題，{total} 項待決分歧" if found else "沒有待決分歧")


def _sides(one: Open | Shared) -> None:
    for name, words in _three(one).items():
        click.echo(f"    {name}：{words}")


def _three(one: Open | Shared) -> dict[str, str]:
    """The three values that stand against each other, in words."""
    mark, measure = one.mark, one.action.path[-1]
    values = {"原標準": mark.value, "現標準": mark.theirs, "本地": mark.ours}
    return {name: side(value, measure) for name, value in values.items()}


def _data(unit: Unit, one: Open) -> dict[str, Any]:
    return {"unit": unit.short_code, "name": unit.name, "question": one.mark.question, **_facts(one)}


def _data_alike(one: Shared) -> dict[str, Any]:
    units = [unit.short_code for unit in one.units]
    return {"question": one.question, "centres": one.centres, "first": units, **_facts(one)}


def _facts(one: Open | Shared) -> dict[str, Any]:
    mark = one.mark.data()
    told = {"place": one.action.place, "sentence": one.action.sentence, "path": one.action.data()["path"]}
    sides = {"base": mark["value"], "theirs": mark["theirs"], "ours": mark["ours"]}
    return {"id": mark["id"], "code": mark["code"], "until": mark["until"], **told, **sides}


def _tell(units: list[Unit], results: dict[str, str | None], correlation: str, as_json: bool) -> None:
    """Centre by centre; exit code 3 when some refused, 2 when all did."""
    names = {unit.code: unit for unit in units}
    refused = {code: reason for code, reason in results.items() if reason}
    if as_json:
        each = [{"unit": code[:9], "refused": reason} for code, reason in results.items()]
        click.echo(_json({"correlation": correlation, "results": each}))
    for code, reason in results.items():
        line = f"{names[code].short_code} {names[code].name}：{reason or '已決定'}"
        if reason:
            remarks.print(line, style="red", markup=False, soft_wrap=True)
        elif not as_json:
            click.echo(line)
    if len(refused) == len(results):
        refuse(["沒有一個中心可以這樣決定，沒有寫入任何內容。"])
    if not as_json:
        click.echo(
            f"已為 {len(results) - len(refused)} 個中心決定，{len(refused)} 個未能決定（關聯號 {correlation}）"
        )
    if refused:
        raise SystemExit(IN_PART)


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)
