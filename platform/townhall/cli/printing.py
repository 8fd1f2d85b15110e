"""Rendering documents from the command line."""

from dataclasses import dataclass, replace
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from townhall.centres.models import Centre
from townhall.cli.console import IN_PART, guarded, progress, readers, refuse, remarks
from townhall.cli.typefaces import prepared_faces
from townhall.config import Settings
from townhall.documents.batch import BatchReport, print_batch, target_for
from townhall.documents.fonts import Faces
from townhall.documents.lettering import place_characters
from townhall.documents.production import SCRIPTS, Binder, Order, binder
from townhall.documents.stamping.stamper import Layouts, Stamper
from townhall.documents.store import Store
from townhall.documents.word.manuscript import has_word
from townhall.units.models import Level, Unit
from townhall.units.operations import full_code, townships_below

SHOWN = 20
SHARED_FROM = 3  # townships from which a layout that they share is worth its while


@click.command()
@click.option("--unit", "codes", multiple=True, help="鄉鎮代碼，可重複")
@click.option("--county", "counties", multiple=True, help="縣代碼，可重複：其下所有鄉鎮")
@click.option("--fleet", is_flag=True, help="全部鄉鎮")
@click.option("--all", "everything", is_flag=True, help="全部文件，備選尺寸除外")
@click.option("--document", "documents", multiple=True, help="文件種類，可重複，如 guide、regime-board")
@click.option(
    "--script", type=click.Choice([*SCRIPTS, "both"]), default="both", show_default=True, help="字形"
)
@click.option(
    "--word", is_flag=True, help="輸出可以修改的 Word 文件（.docx），代替 PDF；只有指南和制度文件有"
)
@click.option("--draft", is_flag=True, help="草稿：待填之處標出，加「草稿」字樣")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out"),
    show_default=True,
    help="輸出文件夾，或以 .zip 結尾的壓縮包",
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 輸出報告")
@guarded
def render(
    codes: tuple[str, ...],
    counties: tuple[str, ...],
    fleet: bool,
    everything: bool,
    documents: tuple[str, ...],
    script: str,
    word: bool,
    draft: bool,
    out: Path,
    as_json: bool,
) -> None:
    """生成文件。有一份不能印，其餘照印；不能印的原因寫入報告，此時退出碼為 3。"""
    if everything == bool(documents):
        refuse(["請用 --all 生成全部文件，或用 --document 指定種類（二者取一）"])
    settings = Settings()
    choice = Choice(documents, SCRIPTS if script == "both" else (script,), draft, word)
    with readers(settings)() as session:
        report = _print(session, settings, _units(session, codes, counties, fleet), choice, out)
        session.rollback()
    _tell(report, out, as_json)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which documents of each centre, printed or in Word; none named means all but those that stand in for others."""

    documents: tuple[str, ...]
    scripts: tuple[str, ...]
    draft: bool
    word: bool

    def orders(self, binder: Binder) -> list[Order]:
        orders = binder.orders(self.scripts, alternatives=bool(self.documents))
        keys = self.documents or self.offered(binder)
        return [replace(order, word=self.word) for order in orders if order.document.key in keys]

    def offered(self, binder: Binder) -> list[str]:
        """The keys of the documents that there are in this form."""
        documents = binder.documents.items()
        return [key for key, document in documents if not self.word or has_word(document.template)]


def _print(session: Session, settings: Settings, units: list[Unit], choice: Choice, out: Path) -> BatchReport:
    def bound(unit: Unit) -> Binder:
        return binder(session, unit, public_url=settings.public_url, draft=choice.draft)

    first = bound(units[0])
    _refuse_unknown(choice, first)
    faces = prepared_faces(session)
    stamper = _stamper(session, settings, units, faces) if len(units) >= SHARED_FROM else None
    # Centres are read one after another while pages are laid out; the total is that of the first for each.
    with progress("生成文件", len(choice.orders(first)) * len(units)) as advance:
        return print_batch(
            ((each, order) for each in map(bound, units) for order in choice.orders(each)),
            target_for(out),
            workers=settings.workers,
            store=Store(settings.documents),
            faces=faces,
            stamper=stamper,
            advance=advance,
        )


def _stamper(session: Session, settings: Settings, units: list[Unit], faces: Faces) -> Stamper:
    return Stamper(Layouts(settings.documents), faces.digest, place_characters(session, units))


def _units(session: Session, codes: tuple[str, ...], counties: tuple[str, ...], fleet: bool) -> list[Unit]:
    wanted = [*codes, *counties]
    if fleet:
        wanted += session.scalars(select(Unit.code).where(Unit.level == Level.PREFECTURE.value))
    if not wanted:
        refuse(["請用 --unit、--county 或 --fleet 指定範圍"])
    found = {unit.code: unit for code in wanted for unit in townships_below(session, code)}
    open_centres = set(session.scalars(select(Centre.unit_id)))
    units = [unit for code, unit in sorted(found.items()) if code in open_centres]
    missing = [code for code in codes if full_code(code) not in open_centres and full_code(code) in found]
    if missing or not units:
        refuse([f"尚未開通中心：{'、'.join(missing) or '所選範圍'}"])
    return units


def _refuse_unknown(choice: Choice, first: Binder) -> None:
    offered, kind = choice.offered(first), " Word 文件" if choice.word else "文件種類"
    if unknown := [key for key in choice.documents if key not in offered]:
        refuse([f"沒有{kind} {'、'.join(unknown)}；可用：{'、'.join(offered)}"])


def _tell(report: BatchReport, out: Path, as_json: bool) -> None:
    if as_json:
        click.echo(report.json())
    else:
        for failure in report.failures[:SHOWN]:
            remarks.print(
                f"{failure.unit}《{failure.subject}》{failure.document}（{failure.script}）：{failure.message}",
                style="red",
                markup=False,
                soft_wrap=True,
            )
        if len(report.failures) > SHOWN:
            remarks.print(f"……另有 {len(report.failures) - SHOWN} 份，見報告", markup=False)
        click.echo(f"已生成 {report.made} 份到 {out}，未能生成 {len(report.failures)} 份")
    if report.failures:
        raise SystemExit(IN_PART)
