"""Merging and splitting townships: the plan is shown first, and what was shown is what is carried out."""

import datetime as dt
import json
import re

import click
from sqlalchemy.orm import Session

from provisioning.refusals import SuccessionRefused
from provisioning.succession import MERGE, SPLIT, Assigned, SuccessionPlan
from townhall.audit.act import host_act
from townhall.cli.console import guarded, refuse, sessions
from townhall.clock import now
from townhall.config import Settings
from townhall.successions.operations import carry_out
from townhall.successions.reading import Wish, plan_succession
from townhall.units.operations import full_code
from townhall.units.succession import ended

DIGEST = 16  # hexadecimal digits of a plan's hash that are shown and asked for
_SHARE = re.compile(r"([0-9]{6,12})=([0-9]{1,18})")
_ASSIGNED = re.compile(r"([a-z]+):(.{1,90})=([0-9]{6,12})")

_date = click.option("--date", required=True, type=click.DateTime(["%Y-%m-%d"]), help="生效日期（年-月-日）")
_note = click.option("--note", required=True, help="依據或說明，將寫入審計")
_digest = click.option("--digest", help="計劃摘要；與現在的計劃不符即拒絕")
_yes = click.option("--yes", is_flag=True, help="不核對摘要，直接執行")
_json = click.option("--json", "as_json", is_flag=True, help="輸出 JSON")


@click.group()
def township() -> None:
    """鄉鎮撤併：合併或分設。不給 --digest 或 --yes 時只顯示計劃，不寫入。"""


@township.command()
@click.option("--source", "sources", multiple=True, help="被併入的鄉鎮代碼，可重複；次序決定先後")
@click.option("--into", "targets", multiple=True, help="承接的鄉鎮代碼")
@_date
@_note
@_digest
@_yes
@_json
@guarded
def merge(
    sources: tuple[str, ...],
    targets: tuple[str, ...],
    date: dt.datetime,
    note: str,
    digest: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """把一個或幾個鄉鎮併入另一個：每一項都有去向，資金按類別相加，原單位只可查閱。"""
    wish = Wish(MERGE, _codes(sources), _codes(targets), date.date(), note)
    _run(wish, digest, yes, as_json)


@township.command()
@click.option("--source", "sources", multiple=True, help="要分設的鄉鎮代碼")
@click.option("--into", "targets", multiple=True, help="承接的鄉鎮代碼，可重複")
@click.option("--primary", default="", help="主要承接的鄉鎮代碼：未另行指定的都歸它")
@click.option("--share", "shares", multiple=True, help="代碼=分；合計須等於原單位的總額，不給時平均分")
@click.option(
    "--assign", "assigned", multiple=True, help="類別:鍵=代碼，例如 items:xiang:522301001:x=522301002"
)
@_date
@_note
@_digest
@_yes
@_json
@guarded
def split(
    sources: tuple[str, ...],
    targets: tuple[str, ...],
    primary: str,
    shares: tuple[str, ...],
    assigned: tuple[str, ...],
    date: dt.datetime,
    note: str,
    digest: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """把一個鄉鎮分設為幾個：資金按份額分開，其餘歸主要承接單位或另行指定的單位。"""
    wish = Wish(
        SPLIT,
        _codes(sources),
        _codes(targets),
        date.date(),
        note,
        full_code(primary) if primary else "",
        _shares(shares),
        _assigned(assigned),
    )
    _run(wish, digest, yes, as_json)


def _codes(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(full_code, given))


def _shares(given: tuple[str, ...]) -> dict[str, int] | None:
    found = [_SHARE.fullmatch(text) for text in given]
    if not all(found):
        refuse(["--share 應為「代碼=分」，例如 522301002=100000000"])
    return {full_code(one[1]): int(one[2]) for one in found if one} or None


def _assigned(given: tuple[str, ...]) -> Assigned:
    found = [_ASSIGNED.fullmatch(text) for text in given]
    if not all(found):
        refuse(["--assign 應為「類別:鍵=代碼」，例如 items:xiang:522301001:x=522301002"])
    return {(one[1], one[2]): full_code(one[3]) for one in found if one}


def _run(wish: Wish, digest: str | None, yes: bool, as_json: bool) -> None:
    """Show the plan, or carry it out where somebody says that it has been seen."""
    with sessions(Settings())() as session:
        plan = _planned(session, wish)
        wanted = yes or digest is not None
        if wanted and not yes and digest != plan.hash[:DIGEST]:
            refuse([f"計劃摘要不符：現在是 {plan.hash[:DIGEST]}。請先查看計劃，再以 --digest 給出摘要。"])
        if wanted:
            _carry_out(session, wish, plan)
        _tell(plan, wanted, as_json)


def _planned(session: Session, wish: Wish) -> SuccessionPlan:
    try:
        return plan_succession(session, wish, now())
    except SuccessionRefused as refusal:
        gone = [found.sentence for code in wish.codes if (found := ended(session, code))]
        refuse([*(one.sentence for one in refusal.refusals), *gone])


def _carry_out(session: Session, wish: Wish, plan: SuccessionPlan) -> None:
    # What was read so far was read before anybody was kept from writing.
    session.rollback()
    try:
        carry_out(session, host_act("命令行", now(), wish.note), wish, plan.hash)
    except SuccessionRefused as refusal:
        refuse([*(one.sentence for one in refusal.refusals), "沒有寫入任何內容。"])
    session.commit()


def _tell(plan: SuccessionPlan, done: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(plan.data() | {"done": done}, ensure_ascii=False, indent=2))
        return
    if done:
        click.echo(f"已執行：{plan.summary}")
        return
    for sentence in plan.sentences:
        click.echo(sentence)
    for error in plan.errors:
        click.echo(f"※ 不能執行：{error}")
    click.echo(plan.summary)
    click.echo(f"計劃摘要 {plan.hash[:DIGEST]}")
