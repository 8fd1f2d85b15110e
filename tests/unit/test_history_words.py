"""Every act on a unit has words of its own on the page that shows what happened."""

import ast
from collections.abc import Iterator
from pathlib import Path

from townhall.centres.lifecycle import STEPS
from townhall.centres.recording import BY_PLANS
from townhall.web.history import ACTIONS
from townhall.web.reading import DENIED, READ

HOST = Path(__file__).parents[2] / "platform" / "townhall"
FAMILIES = (
    "account.",
    "approval.",
    "centre.",
    "conflict.",
    "county.",
    "deviation.",
    "job.",
    "release.",
    "rollout.",
    "rule.",
    "session.",
    "unit.",
)
CALLS = {"record", "record_of", "note", "Deed", "_mark", "_record", "_end", "_write"}


def written() -> Iterator[str]:
    """The actions that the source writes out where it records something."""
    for path in HOST.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in CALLS:
                yield from (
                    one.value
                    for one in ast.walk(call)
                    if isinstance(one, ast.Constant) and _action(one.value)
                )


def _action(value: object) -> bool:
    return isinstance(value, str) and value.startswith(FAMILIES) and not value.endswith(".")


def test_every_recorded_action_has_its_words_and_no_words_are_for_nothing() -> None:
    recorded = {*written(), *(f"centre.{step}" for step in STEPS), *BY_PLANS, READ, DENIED}
    assert recorded == set(ACTIONS)
