"""Layer L1 beside other ways of making the same papers, in one run: `bench_stamp.py [ROUNDS]`, run by `make bench`.

40 papers of a township (`rivals/content.py`): a regulation, 24 guides with tables, 7 cards, 8 boards; the same words,
page sizes and, but for the first-written one, the same lean faces for all. Each contestant is a process of its own,
rounds alternate, medians are compared. CPU time a paper is compared where one core works; Chromium works in processes
of its own and is told by the clock. Where Typst is ahead, the table says so: papers whose text is unique.

The fleet is 140 townships × 40 papers as files on disk by two processes, from their start, by the clock: once with no
layout kept from before and once with all. Typst and ReportLab live in an environment of their own (requirements/bench.txt).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2] / "platform"), str(Path(__file__).parents[2])]

from townhall.documents.fonts import Faces, ensure_faces  # noqa: E402

HERE, ROOT = Path(__file__).parent / "rivals", Path(__file__).parents[2]
FLEET = 140
# What is asked of ours, as a multiple of another contestant's, and of a process, in KiB.
WARM = {"typst": 20.0, "typst, tagged": 15.0}
COLD, COLD_TAGGED, KEPT, FULL = 3.0, 2.0, 10.0, 3.5
WORKER, STAMPING = 125 * 1024, 25 * 1024


@dataclass
class Contestant:
    """A process that makes papers when it is told to."""

    name: str
    command: list[str]
    townships: int
    tagged: bool = False
    fonts: Path | None = None
    by_clock: bool = False
    rounds: list[dict[str, Any]] = field(default_factory=list)
    _process: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "FONTCONFIG_FILE"}
        if self.fonts:
            environment["FONTCONFIG_FILE"] = str(self.fonts)
        self._process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=HERE
        )

    def asked(self, townships: int, parts: tuple[int, ...] = (0, 1), out: Path | None = None) -> None:
        """Begin a round."""
        assert self._process
        assert self._process.stdin
        wanted = {
            "townships": townships,
            "tagged": self.tagged,
            "parts": parts,
            "out": str(out) if out else None,
        }
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()

    def told(self) -> dict[str, Any]:
        """What a round took."""
        assert self._process
        assert self._process.stdout
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        if self._process:
            self._process.communicate()

    def cost(self) -> float:
        """Milliseconds a paper: of the processor, by the clock where others than this process work."""
        measure = "wall" if self.by_clock else "cpu"
        return median(one[measure] / one["count"] for one in self.rounds) * 1000


def contestants(faces: Faces, kept: Path, rival: Path) -> list[Contestant]:
    """All of them, with so many townships a round that each takes some seconds."""
    folder, own = str(faces.directory), sys.executable
    ours = [own, str(HERE / "ours.py"), folder, str(kept)]
    fonts = faces.directory / "fonts.conf"
    return [
        Contestant("ours, stamped", [*ours, "stamped"], 140),
        Contestant("typst", [str(rival), str(HERE / "typst_rival.py"), folder], 3),
        Contestant("typst, tagged", [str(rival), str(HERE / "typst_rival.py"), folder], 3, tagged=True),
        Contestant("reportlab", [str(rival), str(HERE / "reportlab_rival.py"), folder], 1),
        Contestant("ours, full layout", [*ours, "full"], 1),
        Contestant("WeasyPrint as first written", [*ours, "naive"], 1),
        Contestant("chromium, by the clock", [own, str(HERE / "chromium.py")], 1, fonts=fonts, by_clock=True),
    ]


def warm(every: list[Contestant], rounds: int) -> None:
    """One round that does not count, then the others in turn."""
    for one in every:
        one.start()
    for number in range(rounds + 1):
        for one in every:
            one.asked(one.townships)
            told = one.told()
            if number:
                one.rounds.append(told)
        print(f"round {number} of {rounds}", file=sys.stderr)
    for one in every:
        one.close()


def fleet(name: str, command: list[str], *, tagged: bool = False) -> float:
    """Seconds by the clock for all files on disk, from the start of two processes, each with every other paper."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        pair = [Contestant(name, command, FLEET, tagged=tagged) for _ in range(2)]
        for one in pair:
            one.start()
        for part, one in enumerate(pair):
            one.asked(FLEET, (part,), Path(folder))
        counts = [one.told()["count"] for one in pair]
        taken = time.perf_counter() - start
        for one in pair:
            one.close()
        assert sum(counts) == FLEET * 40, counts
        return taken


def rival_python() -> Path:
    """The environment of the others, made when it is not there."""
    tools = ROOT / ".tools" / "bench"
    python, lock = tools / "bin" / "python", ROOT / "requirements" / "bench.txt"
    stamp = tools / "bench.stamp"
    if not stamp.is_file() or stamp.read_bytes() != lock.read_bytes():
        shutil.rmtree(tools, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", tools], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "--requirement", lock], check=True)
        stamp.write_bytes(lock.read_bytes())
    return python


def held(words: str, ratio: float, bar: float) -> None:
    print(f"{words} {ratio:.1f} ×; bar {bar:g} × {'held' if ratio >= bar else 'NOT HELD'}", flush=True)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    faces, rival = ensure_faces(), rival_python()
    with tempfile.TemporaryDirectory() as name:
        kept = Path(name)
        every = contestants(faces, kept, rival)
        warm(every, rounds)
        cost = {one.name: one.cost() for one in every}
        print(f"{'':30}{'ms a paper':>12}{'KB':>8}{'typst ÷ it':>12}")
        for one in every:
            size = one.rounds[0]["size"] / one.rounds[0]["count"] / 1000
            print(f"{one.name:30}{cost[one.name]:12.3f}{size:8.0f}{cost['typst'] / cost[one.name]:12.2f}")
        for other, bar in WARM.items():
            held(f"warm, beside {other}:", cost[other] / cost["ours, stamped"], bar)
        full = cost["WeasyPrint as first written"] / cost["ours, full layout"]
        held("full layout, beside the first written:", full, FULL)
        told_memory(faces, kept, every)
        told_fleet(faces, kept, rival)


def told_memory(faces: Faces, kept: Path, every: list[Contestant]) -> None:
    """The peaks of a process that lays out, and of one that finds all layouts made."""
    worker = next(one for one in every if one.name == "ours, stamped").rounds[-1]["peak"]
    alone = Contestant(
        "", [sys.executable, str(HERE / "ours.py"), str(faces.directory), str(kept), "stamped"], FLEET
    )
    alone.start()
    alone.asked(FLEET)
    stamping = alone.told()["peak"]
    alone.close()
    for words, found, bar in (("layout worker", worker, WORKER), ("only stamping", stamping, STAMPING)):
        print(
            f"{words}: peak {found / 1024:.1f} MiB; bar {bar / 1024:.0f} MiB {'held' if found <= bar else 'NOT HELD'}"
        )


def told_fleet(faces: Faces, kept: Path, rival: Path) -> None:
    """The whole fleet as files, by the clock."""
    typst = [str(rival), str(HERE / "typst_rival.py"), str(faces.directory)]
    with tempfile.TemporaryDirectory() as fresh:
        ours = [sys.executable, str(HERE / "ours.py"), str(faces.directory)]
        cold = fleet("ours", [*ours, fresh, "stamped"])
        plain, tagged = fleet("typst", typst), fleet("typst", typst, tagged=True)
        again = fleet("ours", [*ours, str(kept), "stamped"])
    print(
        f"fleet on disk: ours cold {cold:.1f} s, with kept layouts {again:.1f} s; typst {plain:.1f} s, tagged {tagged:.1f} s"
    )
    held("fleet, cold, beside typst:", plain / cold, COLD)
    held("fleet, cold, beside typst, tagged:", tagged / cold, COLD_TAGGED)
    held("fleet, layouts kept, beside typst:", plain / again, KEPT)


if __name__ == "__main__":
    main()
