"""Is everything there? Each line says what was looked at, what was found, and how to mend it."""

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select

from townhall.accounts.federation import mapping_faults
from townhall.centres.models import Centre
from townhall.cli.console import BAD_INPUT, readers
from townhall.clock import now
from townhall.config import Settings
from townhall.database import alembic_config, create_engine_for
from townhall.documents.fonts import require_subsetter
from townhall.documents.sources import FontsMissing, packaged_sources
from townhall.jobs.broker import reach, shown_broker
from townhall.jobs.operations import backlog
from townhall.standards.models import Release
from townhall.walls import wall_faults
from townhall.web.federation import mapping_of
from townhall.web.provider import provider_of


@dataclass(frozen=True, slots=True)
class Examination:
    """One thing looked at; `remedy` is set when it is not in order."""

    subject: str
    finding: str
    remedy: str | None = None


def _database(settings: Settings) -> Examination:
    with create_engine_for(settings.database_url).connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    newest = ScriptDirectory.from_config(alembic_config(settings.database_url)).get_current_head()
    if current != newest:
        return Examination("資料庫", f"版本 {current or '無'}，應為 {newest}", "執行 townhall init")
    return Examination("資料庫", f"版本 {current}")


def _walls(settings: Settings) -> Examination:
    engine = create_engine_for(settings.database_url)
    if engine.dialect.name != "postgresql":
        return Examination("鄉鎮隔離", "SQLite 沒有行級安全，由程序逐條限制")
    with engine.connect() as connection:
        faults = list(wall_faults(connection))
    remedy = "按 docs/operators.md 設置兩個角色，並重新執行 townhall init" if faults else None
    return Examination("鄉鎮隔離", "；".join(faults) or "行級安全齊備", remedy)


def _contents(settings: Settings) -> Examination:
    with readers(settings)() as session:
        releases = session.scalar(select(func.count()).select_from(Release))
        centres = session.scalar(select(func.count()).select_from(Centre))
    remedy = None if releases else "執行 townhall init"
    return Examination("內容", f"標準 {releases} 版，中心 {centres} 個", remedy)


def _fonts(_settings: Settings) -> Examination:
    try:
        packaged_sources()
        require_subsetter()
    except FontsMissing as error:
        return Examination("字體與排版庫", str(error), error.remedy)
    return Examination("字體與排版庫", "齊備")


def _writing(settings: Settings) -> Examination:
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.home):
        return Examination("資料目錄", f"{settings.home} 可寫")


def _secret(settings: Settings) -> Examination:
    if settings.secret_key is None and not settings.key_file.exists():
        return Examination("會話密鑰", "首次啟動時生成")
    settings.session_key()
    return Examination("會話密鑰", "由環境給出" if settings.secret_key else "自動生成於資料目錄")


def _provider(settings: Settings) -> Examination:
    """Speaks to the provider, as a sign-in would, and looks whether what the groups give can be given."""
    found = provider_of(settings)
    if found is None:
        return Examination("統一身份認證", "未啟用")
    found.load_server_metadata()
    with readers(settings)() as session:
        faults = list(mapping_faults(session, mapping_of(settings)))
    remedy = "更正 TOWNHALL_OIDC_GROUPS" if faults else None
    return Examination("統一身份認證", "；".join(faults) or f"{found.issuer} 可用", remedy)


def _jobs(settings: Settings) -> Examination:
    """Whether jobs wait although no worker is at any: one that is busy may have a queue."""
    with readers(settings)() as session:
        found = backlog(session, now())
    said = f"等待 {found.waiting} 個，進行中 {found.running} 個"
    remedy = "運行 townhall serve 或 townhall work" if found.forsaken else None
    return Examination("後台任務", f"{said}，沒有進程處理" if remedy else said, remedy)


def _broker(settings: Settings) -> Examination:
    if not settings.broker:
        return Examination("消息代理", "未啟用，任務由本機進程處理")
    reach(settings)
    return Examination("消息代理", f"{shown_broker(settings)} 可用")


EXAMINATIONS: tuple[Callable[[Settings], Examination], ...] = (
    _writing,
    _database,
    _walls,
    _contents,
    _fonts,
    _secret,
    _provider,
    _jobs,
    _broker,
)


def examine(settings: Settings) -> Iterator[Examination]:
    """Every examination; one that fails outright is a finding, not an end."""
    for look in EXAMINATIONS:
        try:
            yield look(settings)
        except Exception as error:  # noqa: BLE001 - whatever is wrong is what the doctor is asked for
            yield Examination(look.__name__.strip("_"), f"{type(error).__name__}：{error}", "見上述錯誤")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="輸出 JSON")
def doctor(as_json: bool) -> None:
    """檢查安裝是否完好。有問題時退出碼為 2。"""
    found = list(examine(Settings()))
    if as_json:
        rows = [{"subject": e.subject, "finding": e.finding, "remedy": e.remedy} for e in found]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for each in found:
            mark = "×" if each.remedy else "✓"
            click.echo(
                f"{mark} {each.subject}：{each.finding}" + (f"。處理：{each.remedy}" if each.remedy else "")
            )
    if any(each.remedy for each in found):
        raise SystemExit(BAD_INPUT)
