"""Releases of the standard from the command line: draft, compare, simulate, publish, withdraw."""

import json
from collections import Counter
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.load import load_pack
from townhall.audit.act import host_act
from townhall.cli.console import guarded, readers, remarks, sessions, steps
from townhall.clock import now
from townhall.config import Settings
from townhall.rollouts.board import at_release
from townhall.rollouts.comparison import Comparison, compare
from townhall.rollouts.models import SimulatedCentre
from townhall.rollouts.publication import publication_fault, publish, withdraw
from townhall.rollouts.simulation import simulate, simulation_of
from townhall.standards.models import Release, Status
from townhall.standards.operations import (
    discard_draft,
    draft_release,
    newest_release,
    pack_of,
    release_numbered,
)
from townhall.units.models import Unit

WORDS = {Status.DRAFT: "草案", Status.PUBLISHED: "已發布", Status.WITHDRAWN: "已撤回"}

pack_option = click.option("--pack", "pack_id", default="qianxinan", show_default=True, help="模板包")


@click.group()
def release() -> None:
    """標準的版本：起草、比較、模擬、發布、推行、回滾。"""


@release.command("list")
@pack_option
@guarded
def list_all(pack_id: str) -> None:
    """列出各版本、狀態和使用的中心數。"""
    with sessions(Settings())() as session:
        found = session.scalars(select(Release).filter_by(pack=pack_id).order_by(Release.number)).all()
        for one in found:
            words = WORDS[Status(one.status)]
            click.echo(f"第 {one.number} 版（{words}）：{at_release(session, one)} 個中心，{one.title}")
        if not found:
            click.echo("還沒有任何版本")
        session.rollback()


@release.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@guarded
def draft(folder: Path) -> None:
    """以資料夾中的模板包起草下一版；同一版號的草案會被取代。"""
    with sessions(Settings()).begin() as session:
        newest = _line_of(session, folder)
        pack = load_pack(folder, previous=pack_of(newest) if newest else None)
        made = draft_release(session, pack, act=host_act("命令行", now()))
        click.echo(f"已起草 {made.title}第 {made.number} 版（{made.content_hash[:12]}）")


def _line_of(session: Session, folder: Path) -> Release | None:
    """The newest published release of the pack in a folder, against which faults are placed in its files."""
    return newest_release(session, load_pack(folder).header.id)


@release.command()
@click.argument("number", type=int)
@pack_option
@guarded
def discard(number: int, pack_id: str) -> None:
    """刪除草案。"""
    with sessions(Settings()).begin() as session:
        discard_draft(session, release_numbered(session, pack_id, number), act=host_act("命令行", now()))
        click.echo(f"第 {number} 版草案已刪除")


@release.command()
@click.argument("number", type=int)
@pack_option
@guarded
def show(number: int, pack_id: str) -> None:
    """與上一版比較：逐條列出不同之處，模擬過的附上涉及的中心數。"""
    with sessions(Settings())() as session:
        found = release_numbered(session, pack_id, number)
        click.echo(f"{found.title}第 {number} 版（{WORDS[Status(found.status)]}）")
        _compare(compare(session, found), simulated=simulation_of(session, found) is not None)
        session.rollback()


def _compare(found: Comparison, simulated: bool) -> None:
    if found.previous is None:
        click.echo("這是第一版，沒有可比較的上一版")
        return
    for line in found.lines:
        reach = f"〔採用 {line.taken}，待決 {line.asked}，停用本地 {line.displaced}〕" if simulated else ""
        click.echo(f"  {line.sentence}{reach}")
    for rule in found.rules:
        click.echo(f"  政策 {rule.path}：{rule.policy.value}（{rule.reason}）")
    for rule in found.gone:
        click.echo(f"  不再適用的政策 {rule.path}：{rule.policy.value}")
    if not (found.lines or found.rules or found.gone):
        click.echo("  與上一版內容相同")


@release.command("simulate")
@click.argument("number", type=int)
@pack_option
@click.option("--json", "as_json", is_flag=True, help="輸出 JSON")
@guarded
def simulate_all(number: int, pack_id: str, as_json: bool) -> None:
    """對全部中心模擬一版：不改動任何中心，逐個說明會發生什麼。"""
    settings = Settings()
    with sessions(settings)() as session:
        release_id = release_numbered(session, pack_id, number).id
        session.rollback()
    with steps("模擬") as advance:
        act = host_act("命令行", now())
        simulation = simulate(readers(settings), sessions(settings), release_id, act=act, advance=advance)
    with sessions(settings)() as session:
        _tell(session, simulation, as_json)
        session.rollback()


def _tell(session: Session, simulation: int, as_json: bool) -> None:
    chosen = select(SimulatedCentre, Unit).join(Unit, Unit.code == SimulatedCentre.unit_id)
    found = session.execute(chosen.filter(SimulatedCentre.simulation_id == simulation).order_by(Unit.code))
    total: Counter[str] = Counter()
    blocked = forced = faulty = 0
    for line, unit in found:
        if as_json:
            click.echo(json.dumps(_data(line, unit), ensure_ascii=False))
        total.update(line.counts)
        blocked, forced, faulty = (
            blocked + bool(line.findings),
            forced + bool(line.guard),
            faulty + bool(line.fault),
        )
        if line.fault:
            remarks.print(f"{unit.short_code} {unit.name}：{line.fault}", style="red", markup=False)
    if as_json:
        return
    for reason, count in sorted(total.items()):
        click.echo(f"  {reason}：{count} 處")
    click.echo(f"不能執行 {blocked} 個，須寫明理由 {forced} 個，無法計算 {faulty} 個")


def _data(line: SimulatedCentre, unit: Unit) -> dict[str, object]:
    names = ("plan_hash", "revision", "counts", "findings", "guard", "fault")
    return {
        "unit": unit.short_code,
        "name": unit.name,
        **{name: getattr(line, name) for name in names},
    }


@release.command("publish")
@click.argument("number", type=int)
@pack_option
@click.option("--override", default="", help="模擬已過期仍要發布的理由")
@guarded
def publish_one(number: int, pack_id: str, override: str) -> None:
    """發布草案。須先模擬；模擬之後有變動的，須重新模擬或寫明理由。"""
    with sessions(Settings()).begin() as session:
        found = release_numbered(session, pack_id, number)
        fault = publication_fault(session, found)
        publish(session, found, act=host_act("命令行", now()), override=override)
        click.echo(f"第 {number} 版已發布" + (f"（{fault}；理由：{override}）" if fault else ""))


@release.command("withdraw")
@click.argument("number", type=int)
@pack_option
@click.option("--reason", required=True, help="撤回的理由")
@guarded
def withdraw_one(number: int, pack_id: str, reason: str) -> None:
    """撤回已發布的版本：不再有中心升到這一版，已在這一版的保持不動。"""
    with sessions(Settings()).begin() as session:
        withdraw(session, release_numbered(session, pack_id, number), act=host_act("命令行", now(), reason))
        click.echo(f"第 {number} 版已撤回")
