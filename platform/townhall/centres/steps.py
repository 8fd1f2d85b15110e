"""The steps in the life of a centre that take two people."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from townhall.accounts.models import Role
from townhall.approvals.operations import Kind
from townhall.audit.act import Act
from townhall.centres.archive import write_archive
from townhall.centres.lifecycle import step_fault, take
from townhall.centres.models import Centre
from townhall.units.models import Unit

SUSPEND, ARCHIVE = "centre.suspend", "centre.archive"


def kinds(archives: Path) -> dict[str, Kind]:
    """The kinds of approval there are; `archives` is the folder for the files of archived centres."""
    proposers = frozenset({Role.TOWNSHIP_DIRECTOR, Role.COUNTY_OFFICER, Role.PREFECTURE_ADMIN})
    deciders = frozenset({Role.PREFECTURE_ADMIN})

    def suspend(session: Session, act: Act, unit_id: str, _content: Mapping[str, Any]) -> None:
        take(session, act, session.get_one(Unit, unit_id), "suspend")

    def archive(session: Session, act: Act, unit_id: str, _content: Mapping[str, Any]) -> None:
        """The file first: a centre is never archived without it."""
        unit = session.get_one(Unit, unit_id)
        archives.mkdir(parents=True, exist_ok=True)
        write_archive(session, unit, archives / archive_name(session, unit))
        take(session, act, unit, "archive")

    return {
        SUSPEND: Kind("暫停中心", proposers, deciders, _possible("suspend"), suspend, _stamp),
        ARCHIVE: Kind("歸檔中心", proposers, deciders, _possible("archive"), archive, _stamp),
    }


def archive_name(session: Session, unit: Unit) -> str:
    """The name of the file of an archived centre: code, name and the revision that it holds."""
    return f"{unit.short_code}_{unit.name}_r{session.get_one(Centre, unit.code).revision}.zip"


def _possible(step: str) -> Callable[[Session, str, Mapping[str, Any]], str | None]:
    def fault(session: Session, unit_id: str, _content: Mapping[str, Any]) -> str | None:
        return step_fault(session.get(Centre, unit_id), step)

    return fault


def _stamp(session: Session, unit_id: str) -> str:
    centre = session.get(Centre, unit_id)
    return centre.content_hash if centre else ""
