"""Accounts from the command line."""

import datetime as dt
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from townhall.accounts import passes, second_factor
from townhall.accounts.models import Membership, Pass, Role, User
from townhall.accounts.operations import create_user, set_active
from townhall.accounts.passes import Purpose
from townhall.accounts.rights import LEVELS
from townhall.audit.act import Act, host_act
from townhall.cli.console import guarded, progress, readers, refuse, remarks, sessions
from townhall.clock import now
from townhall.config import Settings
from townhall.spreadsheet import csv_bytes
from townhall.tenancy import HOST
from townhall.units.models import Level, Unit
from townhall.units.operations import full_code
from townhall.units.sheet import Township, read_sheet

CHINA = dt.timezone(dt.timedelta(hours=8))
HEADING = ("代碼", "鄉鎮", "鏈接", "有效期至")
TOWNSHIP_ROLES = [role.value for role in Role if Level.TOWNSHIP in LEVELS[role]]

Line = tuple[str, str, str, str]


@click.group()
def user() -> None:
    """賬號管理。"""


@user.command()
@click.argument("login")
@click.option("--name", required=True, help="姓名或崗位")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]), help="角色")
@click.option("--unit", "unit_code", required=True, help="所屬單位代碼（6、9 或 12 位）")
@click.password_option(help="密碼；不在命令行寫明時會詢問")
@guarded
def create(login: str, name: str, role: str, unit_code: str, password: str) -> None:
    """新建賬號。"""
    with sessions(Settings()).begin() as session:
        create_user(
            session,
            _act(),
            login=login,
            name=name,
            role=Role(role),
            unit_id=full_code(unit_code),
            password=password,
            must_change=True,  # whoever typed it knows it
        )
    remarks.print(f"已建立賬號 {login}", markup=False)


@user.command()
@click.option(
    "--units", "sheet", type=click.Path(path_type=Path), required=True, help="鄉鎮名單（CSV 或 XLSX）"
)
@click.option("--role", required=True, type=click.Choice(TOWNSHIP_ROLES), help="角色")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("links.csv"), show_default=True, help="鏈接清單"
)
@click.option("--renew", is_flag=True, help="重發尚未接受的邀請，舊鏈接作廢；清單已存在時覆蓋")
@guarded
def invite(sheet: Path, role: str, out: Path, renew: bool) -> None:
    """按名單為每個鄉鎮生成一個邀請鏈接。可重複執行：已有該角色人員或未過期邀請的鄉鎮跳過。"""
    settings = Settings()
    host, townships = _host(settings), read_sheet(sheet).townships
    act = _act()
    with _list(out) as write, sessions(settings).begin() as session:
        units = _wanting(session, townships, Role(role), act.moment, renew=renew)
        if not units:
            click.echo(f"無需邀請：{len(townships)} 個鄉鎮都已有該角色人員或未過期的邀請")
            return
        if out.exists() and not renew:
            refuse([f"{out} 已存在，其中的鏈接可能還沒發出；請用 --out 另指檔案"])
        write(_invitations(session, act, Role(role), units, host))
    click.echo(f"已生成 {len(units)} 個邀請鏈接：{out}")
    remarks.print("清單中的鏈接等同密碼：逐個交給本人，發完即刪。", style="yellow", markup=False)


@user.command()
@click.argument("login")
@click.option("--second-factor", "unfactored", is_flag=True, help="同時解除兩步驗證（手機和恢復碼都遺失時）")
@guarded
def reset(login: str, unfactored: bool) -> None:
    """為賬號生成一個重設密碼的一次性鏈接，舊的此類鏈接作廢。"""
    settings = Settings()
    host, act = _host(settings), _act()
    with sessions(settings).begin() as session:
        found = _user(session, login)
        if not found.active or not found.memberships:
            refuse([f"賬號 {login} 已停用或沒有角色，不能重設密碼"])
        if unfactored and found.totp_secret is not None:
            second_factor.lift(session, act.because("兩步驗證遺失"), found)
        token = passes.offer_reset(session, act, found, found.memberships[0].unit_id)
    click.echo(Purpose.RESET.link(host, token))
    remarks.print(f"有效期至 {_local(act.moment + passes.RESET)}，只能用一次", markup=False)


@user.command("list")
@guarded
def list_users() -> None:
    """列出所有賬號及其角色。"""
    with readers(Settings())() as session:
        units = {unit.code: unit for unit in session.scalars(select(Unit))}
        for found in session.scalars(select(User).order_by(User.login)):
            held = "、".join(f"{one.role}@{units[one.unit_id].name}" for one in found.memberships)
            marks = [held or "沒有角色", *(["兩步驗證"] if found.totp_secret else [])]
            state = "啟用" if found.active else "停用"
            click.echo("\t".join([found.login, found.name, state, *marks]))


@user.command()
@click.argument("login")
@guarded
def close(login: str) -> None:
    """停用賬號，其所有登錄立即失效。"""
    with sessions(Settings()).begin() as session:
        set_active(session, _act(), _user(session, login), False)
    remarks.print(f"已停用賬號 {login}", markup=False)


def _act() -> Act:
    return host_act("命令行", now())


def _host(settings: Settings) -> str:
    """Where the links lead. Refuses without it: a link to nowhere would be found out by its receiver."""
    if not settings.public_url:
        refuse(["請先設定 TOWNHALL_PUBLIC_URL（例如 https://example.org），鏈接由它開頭"])
    return settings.public_url


def _user(session: Session, login: str) -> User:
    found = session.scalars(select(User).filter_by(login=login)).one_or_none()
    if found is None:
        raise LookupError(f"沒有賬號 {login}")
    return found


def _wanting(
    session: Session, townships: Iterable[Township], role: Role, moment: dt.datetime, *, renew: bool
) -> list[Unit]:
    """The units of a sheet that nobody serves in a role and, unless renewing, nobody was invited to."""
    codes = [township.code for township in townships]
    held = select(Membership.unit_id).join(User).where(User.active, Membership.role == role.value)
    passed = set(session.scalars(held))
    if not renew:
        passed |= {one.unit_id for one in _open(session, role, moment)}
    return [_unit(session, code) for code in codes if code not in passed]


def _unit(session: Session, code: str) -> Unit:
    unit = session.get(Unit, code)
    if unit is None:
        raise LookupError(f"資料庫中沒有代碼為 {code} 的鄉鎮；請先執行 townhall provision")
    return unit


def _open(session: Session, role: Role, moment: dt.datetime) -> list[Pass]:
    return [one for one in passes.open_invitations(session, HOST, moment) if one.role == role.value]


def _invitations(session: Session, act: Act, role: Role, units: list[Unit], host: str) -> list[Line]:
    """One invitation a unit, in the transaction of all; those that stood open are cancelled."""
    chosen = {unit.code for unit in units}
    for earlier in _open(session, role, act.moment):
        if earlier.unit_id in chosen:
            passes.cancel(session, act, earlier)
    expires, lines = _local(act.moment + passes.INVITATION), []
    with progress("邀請", len(units)) as advance:
        for unit in units:
            link = Purpose.JOIN.link(host, passes.invite(session, act, role, unit))
            lines.append((unit.short_code, unit.name, link, expires))
            advance()
    return lines


@contextmanager
def _list(out: Path) -> Iterator[Callable[[list[Line]], None]]:
    """Gives what writes the list, readable to its owner only; it appears once the links are stored, or never."""
    if out.is_dir() or not out.parent.is_dir():
        refuse([f"不能寫入 {out}：請用 --out 指定已有資料夾中的檔案"])
    drafts: list[str] = []

    def write(lines: list[Line]) -> None:
        descriptor, draft = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
        drafts.append(draft)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_csv(lines))

    try:
        yield write
        for draft in drafts:
            os.replace(draft, out)
    finally:
        for draft in drafts:
            Path(draft).unlink(missing_ok=True)


def _csv(lines: list[Line]) -> bytes:
    return csv_bytes([HEADING, *lines])


def _local(moment: dt.datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
