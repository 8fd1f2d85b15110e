"""Provisioning, planning and applying over one township, a county or the fleet."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import click
from sqlalchemy.orm import Session

from provisioning.labels import SECTION
from provisioning.money import yuan
from provisioning.plan import Operation, Plan
from townhall.audit.act import host_act
from townhall.centres.apply import Standard
from townhall.centres.provision import Report, Result, carry_out, plans
from townhall.cli.console import IN_PART, guarded, progress, refuse, remarks, required_release, sessions
from townhall.cli.signing import print_plan
from townhall.clock import now
from townhall.config import Settings
from townhall.documents.impact import impact
from townhall.jobs.broker import Post
from townhall.jobs.operations import ask
from townhall.jobs.provisioning import PROVISION
from townhall.jobs.registry import kinds
from townhall.rollouts.publication import settled_release
from townhall.standards.models import Release
from townhall.standards.operations import newest_overlays, pack_of, release_numbered
from townhall.units.models import Unit
from townhall.units.operations import ensure_units, full_code, townships_below
from townhall.units.sheet import read_sheet

Planned = list[tuple[Plan, Standard, Unit]]

_units_option = click.option(
    "--units", "sheet", type=click.Path(path_type=Path), help="鄉鎮名單（CSV 或 XLSX）"
)
_pack_option = click.option("--pack", "pack_id", default="qianxinan", show_default=True, help="模板包")
_release_option = click.option("--release", "number", type=int, help="版號，草案也可（預設為最新發布的一版）")
_unit_option = click.option(
    "--unit", "codes", multiple=True, help="單位代碼，可重複；州、縣代碼表示其下所有鄉鎮"
)


@click.command()
@click.option(
    "--units", "sheet", type=click.Path(path_type=Path), required=True, help="鄉鎮名單（CSV 或 XLSX）"
)
@_pack_option
@click.option("--dry-run", is_flag=True, help="只核對名單並顯示計劃，不寫入")
@click.option("--later", is_flag=True, help="登記單位後交後台任務開通，不在此等待")
@guarded
def provision(sheet: Path, pack_id: str, dry_run: bool, later: bool) -> None:
    """按名單開通鄉鎮便民服務中心。可重複執行：已開通的保持不動。"""
    settings = Settings()
    with sessions(settings)() as session:
        release = _settled(session, pack_id)
        planned = _planned(session, sheet, (), release)
        if dry_run:
            _show(planned)
            session.rollback()
            return
        if later:
            _hand_over(session, settings, planned, release)
            return
        session.commit()
        report = _carry_out(settings, planned, new_only=True)
    _tell(report)


@click.command()
@_units_option
@_unit_option
@_pack_option
@_release_option
@click.option("--json", "as_json", is_flag=True, help="輸出 JSON")
@click.option("--full", is_flag=True, help="逐條列出，不合併")
@click.option("--impact", "with_impact", is_flag=True, help="列出會改變的文件和資金")
@click.option(
    "--pdf", type=click.Path(path_type=Path, dir_okay=False), help="一個中心的計劃，排成會簽用的 PDF"
)
@guarded
def plan(
    sheet: Path | None,
    codes: tuple[str, ...],
    pack_id: str,
    number: int | None,
    as_json: bool,
    full: bool,
    with_impact: bool,
    pdf: Path | None,
) -> None:
    """顯示計劃：會做什麼、為什麼。不寫入任何內容。"""
    with sessions(Settings())() as session:
        planned = _planned(session, sheet, codes, _wanted(session, pack_id, number))
        if as_json:
            created = {"created_at": now().isoformat()}
            click.echo(
                json.dumps([created | made.data() for made, _, _ in planned], ensure_ascii=False, indent=2)
            )
        else:
            _show(planned, full)
        if with_impact and not as_json:
            _show_impacts(session, planned)
        if pdf is not None:
            print_plan(session, planned, digest_of(planned), pdf)
        session.rollback()


@click.command()
@_units_option
@_unit_option
@_pack_option
@_release_option
@click.option("--digest", help="plan 顯示的計劃摘要；不符即拒絕")
@click.option("--yes", is_flag=True, help="不核對摘要，直接執行")
@click.option("--force", default="", help="改動幅度較大的計劃，須寫明理由")
@guarded
def apply(
    sheet: Path | None,
    codes: tuple[str, ...],
    pack_id: str,
    number: int | None,
    digest: str | None,
    yes: bool,
    force: str,
) -> None:
    """執行計劃。須給出 plan 顯示的摘要，保證執行的正是看過的。"""
    settings = Settings()
    with sessions(settings)() as session:
        planned = _planned(session, sheet, codes, _wanted(session, pack_id, number))
        if not yes and digest != (actual := digest_of(planned)):
            refuse([f"計劃摘要不符：現在是 {actual}。請先執行 plan 查看，再以 --digest 給出摘要。"])
        session.commit()
        report = _carry_out(settings, planned, force=force)
    _tell(report, wanted_all=True)


def digest_of(planned: Planned) -> str:
    """Sixteen hexadecimal digits over all plans: what was shown is what is applied."""
    return hashlib.sha256("".join(made.hash for made, _, _ in planned).encode()).hexdigest()[:16]


def _wanted(session: Session, pack_id: str, number: int | None) -> Release:
    """The release that was asked for, a draft too, or the newest that is published."""
    return release_numbered(session, pack_id, number) if number else required_release(session, pack_id)


def _settled(session: Session, pack_id: str) -> Release:
    """What new centres get; says so when a newer release is still on its way (rule J4)."""
    newest = required_release(session, pack_id)
    settled = settled_release(session, pack_id) or newest
    if settled.number < newest.number:
        text = f"第 {newest.number} 版還在推行，新中心先按第 {settled.number} 版開通，推行完成後再升級"
        remarks.print(text, style="yellow", markup=False)
    return settled


def _planned(session: Session, sheet: Path | None, codes: Sequence[str], release: Release) -> Planned:
    if sheet is not None and codes:
        refuse(["--units 和 --unit 只能用其中一個"])
    if sheet is not None:
        read = read_sheet(sheet)
        for notice in read.notices:
            remarks.print(notice, style="yellow", markup=False)
        units = ensure_units(session, pack_of(release).header, read.townships, sheet.name)
    else:
        found = {unit.code: unit for code in codes for unit in townships_below(session, code)}
        units = list(found.values())
    if not units:
        refuse(["所選單位下還沒有鄉鎮" if codes else "請用 --units 給出名單，或用 --unit 給出單位代碼"])
    return list(plans(session, units, release, newest_overlays(session, release)))


def _carry_out(settings: Settings, planned: Planned, *, new_only: bool = False, force: str = "") -> Report:
    with progress("開通" if new_only else "執行", len(planned)) as advance:
        return carry_out(
            sessions(settings),
            planned,
            act=host_act("命令行", now()),
            advance=lambda _: advance(),
            new_only=new_only,
            force=force,
        )


def _hand_over(session: Session, settings: Settings, planned: Planned, release: Release) -> None:
    """Ask for a job of the prefecture, in one transaction with the units that it is about."""
    units = [unit for _, _, unit in planned]
    prefecture = full_code(pack_of(release).header.prefecture.code)
    parameters = {"pack": release.pack, "units": [unit.code for unit in units]}
    job = ask(session, host_act("命令行", now()), kinds(settings), prefecture, PROVISION, parameters)
    Post(settings).announce(session, job)
    session.commit()
    click.echo(f"已交後台任務：{len(units)} 個鄉鎮（任務 {job.key}）")


def _show(planned: Planned, full: bool = False) -> None:
    for made, _, unit in planned:
        click.echo(f"{unit.short_code} {unit.name}：{_summary(made)}")
        if full:
            for action in made.changes.actions:
                click.echo(f"    {action.sentence}")
            for found in made.changes.findings:
                click.echo(f"    ※ {found.sentence}")
    blocked = sum(made.blocked is not None for made, _, _ in planned)
    changed = sum(bool(made) and made.blocked is None for made, _, _ in planned)
    asked = sum(bool(made.changes.conflicts) for made, _, _ in planned)
    same = len(planned) - changed - blocked
    click.echo(
        f"共 {len(planned)} 個鄉鎮：{changed} 個有變化，{same} 個無變化，{blocked} 個不能執行；{asked} 個有待決分歧"
    )
    click.echo(f"計劃摘要 {digest_of(planned)}")


def _show_impacts(session: Session, planned: Planned) -> None:
    """What changes on paper and in money, for centres that are there."""
    for made, standard, unit in planned:
        if made.tenant_revision is None:
            continue
        found = impact(session, unit, made, standard)
        click.echo(
            f"{unit.short_code} {unit.name}：{len(found.documents)} 份文件改變，共印 {found.copies} 份"
        )
        for one in found.documents:
            click.echo(f"    {one.change.value}：{one.title}")
        for category, amount in found.money.items():
            click.echo(f"    資金：{category} {yuan(amount)} 元")


def _summary(made: Plan) -> str:
    if made.blocked:
        return made.blocked
    if made.errors:
        return "不能執行：" + "；".join(found.sentence for found in made.errors)
    if made.tenant_revision is not None:
        return _summary_of_upgrade(made)
    counts = "，".join(f"{SECTION[name]} {count}" for name, count in made.changes.counts.items() if count > 1)
    missing = len(made.changes.findings)
    return f"新設中心：{counts}" + (f"；待填 {missing} 處" if missing else "")


def _summary_of_upgrade(made: Plan) -> str:
    """How many places change, stay, wait for a decision; and whether somebody must say why."""
    changes = made.changes
    kept = sum(action.operation is Operation.KEEP for action in changes.actions)
    done = len(changes.actions) - kept - len(changes.conflicts)
    parts = [
        f"改動 {done} 處" if done else "改用新版標準，內容不變" if made.moves_on else "無變化",
        f"保留本地改動 {kept} 處" if kept else "",
        f"待決分歧 {len(changes.conflicts)} 處" if changes.conflicts else "",
        f"須寫明理由：{'；'.join(changes.guard)}" if changes.guard else "",
    ]
    head, *rest = (part for part in parts if part)
    return f"{head}（{'，'.join(rest)}）" if rest else head


def _tell(report: Report, wanted_all: bool = False) -> None:
    """Say what was done. Where all was wanted, a centre that stays with an older standard is work left undone."""
    for step in report.steps:
        if step.reason is not None:
            remarks.print(
                f"{step.unit.short_code} {step.unit.name}：{step.reason}", style="red", markup=False
            )
    counts = report.counts
    if set(counts) <= {Result.UNCHANGED}:
        click.echo(f"無變化：{counts[Result.UNCHANGED]} 個鄉鎮都已開通")
        return
    words = {
        Result.CREATED: f"新開通 {counts[Result.CREATED]} 個（{report.rows} 行）",
        Result.UPDATED: f"升級 {counts[Result.UPDATED]} 個",
        Result.UNCHANGED: f"原已開通 {counts[Result.UNCHANGED]} 個",
        Result.KEPT: f"沿用原標準 {counts[Result.KEPT]} 個",
        Result.REFUSED: f"未能開通 {counts[Result.REFUSED]} 個",
    }
    click.echo("，".join(text for result, text in words.items() if counts[result]))
    if counts[Result.REFUSED] or (wanted_all and counts[Result.KEPT]):
        raise SystemExit(IN_PART)
