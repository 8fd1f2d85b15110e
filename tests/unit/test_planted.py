"""Each fault that is planted on purpose still finds the place that it changes."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import faults  # noqa: E402
import mutants  # noqa: E402


@pytest.mark.parametrize(
    "planted", [*mutants.MUTANTS, *faults.planted()], ids=lambda one: f"{one.file}-{one.old[:40]}"
)
def test_a_planted_fault_has_its_place(planted: mutants.Mutant) -> None:
    text = (ROOT / planted.file).read_text(encoding="utf-8")
    assert text.count(planted.old) == 1
    assert planted.old != planted.new
