"""One decision for every centre of a unit that has the same questions, as a job of the unit above them (rule G6)."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from provisioning.marks import Choice
from townhall.centres.deciding import Decision
from townhall.centres.settling import settle
from townhall.jobs.kinds import Kind, Task

DECIDE = "conflicts.decide"
TOLD = 100  # refusals that the result keeps in words
SIGNS = 16  # of what names a question

NO_DECISION = "請指定問題和決定"


def decide_kind() -> Kind:
    """Parameters: `questions` that are decided together, and what `asked_for` makes of a decision.

    The result: `decided`, a number of centres; `refused`, another; `reasons`, code and Chinese sentence of each.
    """
    return Kind(_fault, _decided)


def asked_for(
    questions: list[str], decision: Decision, reason: str, about: Collection[str] = ()
) -> dict[str, Any]:
    """The parameters for a decision, as plain data; `about` tells in sentences what is decided."""
    until = decision.until.isoformat() if decision.until else None
    told = {"choice": decision.choice.value, "value": decision.value, "until": until, "reason": reason}
    return {"questions": sorted(questions), "about": [*about], **told}


def _fault(parameters: Mapping[str, Any]) -> str | None:
    sound = parameters.keys() == {"questions", "about", "choice", "value", "until", "reason"}
    return None if sound and _questions_sound(parameters) and _decision_sound(parameters) else NO_DECISION


def _questions_sound(parameters: Mapping[str, Any]) -> bool:
    questions, about = parameters["questions"], parameters["about"]
    if not _texts(questions) or not _texts(about) or not isinstance(parameters["reason"], str):
        return False
    return bool(questions) and all(len(one) == SIGNS for one in questions)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _decision_sound(parameters: Mapping[str, Any]) -> bool:
    """Only another value has one, and only for a single place; only what is put off has a day."""
    choice, value, until = parameters["choice"], parameters["value"], parameters["until"]
    if not isinstance(choice, str) or choice not in set(Choice) or not (until is None or _day(until)):
        return False
    another = (choice == Choice.NEW_VALUE) == (value is not None)
    return (
        another
        and (value is None or len(parameters["questions"]) == 1)
        and (choice == Choice.LATER) == (until is not None)
    )


def _day(text: Any) -> bool:
    try:
        return bool(dt.date.fromisoformat(text))
    except (TypeError, ValueError):
        return False


def _decided(task: Task) -> dict[str, Any]:
    told = task.parameters
    until = dt.date.fromisoformat(told["until"]) if told["until"] else None
    task.session.close()
    act = task.asker.because(told["reason"])
    decision = Decision(Choice(told["choice"]), told["value"], until)
    made = settle(task.sessions, told["questions"], decision, act=act, advance=task.progress)
    reasons = [[code, reason] for code, reason in made.refused.items()]
    return {"decided": made.decided, "refused": len(reasons), "reasons": reasons[:TOLD]}
