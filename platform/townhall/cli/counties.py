"""What counties add to the standard, from the command line: shown, published from a file, brought to the townships."""

import json
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from provisioning.labels import item_label
from provisioning.load import load_overlay
from provisioning.specs.centre import COLLECTIONS
from provisioning.telling import Names, place_words, told_value
from provisioning.tree import Path as Place
from townhall.audit.act import host_act
from townhall.centres.edit import EditRefused
from townhall.cli.console import IN_PART, guarded, progress, readers, refuse, remarks, sessions
from townhall.clock import now
from townhall.config import Settings
from townhall.counties.bringing import Brought, bring_county_on, townships
from townhall.counties.operations import CountyDesk, county_desk, lines, publish, take_over
from townhall.units.models import Level, Unit
from townhall.units.operations import full_code


@click.group()
def county() -> None:
    """縣級補充規定：查看、由檔案發布、送到鄉鎮。"""


@county.command()
@click.argument("code")
@click.option("--json", "as_json", is_flag=True, help="輸出 JSON")
@guarded
def show(code: str, as_json: bool) -> None:
    """一個縣對州標準作了哪些改動，哪些地方待縣決定。"""
    with readers(Settings())() as session:
        desk = county_desk(session, _county(session, code))
        if as_json:
            click.echo(json.dumps(desk.overlay.model_dump(mode="json"), ensure_ascii=False, indent=2))
            return
        _show(desk)


def _show(desk: CountyDesk) -> None:
    version = f"現行第 {desk.published.version} 版" if desk.published else "尚無補充規定"
    draft = "，有未發布的草稿" if desk.draft else ""
    click.echo(f"{desk.county.name}：{version}{draft}，依據州標準第 {desk.release.number} 版")
    names = _names(desk)
    for line in lines(desk):
        click.echo(f"  {_line(line.path, line.before, line.after, names)}")
    for rule in desk.overlay.tighten:
        click.echo(f"  收緊 {rule.path}：{rule.reason}（{rule.source}）")
    for mark in desk.says.questions:
        click.echo(f"  待縣決定：{place_words(mark.path, names)}")


def _line(path: Place, before: Any, after: Any, names: Names) -> str:
    if len(path) == 2 and path[0] in COLLECTIONS:
        return f"{'不設' if after is None else '增設'}{place_words(path, names)}"
    both = (_told(path, value, names) for value in (before, after))
    return f"{place_words(path, names)}：{' → '.join(both)}"


def _told(path: Place, value: Any, names: Names) -> str:
    blank = isinstance(value, dict) and "blank" in value
    return "待填" if blank else told_value(path, value, names) if not isinstance(value, list | dict) else "…"


def _names(desk: CountyDesk) -> Names:
    centres = (desk.pack.centre, desk.says.centre)
    found = ((section, item) for one in centres for section in COLLECTIONS for item in getattr(one, section))
    return {(section, item.key): item_label(item) for section, item in found}


@county.command("publish")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", required=True, help="事由（將寫入審計）")
@guarded
def publish_file(path: Path, reason: str) -> None:
    """以 YAML 檔案發布一縣補充規定的下一版；有誤時指出檔案、行、列，一點不寫。"""
    with sessions(Settings()).begin() as session:
        where = _county(session, _code_in(path))
        overlay = load_overlay(path.read_bytes(), path.name, county_desk(session, where).pack)
        act = host_act("命令行", now(), reason)
        try:
            take_over(session, where, overlay, act=act)
            made = publish(session, where, act=act)
        except EditRefused as refusal:
            refuse([*refusal.reasons, "沒有寫入任何內容。"])
        click.echo(f"已發布{where.name}補充規定第 {made.version} 版；送到鄉鎮請用 county bring-on")


def _code_in(path: Path) -> str:
    """The county that a file names. Raises `LookupError`; everything else in it is checked later."""
    named = (
        line.partition(":")[2]
        for line in path.read_text("utf-8", "replace").splitlines()
        if line.startswith("county:")
    )
    code = next(named, "").strip().strip("'\"")
    if not code:
        raise LookupError(f"{path.name} 沒有寫明是哪個縣（county: 六位代碼）")
    return code


@county.command("bring-on")
@click.argument("code")
@guarded
def bring_on(code: str) -> None:
    """把一縣的鄉鎮帶到現行的補充規定；可以重複執行。"""
    factory = sessions(Settings())
    with factory() as session:
        where = _county(session, code)
        count = len(session.scalars(townships(where)).all())
    with progress(where.name, count) as advance:

        def told(_brought: Brought) -> None:
            advance()

        done = bring_county_on(factory, where, act=host_act("命令行", now()), advance=told)
    for one in done:
        if one.reason:
            remarks.print(f"{one.unit.short_code} {one.unit.name}：{one.reason}", style="red", markup=False)
    click.echo(f"{where.name}：{sum(one.written for one in done)} 個中心有更新，共 {len(done)} 個")
    if any(one.reason for one in done):
        raise SystemExit(IN_PART)


def _county(session: Session, code: str) -> Unit:
    found = session.get(Unit, full_code(code))
    if found is None or found.level != Level.COUNTY:
        raise LookupError(f"沒有代碼為 {code} 的縣（市）")
    return found
