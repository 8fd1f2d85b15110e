"""Setting an installation up and serving it."""

import secrets

import click
import waitress
from sqlalchemy import select
from sqlalchemy.orm import Session

import tenant_templates
from provisioning.load import load_pack
from provisioning.specs import Header
from townhall.accounts.demonstration import LOGINS
from townhall.accounts.models import Role, User
from townhall.accounts.operations import create_user
from townhall.audit.act import host_act
from townhall.cli.console import Refused, guarded, remarks, sessions
from townhall.cli.typefaces import prepared_faces
from townhall.clock import now
from townhall.config import Settings, SettingsInvalid
from townhall.database import is_pooled, runtime_role, shown_address, upgrade
from townhall.demo import prepare_demo
from townhall.jobs.local import Pool
from townhall.standards.operations import publish_release
from townhall.units.operations import ensure_units, full_code


@click.command()
@guarded
def init() -> None:
    """建立資料庫，載入自帶的模板包，並建立第一個管理員。可重複執行。"""
    settings = Settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    remarks.print(f"資料庫：{shown_address(settings.database_url)}", markup=False)
    upgrade_as_owner(settings)
    password = None
    with sessions(settings).begin() as session:
        for pack_id in tenant_templates.pack_ids():
            pack = load_pack(
                tenant_templates.pack_directory(pack_id), pack_id, tenant_templates.pack_directory
            )
            release = publish_release(session, pack, now())
            ensure_units(session, pack.header, [], "")
            remarks.print(f"模板包 {pack_id} 第 {release.number} 版：{release.title}", markup=False)
            password = _first_administrator(session, pack.header) or password
    if password is not None:
        remarks.print(f"已建立管理員賬號 admin，密碼 {password}（只顯示這一次，請立即保存）", markup=False)
    with sessions(settings)() as session:
        _prepare_faces(session)


def upgrade_as_owner(settings: Settings) -> None:
    """Bring the schema up to date. On PostgreSQL its owner does it and the runtime role is given the rows only.

    Raises `SettingsInvalid` where one role would be both: whoever owns a table can take its walls down. So too where
    a pooler is in between: migrations hold a lock and time limits of their connection, which it would pass on.
    """
    if is_pooled(settings.owner_database or settings.database_url):
        raise SettingsInvalid("建表須直連 PostgreSQL：TOWNHALL_OWNER_DATABASE 不得經過 pgbouncer")
    runtime = runtime_role(settings.database_url)
    if runtime is not None and runtime == runtime_role(settings.owner_database or settings.database_url):
        raise SettingsInvalid(
            "PostgreSQL 須用兩個角色：TOWNHALL_OWNER_DATABASE 為建表角色的網址，"
            "TOWNHALL_DATABASE 為運行角色的網址（見 docs/operators.md）"
        )
    upgrade(settings.owner_database or settings.database_url, runtime=runtime)


def _prepare_faces(session: Session) -> None:
    """Now rather than at the first page that somebody waits for; without fonts the rest still works."""
    try:
        prepared_faces(session)
    except Refused as refusal:
        remarks.print(f"暫不能生成文件：{refusal.message}", style="yellow", markup=False)


def _first_administrator(session: Session, header: Header) -> str | None:
    """Somebody must be able to sign in: gives the password, which is kept only as a hash, or None if nobody is new."""
    if session.scalars(select(User.id).limit(1)).first() is not None:
        return None
    password = secrets.token_urlsafe(12)
    create_user(
        session,
        host_act("命令行", now()),
        login="admin",
        name="平台管理員",
        role=Role.PREFECTURE_ADMIN,
        unit_id=full_code(header.prefecture.code),
        password=password,
        must_change=True,
    )
    return password


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="監聽地址")
@click.option("--port", default=8000, show_default=True, help="端口")
@guarded
def serve(host: str, port: int) -> None:
    """啟動網站。"""
    run_server(Settings(), host, port)


def run_server(settings: Settings, host: str, port: int) -> None:
    """Serve until interrupted."""
    from townhall.app import create_app

    application = create_app(settings)
    # With a broker the workers are somebody else's; `townhall work` is one.
    pool = Pool(settings, 0 if settings.broker else settings.job_workers)
    pool.start()
    remarks.print(f"網站：http://{host}:{port}（按 Ctrl-C 停止）", markup=False)
    try:
        waitress.serve(application, host=host, port=port, threads=8, ident=None)
    finally:
        pool.stop()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="監聽地址")
@click.option("--port", default=8000, show_default=True, help="端口")
@click.option("--prepare-only", is_flag=True, help="只準備資料，不啟動網站")
@guarded
def demo(host: str, port: int, prepare_only: bool) -> None:
    """演示：建立資料庫，開通 8 縣 140 鄉鎮，印出演示賬號，然後啟動網站。"""
    settings = Settings(demo=True)
    if settings.public_url is None:
        settings = settings.model_copy(update={"public_url": f"http://{host}:{port}"})
    settings.home.mkdir(parents=True, exist_ok=True)
    upgrade_as_owner(settings)
    prepare_demo(settings, remarks)
    with sessions(settings)() as session:
        _prepare_faces(session)
    for login in LOGINS:
        remarks.print(f"  {login.login:8} 密碼 {login.password:12} {login.name}", markup=False)
    if not prepare_only:
        run_server(settings, host, port)
