"""A centre out of one host and into another."""

from pathlib import Path

import click

from townhall.audit.act import host_act
from townhall.centres.archive import write_archive
from townhall.centres.archive_file import ArchiveInvalid, read_archive
from townhall.centres.bringing import ImportRefused, bring
from townhall.centres.models import Centre
from townhall.cli.console import guarded, readers, refuse, sessions
from townhall.clock import now
from townhall.config import Settings
from townhall.units.models import Unit
from townhall.units.operations import full_code


@click.command("export")
@click.option("--unit", "code", required=True, help="鄉鎮代碼")
@click.option("--out", "path", type=click.Path(dir_okay=False, path_type=Path), required=True, help="檔案")
@guarded
def export_centre(code: str, path: Path) -> None:
    """把一個中心（配置、各版本、審計、所依據的標準）導出為一個檔案。"""
    with readers(Settings())() as session:
        unit = session.get(Unit, full_code(code))
        if unit is None or session.get(Centre, unit.code) is None:
            refuse([f"代碼 {code} 沒有中心"])
        digest = write_archive(session, unit, path)
    click.echo(f"已導出 {unit.short_code} {unit.name}：{path}")
    click.echo(f"清單摘要 {digest}")


@click.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--digest", help="導出時顯示的清單摘要；不符即拒絕")
@click.option("--dry-run", is_flag=True, help="只核對並試寫，不保留")
@guarded
def import_centre(path: Path, digest: str | None, dry_run: bool) -> None:
    """導入一個中心檔案。先核對全部內容；本平台該單位須還沒有中心；全部寫入或一點不寫。"""
    try:
        archive = read_archive(path)
        if digest is not None and digest.strip().lower() != archive.digest:
            refuse([f"清單摘要不符：檔案的是 {archive.digest}"])
        with sessions(Settings())() as session:
            unit = bring(session, host_act("命令行", now(), f"導入 {path.name}"[:120]), archive)
            told = f"{unit.short_code} {unit.name}：{sum(map(len, archive.rows.values()))} 行，{len(archive.audit)} 條審計記錄"
            session.rollback() if dry_run else session.commit()
    except (ArchiveInvalid, ImportRefused) as refusal:
        refuse([f"{refusal}。沒有寫入任何內容。"])
    click.echo(f"可以導入 {told}" if dry_run else f"已導入 {told}")
