"""Publishing a release takes two people: one proposes, another approves (see `townhall.approvals`)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from townhall.accounts.models import Role
from townhall.approvals.operations import Kind
from townhall.audit.act import Act
from townhall.rollouts.publication import publication_fault, publish
from townhall.standards.models import Release, Status

PUBLISH = "release.publish"


def kinds() -> dict[str, Kind]:
    """`release.publish` is about a prefecture; its content names `release` by id, its `hash`, and an `override`."""
    admins = frozenset({Role.PREFECTURE_ADMIN})
    return {PUBLISH: Kind("發布標準", admins, admins, _fault, _carry_out)}


def _fault(session: Session, _unit_id: str, content: Mapping[str, Any]) -> str | None:
    release = _release(session, content)
    if release is None or release.status != Status.DRAFT:
        return "這一版不是草案，不能發布"
    if release.content_hash != content.get("hash"):
        return "草案在提出之後有改動，請重新提出"
    fault = publication_fault(session, release)
    return fault if fault and not str(content.get("override", "")).strip() else None


def _carry_out(session: Session, act: Act, _unit_id: str, content: Mapping[str, Any]) -> None:
    release = session.get_one(Release, content["release"])
    publish(session, release, act=act, override=str(content.get("override", "")))


def _release(session: Session, content: Mapping[str, Any]) -> Release | None:
    wanted = select(Release).filter_by(id=content.get("release"))
    return session.scalars(wanted).one_or_none()
