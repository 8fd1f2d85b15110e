"""A standard out of centres that are there, and centres that are there brought in."""

from pathlib import Path

import click

from provisioning.extract import ExtractionRefused
from townhall.audit.act import host_act
from townhall.centres.adopting import Adoption, plan_adoption, read_described
from townhall.centres.adopting import adopt as carry_out_adoption
from townhall.centres.apply import PlanRefused
from townhall.centres.archive_file import ArchiveInvalid
from townhall.centres.drafts import Taken, read_matches, take
from townhall.cli.console import guarded, readers, refuse, required_release, sessions
from townhall.clock import now
from townhall.config import Settings
from townhall.standards.operations import newest_overlays
from townhall.units.models import Unit
from townhall.units.operations import full_code, townships_below


@click.command()
@click.option(
    "--unit",
    "codes",
    multiple=True,
    required=True,
    help="單位代碼，可重複，先列的優先；州、縣代碼表示其下所有鄉鎮",
)
@click.option("--threshold", type=click.IntRange(min=1), help="至少多少個中心有的事項才算共有（默認過半）")
@click.option(
    "--matches",
    "list_of_matches",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="人工核對的對應表（YAML）",
)
@click.option("--out", "folder", type=click.Path(path_type=Path), required=True, help="新資料夾")
@guarded
def extract(
    codes: tuple[str, ...], threshold: int | None, list_of_matches: Path | None, folder: Path
) -> None:
    """由已有的中心提取共同的標準：寫成模板包草案，並保存各中心自己的部分，可無損還原。"""
    matches = read_matches(list_of_matches) if list_of_matches else []
    with readers(Settings())() as session:
        units = {unit.code: unit for code in codes for unit in townships_below(session, code)}
        try:
            taken = take(session, list(units.values()), folder, now().date(), threshold, matches)
        except ExtractionRefused as refusal:
            refuse([*refusal.reasons, "沒有寫入任何內容。"])
    _tell(taken)


@click.command()
@click.argument("code", metavar="UNIT")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--pack", "pack_id", default="qianxinan", show_default=True, help="模板包")
@click.option("--yes", is_flag=True, help="執行；不給則只顯示計劃")
@click.option("--replace", is_flag=True, help="該單位已有中心時，改成檔案所寫的樣子")
@click.option("--force", default="", help="改動幅度較大時，須寫明理由")
@guarded
def adopt(code: str, path: Path, pack_id: str, yes: bool, replace: bool, force: str) -> None:
    """認領一個已有的中心：FILE 是 export 的檔案或 YAML。先顯示計劃；全部寫入或一點不寫，絕不另建一個。"""
    with sessions(Settings())() as session:
        unit = session.get(Unit, full_code(code))
        if unit is None:
            refuse([f"沒有代碼為 {code} 的單位"])
        try:
            release = required_release(session, pack_id)
            described = read_described(path, unit)
            adoption = plan_adoption(session, unit, described, release, newest_overlays(session, release))
            _show(adoption)
            if not yes:
                return
            act = host_act("命令行", now(), f"認領 {path.name}"[:120])
            done = carry_out_adoption(session, adoption, act=act, force=force, replace=replace)
        except (ArchiveInvalid, PlanRefused) as refusal:
            refuse([f"{refusal}。沒有寫入任何內容。"])
        session.commit()
    click.echo(
        f"已認領 {unit.short_code} {unit.name}（第 {done.revision} 次修訂）" if done.written else "無變化"
    )


def _show(adoption: Adoption) -> None:
    """What stays the township's own, what locks take, and what would change of a centre that is there."""
    name = f"{adoption.unit.short_code} {adoption.unit.name}"
    if adoption.new:
        click.echo(f"{name}：尚無中心，將按檔案認領，依據州標準第 {adoption.standard.release.number} 版")
    else:
        click.echo(f"{name}：已有中心，與檔案有 {len(adoption.against or ())} 處不同")
    for action in adoption.plan.changes.actions:
        click.echo(f"    {action.sentence}")
    for found in adoption.plan.changes.findings:
        click.echo(f"    ※ {found.sentence}")
    for reason in adoption.plan.changes.guard:
        click.echo(f"    須寫明理由：{reason}")


def _tell(taken: Taken) -> None:
    click.echo(f"已由 {len(taken.own)} 個中心提取草案：{taken.folder}")
    for unit, count in taken.own.items():
        click.echo(f"  {unit[:9]}：自己的部分 {count} 處")
    for place in taken.to_word:
        click.echo(f"  ※ {place} 含有各鄉鎮自己的內容，須改寫")
