"""Bar P1: what would use up the machine ends soon, small and with a reason, and nobody else notices."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest
import requests

from provisioning.specs import Pack
from tests.fixtures.besieged import Watch, besiege, serving, signed_in, worked
from tests.fixtures.payloads import ENDLESS_PAGES, RUNNING_AWAY
from tests.fixtures.soak import SOAK
from tests.fixtures.web import HOME
from townhall.documents import booth as booths
from townhall.documents.bench import bench
from townhall.documents.booth import Booth, Runaway, Templates, require_plain
from townhall.documents.errors import DocumentError, RenderFailed
from townhall.documents.fonts import ensure_faces
from townhall.documents.sheet import Sheet

LONGEST, LARGEST = 5.0, 512 * 2**20  # seconds and bytes of a payload
SLOWER = 3.0  # how many times the quiet p95 others may wait, with two cores for host, attack and measurement
REQUESTS = 150
IDLE = 1.5  # above this the clock says nothing; processor seconds always do
# Enough to be noticed and not to bring the machine down with the host that has no limits.
UNLIMITED = [
    RUNNING_AWAY[0],
    (
        "{% set n = namespace(t=text) %}{% for a in range(22) %}{% set n.t = n.t ~ n.t %}{% endfor %}"
        "{% for a in range(20) %}{% set c = n.t|replace('丙', '丁') %}{% endfor %}"
    ),
]


def templates(source: str) -> Templates:
    return Templates((("x.html", source),))


def page(body: str) -> Sheet:
    html = f'<!doctype html><html lang="zh-Hant"><head><title>甲</title></head><body>{body}</body></html>'
    return Sheet(html=html, stylesheet="", width=210, height=297, bleed=0, pages=None)


def test_a_template_that_runs_away_is_ended_and_the_next_one_is_served() -> None:
    with Booth(seats=1) as booth:
        with pytest.raises(Runaway, match="超過時限"):
            booth.text(templates(RUNNING_AWAY[0]), "x.html", {})
        assert booth.text(templates("{{ a }}"), "x.html", {"a": "甲"}) == "甲"


def test_a_template_that_ran_away_is_not_tried_again_at_once() -> None:
    with Booth(seats=1) as booth:
        with pytest.raises(Runaway, match="超過時限，已停止"):
            booth.text(templates(RUNNING_AWAY[0]), "x.html", {})
        with pytest.raises(Runaway, match="暫不再試"):
            booth.text(templates(RUNNING_AWAY[0]), "x.html", {})


def test_a_template_that_takes_the_memory_of_its_process_is_refused() -> None:
    with Booth(seats=1) as booth:
        with pytest.raises(DocumentError, match="MemoryError"):
            booth.text(templates(RUNNING_AWAY[8]), "x.html", {"text": "丙" * 50})
        assert booth.text(templates("甲"), "x.html", {}) == "甲"


def test_the_process_of_templates_knows_nothing_of_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNHALL_SECRET", "秘密")
    with Booth(seats=1) as booth:
        booth.text(templates("甲"), "x.html", {})
        seat = booth._free.get()
        booth._free.put(seat)
        assert seat
        there = Path(f"/proc/{seat._process.pid}")
        assert {entry.split(b"=")[0] for entry in (there / "environ").read_bytes().split(b"\0") if entry} == {
            b"PYTHONPATH",
            b"PYTHONUTF8",
        }
        links = [str(link.readlink()) for link in (there / "fd").iterdir()]
    assert all(link.startswith(("socket:", "/dev/null")) for link in links), links


def test_an_answer_is_never_that_to_an_earlier_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is interrupted while waiting leaves no answer behind for the next."""
    with Booth(seats=1) as booth:
        booth.text(templates("甲"), "x.html", {})
        with monkeypatch.context() as patch:
            patch.setattr(booths.json, "loads", interrupted)
            with pytest.raises(KeyboardInterrupt):
                booth.text(templates("乙"), "x.html", {})
        assert booth.text(templates("丙"), "x.html", {}) == "丙"


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@dataclass
class Row:
    """Something that is more than a value."""

    name: str = "甲"


class Clever(str):
    """A text that brings methods of its own."""

    __slots__ = ()


@pytest.mark.parametrize(
    "value", [Row(), Row, len, Clever("甲"), b"x", (1,), {1, 2}, {1: "x"}, 1j, [Row()], {"a": {"b": Row()}}]
)
def test_bar_p1_nothing_but_plain_data_reaches_a_template(value: Any) -> None:
    with Booth(seats=1) as booth, pytest.raises(TypeError, match="內容"):
        booth.text(templates("甲"), "x.html", {"x": value})


def test_plain_data_is_let_through() -> None:
    require_plain({"a": ["甲", 1, 1.5, True, None, {"b": []}]})


def test_a_page_without_end_is_ended_and_the_next_one_is_printed() -> None:
    faces = ensure_faces()
    with pytest.raises(RenderFailed, match="超過時限"):
        bench().rendered(faces, page(ENDLESS_PAGES[0]))
    assert bench().rendered(faces, page("<p>甲</p>")).startswith(b"%PDF")


@dataclass(frozen=True)
class Answer:
    """What a payload got, after how many seconds on the clock, and of the processors for the host and its helpers.

    What the host works meanwhile is also for others.
    """

    code: str
    status: int
    text: str
    seconds: float
    host: float
    helpers: float


@dataclass
class Attack:
    """Every payload once."""

    port: int
    number: int
    codes: list[str]
    patience: float = 120.0
    answers: list[Answer] = field(default_factory=list)

    def run(self) -> None:
        someone = signed_in(self.port, "prefecture")
        for code in self.codes:
            address = f"http://127.0.0.1:{self.port}/t/{code}/documents/card/centre"
            since, before = time.perf_counter(), worked(self.number)
            try:
                answer = someone.get(address, timeout=self.patience)
                status, text = answer.status_code, answer.text
            except requests.Timeout:
                status, text = 0, ""
            spent = time.perf_counter() - since
            work = (now - then for now, then in zip(worked(self.number), before, strict=True))
            self.answers.append(Answer(code, status, text, spent, *work))


def asked(port: int, someone: requests.Session) -> float:
    since = time.perf_counter()
    answer = someone.get(f"http://127.0.0.1:{port}/t/{HOME}/windows", timeout=60)
    assert answer.status_code == 200
    return time.perf_counter() - since


def p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


@contextmanager
def host(home: Path, kind: str) -> Iterator[tuple[int, int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serving(home, port, kind) as number:
        yield port, number


def measured(home: Path, kind: str, attack_on: list[str], patience: float) -> tuple[Attack, Watch, float]:
    """An attack, the memory it took, and how many times the quiet p95 somebody else waited meanwhile."""
    with host(home, kind) as (port, number):
        someone, attack = signed_in(port, "director"), Attack(port, number, attack_on, patience)
        [asked(port, someone) for _ in range(20)]
        warm = Attack(port, number, [HOME])
        warm.run()  # the processes are there, as on a host that has printed before
        quiet = [asked(port, someone) for _ in range(REQUESTS)]
        attacker = threading.Thread(target=attack.run)
        with Watch(number) as watch:
            attacker.start()
            loud = []
            while attacker.is_alive():
                loud.append(asked(port, someone))
                time.sleep(0.02)
        print(
            f"{kind}: p95 quiet {p95(quiet) * 1000:.0f} ms, meanwhile {p95(loud) * 1000:.0f} ms ({len(loud)})"
        )
        return attack, watch, p95(loud) / p95(quiet)


@pytest.mark.skipif(not SOAK, reason="measures: make soak")
def test_bar_p1_every_payload_ends_soon_and_small_while_others_are_served(pack: Pack, tmp_path: Path) -> None:
    payloads = [*RUNNING_AWAY, *ENDLESS_PAGES]
    codes = besiege(tmp_path, pack, payloads)
    attack, watch, ratio = measured(tmp_path, "confined", codes, 120)
    answers = attack.answers
    hardest = max(answers, key=lambda answer: answer.helpers)
    slowest, busy = max(answer.seconds for answer in answers), crowding()
    print(f"payloads {len(payloads)}, hardest {hardest.helpers:.2f} processor seconds")
    print(
        f"  ({payloads[codes.index(hardest.code)][:60]}), slowest {slowest:.2f} s, machine busy x {busy:.1f}"
    )
    print(
        f"largest helper {watch.helpers / 2**20:.0f} MB, host {watch.host / 2**20:.0f} MB, p95 x {ratio:.2f}"
    )
    assert len(payloads) >= 20
    assert [(one.code, one.status) for one in answers if not 400 <= one.status < 500] == []
    assert all("這份文件排不出來" in one.text for one in answers)
    assert hardest.helpers <= LONGEST
    assert busy > IDLE or slowest <= LONGEST  # others' work is not held against ours
    assert max(watch.helpers, watch.host) <= LARGEST
    assert ratio <= SLOWER


def crowding() -> float:
    """How many times longer a plain loop takes on the clock than of the processor: 1 on an idle machine."""
    work, clock = time.process_time(), time.perf_counter()
    while time.process_time() - work < 1:
        pass
    return max(1.0, time.perf_counter() - clock)


@pytest.mark.skipif(not SOAK, reason="measures: make soak")
def test_bar_p1_the_control_without_limits_is_used_up(pack: Pack, tmp_path: Path) -> None:
    codes = besiege(tmp_path, pack, UNLIMITED)
    attack, watch, ratio = measured(tmp_path, "open", codes[::-1], 120)
    longest = max(answer.host for answer in attack.answers)
    print(
        f"control: hardest {longest:.1f} processor seconds, host {watch.host / 2**20:.0f} MB, p95 x {ratio:.2f}"
    )
    assert longest > LONGEST
    assert watch.host > LARGEST
    assert ratio > SLOWER
