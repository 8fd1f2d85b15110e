"""What hostile files cost: each is refused within 2 seconds of processor time and 256 MB, in a process measured (bar P5)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import bombs
from tests.fixtures.bombs import Hostile
from tests.fixtures.soak import SOAK
from townhall.documents.fonts import ensure_faces

SECONDS, BYTES = 2.0, 256_000_000
ROOT = Path(__file__).parents[2]
CASES = [*bombs.PICTURES, *bombs.SHEETS] if SOAK else [bombs.PICTURES[0], bombs.SHEETS[1]]


def cost(way: str, case: Hostile, folder: Path) -> dict[str, Any]:
    """What became of a file and what it cost; a process that does not live to say so was exhausted."""
    path = folder / "sent"
    path.write_bytes(case.make())
    name = os.fsencode(case.name.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")).hex()
    command = [
        sys.executable,
        "-m",
        "tests.fixtures.taking",
        way,
        str(path),
        name,
        str(ensure_faces().directory),
    ]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}"}
    done = subprocess.run(command, capture_output=True, cwd=ROOT, env=environment, check=False, timeout=120)
    if done.returncode:
        return {"verdict": "exhausted", "seconds": 0.0, "bytes": 0}
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_bar_p5_refusing_costs_no_more_than_2_seconds_and_256_mb(tmp_path: Path) -> None:
    costs = {case.tries: cost("ours", case, tmp_path) for case in CASES}
    bad = {
        tries: told
        for tries, told in costs.items()
        if not told["verdict"].startswith("refused") or told["seconds"] > SECONDS or told["bytes"] > BYTES
    }
    slowest, largest = (max(costs.values(), key=lambda told: told[key]) for key in ("seconds", "bytes"))
    print(
        f"P5: {len(costs)} hostile files refused, at most {slowest['seconds']:.2f} s and {largest['bytes'] / 1e6:.0f} MB"
    )
    assert bad == {}


@pytest.mark.skipif(not SOAK, reason="takes minutes: make soak")
def test_bar_p5_control_whoever_believes_names_and_reads_it_all_is_harmed(tmp_path: Path) -> None:
    """The same files let in by a naive reader, or beyond the limits with it; a few it stumbles over by itself."""
    costs = {case.tries: cost("naive", case, tmp_path) for case in CASES}
    harmed = {
        tries: told
        for tries, told in costs.items()
        if not told["verdict"].startswith("refused") or told["seconds"] > SECONDS or told["bytes"] > BYTES
    }
    print(
        f"P5 control: {len(harmed)} of {len(costs)} harm the naive reader; not: {sorted(costs.keys() - harmed.keys())}"
    )
    assert len(harmed) >= 40
