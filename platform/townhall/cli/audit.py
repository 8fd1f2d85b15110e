"""The audit from the command line: is it whole, how far has it come, hand it over."""

import json
from pathlib import Path

import click
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from townhall.audit.chain import Break, plain
from townhall.audit.checkpoints import CheckpointInvalid, checkpoint, missed, parsed
from townhall.audit.operations import broken, chained_units, records
from townhall.centres.replay import ReplayBroken, replay
from townhall.centres.rows import read_centre
from townhall.cli.console import IN_PART, guarded, progress, readers, refuse
from townhall.clock import now
from townhall.config import Settings
from townhall.units.models import Unit
from townhall.units.operations import full_code, townships_below


@click.group()
def audit() -> None:
    """審計：核對、檢查點、導出、重放。"""


@audit.command()
@click.option("--checkpoint", "kept", type=click.Path(path_type=Path), help="另行保存的檢查點檔案，一併核對")
@guarded
def verify(kept: Path | None) -> None:
    """核對每個單位的審計鏈。有斷裂時指出第一處，退出碼為 3。"""
    with readers(Settings())() as session:
        found = _breaks(session)
        found += list(missed(session, _chains(kept))) if kept else []
        count = len(chained_units(session))
    for one in found:
        click.echo(f"× {one}")
    if found:
        raise SystemExit(IN_PART)
    click.echo(f"✓ {count} 個單位的審計鏈完整" + ("，與檢查點一致" if kept else ""))


def _breaks(session: Session) -> list[Break]:
    units = chained_units(session)
    found = []
    with progress("核對", len(units)) as advance:
        for unit_id in units:
            if (one := broken(session, unit_id)) is not None:
                found.append(one)
            advance()
    return found


def _chains(kept: Path) -> dict[str, list[object]]:
    try:
        return parsed(kept.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, CheckpointInvalid) as error:
        refuse([f"{kept.name}：{error if isinstance(error, CheckpointInvalid) else '無法讀取'}"])


@audit.command("checkpoint")
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="保存到哪裡"
)
@guarded
def checkpoint_command(folder: Path) -> None:
    """記下每條審計鏈的末端，保存到另一處（另一台機器、審計部門）。"""
    with readers(Settings())() as session:
        made = checkpoint(session, now())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"audit-{now():%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    click.echo(str(path))


@audit.command()
@click.option("--unit", "code", required=True, help="單位代碼；州、縣代碼表示其下所有單位")
@click.option(
    "--out", "path", type=click.Path(dir_okay=False, path_type=Path), required=True, help="導出檔案"
)
@guarded
def export(code: str, path: Path) -> None:
    """導出審計記錄（每行一條 JSON），可用 scripts/verify_audit.py 離線核對。"""
    with readers(Settings())() as session:
        wanted = {unit.code for unit in townships_below(session, code, also_ended=True)} | {full_code(code)}
        units = [unit_id for unit_id in chained_units(session) if unit_id in wanted]
        count = 0
        with path.open("w", encoding="utf-8") as file, progress("導出", len(units)) as advance:
            for unit_id in units:
                for one in records(session, unit_id):
                    file.write(json.dumps(plain(one) | {"digest": one.digest}, ensure_ascii=False) + "\n")
                    count += 1
                advance()
    click.echo(f"已導出 {len(units)} 個單位 {count} 條記錄")


@audit.command("replay")
@click.option(
    "--unit", "codes", multiple=True, required=True, help="單位代碼，可重複；州、縣代碼表示其下所有鄉鎮"
)
@guarded
def replay_command(codes: tuple[str, ...]) -> None:
    """由審計記錄從頭重放，與現在的配置比對。不一致時退出碼為 3。"""
    with readers(Settings())() as session:
        units = {
            unit.code: unit for code in codes for unit in townships_below(session, code, also_ended=True)
        }
        faults = [fault for unit in units.values() if (fault := _difference(session, unit))]
    for fault in faults:
        click.echo(f"× {fault}")
    if faults:
        raise SystemExit(IN_PART)
    click.echo(f"✓ {len(units)} 個鄉鎮由審計重放的結果與現有配置一致")


def _difference(session: Session, unit: Unit) -> str | None:
    try:
        made = replay(session, unit)
    except ReplayBroken as error:
        return str(error)
    standing = read_centre(session, unit.code)
    same = (made and content_hash(made)) == (standing and content_hash(standing))
    return None if same else f"{unit.code} {unit.name}：重放結果與現有配置不一致"
