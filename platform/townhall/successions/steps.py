"""Mergers and splits as steps that take two people of the prefecture."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from provisioning.refusals import SuccessionRefused
from townhall.accounts.models import Role
from townhall.approvals.operations import ApprovalRefused, Kind
from townhall.audit.act import Act
from townhall.clock import now
from townhall.successions.operations import STALE, carry_out
from townhall.successions.reading import plan_succession, wish_of

MERGER, DIVISION = "unit.merge", "unit.split"
NO_PLAN = "請先填寫並查看撤併計劃"


def kinds() -> dict[str, Kind]:
    """The kinds of approval for units; the content is a wish with the hash of the plan that was seen."""
    admins = frozenset({Role.PREFECTURE_ADMIN})
    return {
        MERGER: Kind("合併鄉鎮", admins, admins, _fault, _carried_out),
        DIVISION: Kind("分設鄉鎮", admins, admins, _fault, _carried_out),
    }


def _fault(session: Session, _unit_id: str, content: Mapping[str, Any]) -> str | None:
    """Why a proposal makes no sense now; asked when it is made and again when it is decided."""
    if not content:
        return NO_PLAN
    try:
        plan = plan_succession(session, wish_of(content["wish"]), now())
    except (SuccessionRefused, LookupError) as refusal:
        return str(refusal.args[0])
    if plan.hash != content["plan"]:
        return STALE
    return "；".join(plan.errors) or None


def _carried_out(session: Session, act: Act, _unit_id: str, content: Mapping[str, Any]) -> None:
    try:
        carry_out(session, act, wish_of(content["wish"]), content["plan"])
    except SuccessionRefused as refusal:
        raise ApprovalRefused(str(refusal)) from refusal
