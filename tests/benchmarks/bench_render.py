"""Rendering against what one would write first, in one run: `python tests/benchmarks/bench_render.py`.

(a) WeasyPrint as first written, with the packaged fonts and the system's fontconfig, new objects a document;
(b) our renderer on one core; (c) on two workers; (d) documents that are already in the store. All get the
same content: 40 documents like one township's set. Rounds alternate, medians are compared; the ratios count.

(a) against (b) is by CPU time, which other work on the machine disturbs least. For (c) the clock says something
only on an idle machine, so the gain of two plain loops is shown beside it; the bar is on how evenly the work is
spread over the workers. Bars: (b) takes at most 1/1.9 of (a); no worker of (c) has more than 0.6 of the CPU time.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rivals.content import words

from townhall.documents.fonts import Faces, ensure_faces
from townhall.documents.pool import Outcome, process_renderer, render_many
from townhall.documents.sheet import Sheet
from townhall.documents.store import Store

BAR_CORE = 1.9
BAR_SHARE = 0.6
LOOP = "for _ in range(12_000_000): pass"

JUSTIFIED = "p{text-align:justify;margin:0}"
PLAIN = "@page{margin:20mm 22mm} body{font-size:10.5pt;line-height:1.6}" + JUSTIFIED
OFFICIAL = "@page{margin:37mm 26mm 35mm 28mm} body{font-size:16pt;line-height:10.227mm}" + JUSTIFIED
CARD = "@page{margin:5mm} body{font-size:7.5pt;line-height:1.4} h1{font-size:10pt;margin:0}" + JUSTIFIED
BOARD = "@page{margin:50mm} body{font-size:15mm;line-height:1.6} h1{font-size:40mm}" + JUSTIFIED
TABLE = "table{table-layout:fixed;width:100%;border-collapse:collapse} td,th{border:.3mm solid;padding:1.5mm}"


@dataclass(frozen=True)
class Round:
    """What one pass over all documents took: seconds by the clock, seconds of CPU, bytes of PDF."""

    wall: float
    cpu: float
    size: int
    share: float = 1.0  # of the CPU time, by the busiest process


def page(title: str, body: str) -> str:
    """A whole page of HTML."""
    return (
        f'<!DOCTYPE html><html lang="zh-Hant"><head><title>{title}</title></head>'
        f"<body><h1>{title}</h1>{body}</body></html>"
    )


def guide(number: int) -> Sheet:
    """A service guide: facts, materials and steps in tables."""
    facts = "".join(f"<tr><th>項目{row}<td>{words(number + row, 2)}" for row in range(9))
    steps = "".join(f"<tr><td>{row}<td>{words(row, 1)}<td>窗口{row % 8}" for row in range(1, 13))
    columns = "<colgroup><col style='width:12mm'><col><col style='width:28mm'></colgroup>"
    body = (
        f"<table><colgroup><col style='width:28mm'><col></colgroup>{facts}</table>"
        f"<h2>流程</h2><table>{columns}{steps}</table><p>{words(number, 8)}</p>"
    )
    return Sheet(page(f"辦事指南第{number}號", body), PLAIN + TABLE, 210, 297)


def regulation() -> Sheet:
    """A regulation of 25 articles in the layout of official documents."""
    body = "".join(f"<p>第{number}條 {words(number, 4)}</p>" for number in range(1, 26))
    return Sheet(page("便民服務中心管理辦法", body), OFFICIAL, 210, 297)


def card(number: int) -> Sheet:
    """A card of 90 × 54 mm."""
    return Sheet(page(f"便民服務卡{number}", f"<p>{words(number, 3)}</p>"), CARD, 90, 54, bleed=3)


def board(number: int) -> Sheet:
    """A wall board of 600 × 900 mm."""
    body = "".join(f"<p>{row}. {words(number + row, 2)}</p>" for row in range(1, 7))
    return Sheet(page(f"制度牌{number}", body), BOARD, 600, 900, bleed=3)


def township() -> list[Sheet]:
    """The 40 documents of one township."""
    return [regulation(), *map(guide, range(24)), *map(card, range(7)), *map(board, range(8))]


def first_written(sheet: Sheet) -> bytes:
    """What one writes first; the page, the fonts and the tables are the same."""
    from weasyprint import HTML

    width, height = sheet.width + 2 * sheet.bleed, sheet.height + 2 * sheet.bleed
    own = f'@page{{size:{width}mm {height}mm}}body{{margin:0;font-family:"Noto Serif CJK TC"}}'
    css = sheet.stylesheet + own
    pdf: bytes = HTML(string=sheet.html.replace("</head>", f"<style>{css}</style></head>")).write_pdf()
    return pdf


def timed(work: Callable[[], Iterable[int]]) -> Round:
    """One pass; `work` yields the size of each document."""
    wall, cpu = time.perf_counter(), time.process_time()
    size = sum(work())
    return Round(time.perf_counter() - wall, time.process_time() - cpu, size)


def naive_process() -> None:
    """The process of (a), whose fontconfig is the system's: a round for every line of input."""
    sheets = township()
    first_written(sheets[0])
    for _ in sys.stdin:
        print(json.dumps(vars(timed(lambda: (len(first_written(sheet)) for sheet in sheets)))), flush=True)


class Naive:
    """The other end of `naive_process`."""

    def __init__(self) -> None:
        environment = {key: value for key, value in os.environ.items() if key != "FONTCONFIG_FILE"}
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--naive"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def round(self) -> Round:
        """One pass over all documents."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Round(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def sizes(outcomes: Iterable[Outcome]) -> Iterable[int]:
    """Sizes in bytes; a stored document is not read."""
    for outcome in outcomes:
        if outcome.error:
            raise outcome.error
        yield outcome.path.stat().st_size if outcome.path else len(outcome.data or b"")


def two_workers(sheets: list[tuple[int, Sheet]], faces: Faces) -> Round:
    """One pass of two workers; their CPU time is read when the last outcome has come, before they end."""
    start, size, spent = time.perf_counter(), 0, [0.0]
    for number, own in enumerate(sizes(render_many(sheets, workers=2, faces=faces)), start=1):
        size += own
        if number == len(sheets):
            spent = [cpu_seconds(child.pid or 0) for child in multiprocessing.active_children()]
    return Round(time.perf_counter() - start, sum(spent), size, max(spent) / sum(spent))


def cpu_seconds(process: int) -> float:
    """CPU time of another process."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def loops(count: int) -> float:
    """Seconds by the clock for so many plain loops at once."""
    start = time.perf_counter()
    processes = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(count)]
    for process in processes:
        process.wait()
    return time.perf_counter() - start


def plain_gain(rounds: int) -> float:
    """How many times the work of one core two processes get done on this machine at this moment."""
    return median(2 * loops(1) / loops(2) for _ in range(rounds))


def measure(rounds: int, faces: Faces) -> dict[str, list[Round]]:
    """All four, alternating."""
    sheets = list(enumerate(township()))
    renderer = process_renderer(faces.directory)
    naive = Naive()
    results: dict[str, list[Round]] = {name: [] for name in "abcd"}
    with tempfile.TemporaryDirectory() as directory:
        store = Store(Path(directory))
        warm = [*render_many(sheets, workers=2, store=store, faces=faces), renderer.render(sheets[0][1])]
        assert len(warm) == len(sheets) + 1
        for number in range(rounds):
            results["a"].append(naive.round())
            results["b"].append(timed(lambda: sizes(render_many(sheets, workers=1, faces=faces))))
            results["c"].append(two_workers(sheets, faces))
            results["d"].append(timed(lambda: sizes(render_many(sheets, store=store, faces=faces))))
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
    naive.close()
    return results


def report(results: dict[str, list[Round]], gain: float) -> bool:
    """Print medians and ratios; return whether the bars are met."""
    count = len(township())
    names = {"a": "as first written", "b": "ours, one core", "c": "ours, two workers", "d": "ours, stored"}
    wall = {name: median(item.wall for item in passes) for name, passes in results.items()}
    cpu = {name: median(item.cpu for item in passes) for name, passes in results.items()}
    print(f"{'':20}{'ms a document':>15}{'CPU ms':>10}{'KB':>8}{'times (a)':>11}")
    for name, passes in results.items():
        times = f"{wall[name] * 1000 / count:15.2f}{cpu[name] * 1000 / count:10.2f}"
        row = f"{names[name]:20}{times}{passes[0].size / count / 1000:8.1f}"
        print(f"{row}{wall['a'] / wall[name]:11.2f}")
    core, share = cpu["a"] / cpu["b"], median(item.share for item in results["c"])
    print(f"one core, by CPU time: {core:.2f} times (bar {BAR_CORE})")
    print(f"the busier of two workers has {share:.2f} of the CPU time (bar {BAR_SHARE})")
    print(f"two workers by the clock: {wall['b'] / wall['c']:.2f} times; two plain loops: {gain:.2f} times")
    return core >= BAR_CORE and share <= BAR_SHARE


def main() -> int:
    """Run by hand; exit code 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--naive", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.naive:
        naive_process()
        return 0
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    before = plain_gain(2)
    results = measure(options.rounds, ensure_faces())
    return 0 if report(results, (before + plain_gain(2)) / 2) else 1


if __name__ == "__main__":
    raise SystemExit(main())
