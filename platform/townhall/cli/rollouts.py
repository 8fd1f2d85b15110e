"""Rollouts from the command line: start, bring waves on, halt, go on, end, take a wave back."""

from collections.abc import Callable

import click
from sqlalchemy.orm import Session

from provisioning.waves import parsed
from townhall.audit.act import Act, host_act
from townhall.cli.console import IN_PART, guarded, progress, remarks, sessions
from townhall.cli.releases import pack_option, release
from townhall.clock import now
from townhall.config import Settings
from townhall.rollouts.board import latecomers, lines, wave_states
from townhall.rollouts.models import Progress, Rollout, RolloutState
from townhall.rollouts.operations import Limits, halt, resume, start, supersede
from townhall.rollouts.publication import open_rollout
from townhall.rollouts.running import Told, run, take_back
from townhall.standards.operations import release_numbered

STATES = {
    RolloutState.RUNNING: "進行中",
    RolloutState.HALTED: "已停下",
    RolloutState.COMPLETED: "已完成",
    RolloutState.SUPERSEDED: "已提前結束",
}
PROGRESS = {
    Progress.WAITING: "待處理",
    Progress.APPLIED: "已升級",
    Progress.SKIPPED: "跳過",
    Progress.FAILED: "失敗",
    Progress.TAKEN_BACK: "已回滾",
}
_reason = click.option("--reason", required=True, help="理由")
_through = click.option("--through", type=int, help="做完第幾批為止（預設只做下一批）")
_all = click.option("--all", "everything", is_flag=True, help="依次做完全部批次")


def _act(reason: str = "") -> Act:
    return host_act("命令行", now(), reason)


@release.command()
@click.argument("number", type=int)
@pack_option
@click.option(
    "--wave",
    "waves",
    multiple=True,
    required=True,
    help="批次，可重複：名稱=代碼,代碼；其餘 表示所有未選的；!代碼 表示除外；名稱*4 表示四個同時",
)
@click.option("--max-failed", default=0, show_default=True, help="失敗的中心超過這個數即停下")
@click.option("--max-open", default=20, show_default=True, help="一個中心的待決分歧超過這個數即停下")
@click.option("--force", default="", help="改動幅度較大的中心，須寫明理由")
@_through
@_all
@guarded
def rollout(
    number: int,
    pack_id: str,
    waves: tuple[str, ...],
    max_failed: int,
    max_open: int,
    force: str,
    through: int | None,
    everything: bool,
) -> None:
    """分批推行已發布的版本；不加選項時只做第一批，看過結果再繼續。"""
    chosen = [parsed(place, text) for place, text in enumerate(waves, 1)]
    limits = Limits(max_failed, max_open)
    with sessions(Settings()).begin() as session:
        found = release_numbered(session, pack_id, number)
        made = start(session, found, chosen, limits, act=_act(f"推行第 {number} 版"), force=force).id
    _run(made, len(chosen) if everything else through or 1)


@release.command("continue")
@pack_option
@_through
@_all
@guarded
def go_on(pack_id: str, through: int | None, everything: bool) -> None:
    """繼續推行：做完這一批，或開始下一批。"""
    with sessions(Settings())() as session:
        found = _standing(session, pack_id)
        made, wave, count = found.id, found.wave, len(found.waves)
        waiting = wave_states(session, found)[wave - 1].counts[Progress.WAITING] if wave else 0
        session.rollback()
    following = wave if waiting else min(wave + 1, count)
    _run(made, count if everything else through or following)


def _run(rollout_id: int, through: int) -> None:
    settings = Settings()
    with sessions(settings)() as session:
        states = wave_states(session, session.get_one(Rollout, rollout_id))
        waiting = sum(one.counts[Progress.WAITING] for one in states if one.number <= through)
        session.rollback()
    with progress("推行", waiting) as advance:
        state = run(
            sessions(settings), rollout_id, act=_act("推行"), through=through, advance=_telling(advance)
        )
    with sessions(settings)() as session:
        _show(session, session.get_one(Rollout, rollout_id))
        session.rollback()
    if state is RolloutState.HALTED:
        raise SystemExit(IN_PART)


@release.command()
@pack_option
@click.option("--full", is_flag=True, help="逐個中心列出")
@guarded
def status(pack_id: str, full: bool) -> None:
    """推行到了哪一步。"""
    with sessions(Settings())() as session:
        found = _standing(session, pack_id)
        _show(session, found)
        for line in lines(session, found) if full else ():
            centre = line.centre
            text = f"  第 {centre.wave} 批 {line.unit.short_code} {line.unit.name}：{PROGRESS[line.progress]}"
            click.echo(text + (f"（{centre.reason}）" if centre.reason else ""))
        session.rollback()


def _telling(advance: Callable[[], None]) -> Callable[[Told], None]:
    """Moves the bar, and says at once what did not go well."""

    def tell(told: Told) -> None:
        advance()
        if told.progress in {Progress.FAILED, Progress.SKIPPED}:
            text = f"{told.unit.short_code} {told.unit.name}：{PROGRESS[told.progress]}（{told.reason}）"
            remarks.print(text, style="red", markup=False)

    return tell


def _show(session: Session, found: Rollout) -> None:
    halted = f"：{found.message}" if found.message else ""
    click.echo(f"推行 {found.id}，{STATES[RolloutState(found.state)]}{halted}")
    for state in wave_states(session, found):
        told = "，".join(
            f"{PROGRESS[progress]} {count}" for progress, count in sorted(state.counts.items()) if count
        )
        questions = f"，待決分歧 {state.opened} 處" if state.opened else ""
        click.echo(f"  第 {state.number} 批「{state.wave.name}」：{told}{questions}")
    if late := latecomers(session, found):
        click.echo(f"  推行期間新開通 {late} 個中心，不在批次中，完成後請以 apply 升級")


@release.command("halt")
@pack_option
@_reason
@guarded
def halt_it(pack_id: str, reason: str) -> None:
    """停下推行；已升級的保持不動。"""
    with sessions(Settings()).begin() as session:
        halt(session, _standing(session, pack_id), reason, act=_act(reason))
        click.echo("已停下")


@release.command("resume")
@pack_option
@_reason
@click.option("--again", is_flag=True, help="失敗的和已回滾的重新排入")
@click.option("--max-failed", type=int, help="改用的失敗限額")
@click.option("--max-open", type=int, help="改用的待決分歧限額")
@guarded
def resume_it(pack_id: str, reason: str, again: bool, max_failed: int | None, max_open: int | None) -> None:
    """恢復停下的推行；之後以 continue 繼續。"""
    with sessions(Settings()).begin() as session:
        found = _standing(session, pack_id)
        limits = Limits(
            found.max_failed if max_failed is None else max_failed,
            found.max_open if max_open is None else max_open,
        )
        resume(session, found, act=_act(reason), again=again, limits=limits)
        click.echo("已恢復，請以 continue 繼續")


@release.command("end")
@pack_option
@_reason
@guarded
def end_it(pack_id: str, reason: str) -> None:
    """提前結束推行，以便另一版推行；已升級的保持不動。"""
    with sessions(Settings()).begin() as session:
        supersede(session, _standing(session, pack_id), act=_act(reason))
        click.echo("已結束")


@release.command()
@click.argument("wave", type=int)
@pack_option
@_reason
@guarded
def rollback(wave: int, pack_id: str, reason: str) -> None:
    """回滾一批：退到推行之前，之後的本地改動保留。"""
    settings = Settings()
    with sessions(settings)() as session:
        found = _standing(session, pack_id)
        made = found.id
        count = sum(one.counts[Progress.APPLIED] for one in wave_states(session, found) if one.number == wave)
        session.rollback()
    with progress("回滾", count) as advance:
        take_back(sessions(settings), made, wave, act=_act(reason), advance=_telling(advance))
    with sessions(settings)() as session:
        _show(session, session.get_one(Rollout, made))
        session.rollback()


def _standing(session: Session, pack_id: str) -> Rollout:
    found = open_rollout(session, pack_id)
    if found is None:
        raise LookupError("現在沒有進行中的推行")
    return found
