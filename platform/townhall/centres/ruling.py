"""Rules that decide: standing answers that are given as soon as a question arises (rule G7).

What a rule decides is a decision like any other, with its record that names the rule, and is taken back like any
other revision. Writes and flushes; the edge commits.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from provisioning.marks import Choice, Mark, MarkKind, of_kind
from provisioning.plan import Plan
from provisioning.policy import matches, pattern_fault
from provisioning.tree import written
from townhall.audit.act import Act
from townhall.audit.models import AuditRecord
from townhall.audit.operations import record
from townhall.centres.apply import Outcome, PlanStale, Standard, apply_plan, plan_unit
from townhall.centres.deciding import Decision, decide_conflict
from townhall.centres.edit import EditRefused
from townhall.centres.models import DecisionRule, Question
from townhall.centres.rollback import roll_back
from townhall.units.models import Unit

LONGEST = 160  # characters of a path
CHOICES = (Choice.KEEP_LOCAL, Choice.TAKE_STANDARD)  # what a rule can answer


class RuleRefused(ValueError):
    """A rule that cannot stand; the message says why in Chinese."""


def add_rule(session: Session, unit: Unit, path: str, choice: Choice, *, act: Act) -> DecisionRule:
    """A standing answer of a unit; the same again is the same rule. Raises `RuleRefused`, also without a reason."""
    if choice not in CHOICES:
        raise RuleRefused("規則只能是留本地或用標準")
    if fault := pattern_fault(path) or (f"路徑「{path[:40]}…」過長" if len(path) > LONGEST else None):
        raise RuleRefused(fault)
    if not act.reason.strip():
        raise RuleRefused("立規則須寫明理由")
    # Of two at once the second sees the first.
    session.get_one(Unit, unit.code, with_for_update={"key_share": True})
    same = select(DecisionRule).filter_by(unit_code=unit.code, path=path, ended_at=None)
    if (standing := session.scalars(same).one_or_none()) is not None:
        if standing.choice == choice.value:
            return standing
        raise RuleRefused("這裏已有另一條規則，請先停用它")
    made = DecisionRule(unit_code=unit.code, path=path, choice=choice.value, reason=act.reason[:200])
    made.actor, made.created_at = act.author, act.moment
    session.add(made)
    session.flush()
    record(session, act, unit.code, "rule.add", path=path, basis={"rule": made.id, "choice": choice.value})
    return made


def end_rule(session: Session, rule: DecisionRule, *, act: Act) -> None:
    """Let a rule decide nothing any more. Raises `RuleRefused` for one that has ended."""
    if rule.ended_at is not None:
        raise RuleRefused("這條規則已經停用")
    rule.ended_at = act.moment
    session.flush()
    record(session, act, rule.unit_code, "rule.end", path=rule.path, basis={"rule": rule.id})


def rules_over(session: Session, unit: Unit) -> list[DecisionRule]:
    """The rules in force for a unit: its own and those of the units that it lies in, the uppermost first."""
    chain: list[str] = []
    above: Unit | None = unit
    while above is not None:
        chain.append(above.code)
        above = session.get(Unit, above.parent_code) if above.parent_code else None
    return list(session.scalars(_in_force(DecisionRule.unit_code.in_(chain))))


def _in_force(which: ColumnElement[bool]) -> Any:
    chosen = select(DecisionRule).where(which, DecisionRule.ended_at.is_(None))
    return chosen.order_by(DecisionRule.unit_code, DecisionRule.path)


def ruling(rules: Iterable[DecisionRule], mark: Mark) -> DecisionRule | None:
    """The rule that answers a question; None where there is none, or where two would answer differently."""
    place = written(mark.path[:3])
    found = [rule for rule in rules if matches(rule.path, place)]
    return found[-1] if len({rule.choice for rule in found}) == 1 else None


def decide_by_rules(session: Session, unit: Unit, opened: Iterable[Mark], *, act: Act) -> int:
    """Decide those of the questions just `opened` that a rule answers; gives how many.

    What was open before is people's, who may have taken a rule's answer back. What a centre refuses stays open.
    """
    opened = tuple(opened)
    rules = rules_over(session, unit) if opened else []
    answered = [(mark, rule) for mark in opened if (rule := ruling(rules, mark))]
    return sum(_decided(session, unit, mark, rule, act) for mark, rule in answered)


def _decided(session: Session, unit: Unit, mark: Mark, rule: DecisionRule, act: Act) -> bool:
    decision = Decision(Choice(rule.choice), rule=str(rule.id))
    try:
        with session.begin_nested():
            decide_conflict(session, unit, mark.id, decision, act=act.because(f"按規則：{rule.reason}"))
    except (EditRefused, LookupError):
        return False
    return True


def apply_and_decide(
    session: Session, plan: Plan, unit: Unit, standard: Standard, *, act: Act, force: str = ""
) -> Outcome:
    """Apply a plan and let the rules decide what it opens. Raises as `apply_plan`."""
    before = set(session.scalars(select(Question.id).filter_by(unit_id=unit.code)))
    outcome = apply_plan(session, plan, unit, standard, act=act, force=force)
    if outcome.written:
        asked = of_kind(plan.changes.marks, MarkKind.CONFLICT)
        decide_by_rules(session, unit, (mark for mark in asked if mark.id not in before), act=act)
    return outcome


def bring_on(
    session: Session, unit: Unit, standard: Standard, *, act: Act, force: str = ""
) -> tuple[Plan, Outcome]:
    """Plan and apply at once, in the caller's transaction. Raises as `apply_plan`.

    Somebody who edits just then makes the plan stale once, not twice.
    """
    for last in (False, True):
        plan = plan_unit(session, unit, standard)
        try:
            with session.begin_nested():
                return plan, apply_and_decide(session, plan, unit, standard, act=act, force=force)
        except PlanStale:
            if last:
                raise
            session.expire_all()
    raise AssertionError("unreachable")


def decided_by_rules(session: Session, unit: Unit) -> list[AuditRecord]:
    """What rules have decided in a centre and nobody has taken back, the newest first."""
    decided = select(AuditRecord).filter_by(unit_id=unit.code, action="conflict.decide")
    undone = select(AuditRecord).filter_by(unit_id=unit.code, action="centre.roll_back")
    gone = {one.basis["undone"] for one in session.scalars(undone)}
    found = session.scalars(decided.order_by(AuditRecord.number.desc()))
    return [one for one in found if one.basis.get("rule") and one.basis["revision"] not in gone]


def take_back(session: Session, unit: Unit, revision: int, *, act: Act) -> None:
    """Take back what a rule decided: the question is open again. Raises `RuleRefused` for anything else."""
    if all(one.basis["revision"] != revision for one in decided_by_rules(session, unit)):
        raise RuleRefused("這次修訂不是規則決定的，或已經撤回")
    roll_back(session, unit, revision, act=act)
