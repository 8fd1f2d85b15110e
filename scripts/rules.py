"""Writes docs/rules.md from the names of the tests: `make docs`. A test names its rule: `test_rule_b4_…`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "rules.md"
NAMED = re.compile(r"test_rule_([a-q])(\d*)(?:_to_\1(\d+))?_")

# Letter, what its rules are about, and each rule in a few words; their numbers are those of the engine's docstrings.
RULES = {
    "A": (
        "Model and identity",
        "layers, reconciled one by one",
        "one kind for every place",
        "identity by key",
        "natural keys are unique",
        "references are by key",
        "no containment, no cycles",
        "fen and units of time",
        "canonical form and hash",
    ),
    "B": (
        "One value, three sides",
        "both alike",
        "only the standard changed",
        "only the township changed",
        "both changed",
        "removed here, changed there",
        "changed here, removed there",
        "added on both sides",
        "always a valid centre",
        "never silently one side",
        "sets",
        "kinds change with the program only",
        "long texts are whole",
    ),
    "C": (
        "Keyed collections",
        "presence, then fields",
        "a local removal stays",
        "a cancelled item",
        "the same key added twice",
        "required items come back",
        "empty is absent",
        "never by position",
    ),
    "D": ("Order", "by key or by hand", "whose order is followed", "where new items go", "never a conflict"),
    "E": (
        "Policies",
        "inherited and tightened",
        "locked",
        "mandatory",
        "bounded",
        "local",
        "pinned",
        "conditional",
        "refusals in words",
    ),
    "F": (
        "Moves",
        "moved, split, merged",
        "refused at publication",
        "blocked by what is there",
        "for ever in the line",
        "a target that goes",
    ),
    "G": (
        "Questions and decisions",
        "the base and its exceptions",
        "the same release again",
        "the four decisions",
        "never asked again",
        "ids, and closing by itself",
        "the same question elsewhere",
        "decided by a rule",
        "one question for an item",
    ),
    "H": (
        "Plans",
        "pure",
        "what it holds",
        "closed list of reasons",
        "one sentence each",
        "findings on the result",
        "nothing to do",
        "the guard",
        "errors are read, not applied",
    ),
    "I": ("Applying", "stale", "one transaction", "idempotent", "concurrent", "outbox", "adopted"),
    "J": (
        "Roll-out",
        "waves",
        "gates",
        "halt",
        "selection",
        "supersession",
        "simulation",
        "one row's failure",
    ),
    "K": ("Explaining", "contributions", "complete and sound", "removed, derived, past"),
    "L": ("Extraction", "lossless", "majority", "of one", "parameters"),
    "M": ("Rollback", "keeps later edits", "exact without them", "a new revision", "as of a day"),
    "N": (
        "Papers and money",
        "affected and changed",
        "posted copies",
        "same bytes",
        "envelope",
        "route",
        "totals",
    ),
    "O": ("Audit", "append-only", "replay", "one record a deed"),
    "P": ("Merging and splitting units", "refusals", "one destination", "succession", "two values"),
    "Q": ("Properties",),
}

HEAD = """# Rules and their tests

Which tests hold the engine to which rule. Written by `make docs` from the names of the tests; a test checks that all of
them exist, that every letter has its rows and that no rule of A to H, K, L or P is without a test. `make faults` plants faults in the
engine and counts what these tests notice; `make nightly` tries the properties with 10,000 examples each."""

SHORT = """## What falls short

- A1: counties are reconciled by `provisioning.layers`; nothing stores yet what a county answers.
- B11: kinds belong to the program and change with its migrations, so a release can declare none. A value of another kind
  is refused when a pack is read.
- B12: texts are merged whole; only lists whose lines have keys (articles, materials, steps) are merged line by line.
- E7: no attribute of a township is asked: conditional equipment is never required and never reported as missing.
- K2: a value that a township and the standard came to independently is told as the standard's (it follows it from then on).
- K3: derived values are the centre's name, amounts of the budget, required quantities and readiness; texts of signs and papers
  are not explained.
- L3: an extracted pack is a draft: texts in which a parameter is left are told and must be worded anew before it is published,
  since provisioning puts no words into the texts of a pack.
- P2: what hangs on walls is not recorded yet; the plan has a place for it (`posting`), which the host does not fill.
- P3: a township with villages below it, or without a centre, takes no part; a date ahead is refused, since a merger
  takes effect when it is carried out.
- H3: `BUDGET_EXCEEDED` and `DERIVED_CHANGED` are reserved; plans do not reckon money or derived texts yet."""


def found() -> dict[tuple[str, int], list[str]]:
    """The tests of every rule, by letter and number; number 0 is a letter without one."""
    tests: dict[tuple[str, int], list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for rule in _rules_of(node.name):
                    tests.setdefault(rule, []).append(f"{path.stem}::{node.name}")
    return tests


def _rules_of(name: str) -> Iterator[tuple[str, int]]:
    if match := NAMED.match(name):
        first = int(match[2] or 0)
        yield from ((match[1].upper(), number) for number in range(first, int(match[3] or first) + 1))


def page() -> str:
    """The whole page."""
    return "\n\n".join([HEAD, *_letters(found()), SHORT]) + "\n"


def _letters(tests: dict[tuple[str, int], list[str]]) -> Iterator[str]:
    for letter, (title, *rules) in RULES.items():
        rows = [
            (f"{letter}{number}", words, tests.get((letter, number), []))
            for number, words in enumerate(rules, 1)
        ]
        if not rules or (letter, 0) in tests:
            rows.append((letter, "as a whole", tests.get((letter, 0), [])))
        lines = [
            f"| {rule} | {words} | {'<br>'.join(f'`{one}`' for one in names)} |"
            for rule, words, names in rows
        ]
        yield "\n".join([f"## {letter} {title}", "", "| rule | | tests |", "|---|---|---|", *lines])


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
