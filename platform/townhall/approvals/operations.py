"""Verbs on approvals: propose, decide, withdraw. What is approved is carried out in the same transaction."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from townhall.accounts.models import Role
from townhall.approvals.models import Approval, Verdict
from townhall.audit.act import Act, visible
from townhall.audit.operations import record
from townhall.tenancy import scope_of
from townhall.units.succession import ended_fault

LONGEST = 500  # characters of a reason or a comment


class ApprovalRefused(ValueError):
    """A proposal or a decision that cannot be accepted; the message says why in Chinese."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of step: what it is called, who may propose and who may decide it, and what it does.

    `check` says in Chinese why a proposal makes no sense now, or None; it is asked when it is proposed and again
    when it is decided. `carry_out` writes and flushes. `stamp` is what the proposal rests on.
    """

    title: str
    proposers: frozenset[Role]
    deciders: frozenset[Role]
    check: Callable[[Session, str, Mapping[str, Any]], str | None]
    carry_out: Callable[[Session, Act, str, Mapping[str, Any]], None]
    stamp: Callable[[Session, str], str] = lambda _session, _unit_id: ""


def propose(
    session: Session,
    act: Act,
    kinds: Mapping[str, Kind],
    unit_id: str,
    kind: str,
    content: Mapping[str, Any] | None = None,
) -> Approval:
    """Put a step before a second person. Raises `ApprovalRefused`; the same open proposal is not made twice."""
    sort, content = kinds[kind], dict(content or {})
    if act.role not in sort.proposers:
        raise ApprovalRefused("您的角色不能提出這類申請")
    _refuse(ended_fault(session, unit_id) or sort.check(session, unit_id, content))
    _refuse(None if act.reason.strip() else "請寫明事由")
    _refuse("已有同類申請在等待審批" if kind in waiting(session, unit_id) else None)
    made = Approval(
        unit_id=unit_id,
        key=secrets.token_hex(16),
        kind=kind,
        content=content,
        stamp=sort.stamp(session, unit_id),
        reason=act.reason[:LONGEST],
        proposer=act.login,
        proposer_name=act.name,
        proposed_at=act.moment,
        verdict=Verdict.PENDING.value,
    )
    session.add(made)
    session.flush()
    record(session, act, unit_id, "approval.propose", path=f"{kind}/{made.key}", basis=content)
    return made


def waiting(session: Session, unit_id: str) -> set[str]:
    """The kinds of proposals about a unit that nobody has decided yet."""
    pending = select(Approval.kind).filter_by(unit_id=unit_id, verdict=Verdict.PENDING.value)
    return set(session.scalars(pending))


def decide(
    session: Session, act: Act, kinds: Mapping[str, Kind], approval: Approval, *, approve: bool, comment: str
) -> None:
    """Approve a proposal and carry it out, or return it with a comment. Raises `ApprovalRefused`.

    Whoever proposed cannot decide, and a role counts only over the units below where it is held.
    """
    sort = kinds[approval.kind]
    _refuse_decider(act, sort, approval)
    if not approve and not comment.strip():
        raise ApprovalRefused("退回時請寫明意見")
    if approve:
        _refuse(sort.check(session, approval.unit_id, approval.content))
        if approval.stamp != sort.stamp(session, approval.unit_id):
            raise ApprovalRefused("申請提出後內容已有變動，請退回後重新提出")
    verdict = Verdict.APPROVED if approve else Verdict.RETURNED
    _close(session, act, approval, verdict, comment)
    if approve:
        sort.carry_out(session, act.because(approval.reason), approval.unit_id, approval.content)


def withdraw(session: Session, act: Act, approval: Approval) -> None:
    """Take back one's own proposal. Raises `ApprovalRefused`."""
    if act.login != approval.proposer:
        raise ApprovalRefused("只有提出人可以撤回")
    _refuse(None if approval.verdict == Verdict.PENDING else "這項申請已經辦結")
    _close(session, act, approval, Verdict.WITHDRAWN, "")


def lapse(session: Session, act: Act, approval: Approval, comment: str) -> None:
    """Close a proposal that has lost its object, by whoever took it away."""
    _refuse(None if approval.verdict == Verdict.PENDING else "這項申請已經辦結")
    _close(session, act, approval, Verdict.WITHDRAWN, comment)


def _refuse_decider(act: Act, sort: Kind, approval: Approval) -> None:
    if approval.verdict != Verdict.PENDING:
        raise ApprovalRefused("這項申請已經辦結")
    if act.login == approval.proposer:
        raise ApprovalRefused("提出人不能審批自己的申請")
    if act.role not in sort.deciders or not (act.held and scope_of(act.held).covers(approval.unit_id)):
        raise ApprovalRefused("您的角色不能審批這類申請")


def _close(session: Session, act: Act, approval: Approval, verdict: Verdict, comment: str) -> None:
    approval.verdict = verdict.value
    approval.decider, approval.decider_name = act.login, act.name
    approval.decided_at = act.moment
    approval.comment = visible(comment).strip()[:LONGEST]
    session.flush()
    changes = [["", None, "verdict", Verdict.PENDING.value, verdict.value]]
    path = f"{approval.kind}/{approval.key}"
    record(
        session,
        act.because(approval.comment),
        approval.unit_id,
        "approval.decide",
        path=path,
        changes=changes,
    )


def _refuse(reason: str | None) -> None:
    if reason is not None:
        raise ApprovalRefused(reason)
