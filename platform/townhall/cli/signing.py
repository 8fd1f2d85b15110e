"""A plan as a PDF that people sign before it is applied."""

from pathlib import Path

import click
from sqlalchemy.orm import Session

from provisioning.plan import Plan
from townhall.centres.apply import Standard
from townhall.cli.console import refuse
from townhall.cli.typefaces import prepared_faces
from townhall.clock import now
from townhall.documents.bench import bench
from townhall.documents.countersign import countersign_sheet
from townhall.documents.impact import impact
from townhall.documents.production import CHINA
from townhall.units.models import Unit


def print_plan(session: Session, planned: list[tuple[Plan, Standard, Unit]], digest: str, path: Path) -> None:
    """Write the plan of one centre as a PDF with its digest; refuses several plans, and a centre not opened yet."""
    if len(planned) != 1:
        refuse(["--pdf 一次只排一個中心的計劃，請用 --unit 給出鄉鎮代碼"])
    made, standard, unit = planned[0]
    if made.tenant_revision is None:
        refuse([f"{unit.name}尚未開通，新設中心的計劃沒有可比較的文件"])
    found = impact(session, unit, made, standard)
    day = now().astimezone(CHINA).date()
    sheet = countersign_sheet(unit, standard.release, made, found, digest, day)
    path.write_bytes(bench().rendered(prepared_faces(session), sheet))
    click.echo(f"已寫入 {path}，簽字後以 townhall apply --unit {unit.short_code} --digest {digest} 執行")
