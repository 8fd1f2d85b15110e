"""Publishing what a county adds takes two people: one proposes, another approves (see `townhall.approvals`)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from townhall.accounts.models import Role
from townhall.approvals.operations import Kind
from townhall.audit.act import Act
from townhall.counties.operations import NoStandard, county_desk, publication_fault, publish
from townhall.units.models import Level, Unit

PUBLISH = "overlay.publish"


def kinds() -> dict[str, Kind]:
    """`overlay.publish` is about a county and rests on every word of its draft."""
    people = frozenset({Role.COUNTY_OFFICER, Role.PREFECTURE_ADMIN})
    return {PUBLISH: Kind("發布縣級補充規定", people, people, _fault, _carry_out, _stamp)}


def _fault(session: Session, unit_id: str, _content: Mapping[str, Any]) -> str | None:
    unit = session.get_one(Unit, unit_id)
    if unit.level != Level.COUNTY:
        return "補充規定以縣（市）為單位"
    try:
        return publication_fault(session, unit)
    except NoStandard as none:
        return str(none)


def _carry_out(session: Session, act: Act, unit_id: str, _content: Mapping[str, Any]) -> None:
    publish(session, session.get_one(Unit, unit_id), act=act)


def _stamp(session: Session, unit_id: str) -> str:
    return county_desk(session, session.get_one(Unit, unit_id)).stamp
