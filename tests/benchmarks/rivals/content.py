"""One township's set of 40 papers as plain blocks, so that every contestant sets the same text on the same pages.

A regulation of 25 articles, 24 service guides with tables, 7 cards and 8 wall boards. A township's own words stand in
braces. Nothing but the standard library: the contestants live in different environments.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SENTENCES = (
    "申請人持有效身份證件到窗口提出申請，窗口工作人員當場核對材料並出具受理回執。",
    "材料不齊全的，應當一次性告知需要補正的全部內容，不得要求申請人反覆往返。",
    "符合條件的事項即時辦結；需要上報審批的，應當在承諾時限內辦結並告知結果。",
    "各窗口應當公開辦事依據、辦理流程、收費標準、監督電話，自覺接受群眾監督。",
    "村級代辦員應當做好登記，建立臺帳，逐件說明進度，確保件件有著落、事事有回音。",
)
LETTERS = "清溪黃草普坪營油新橋萬峰湖龍山白碗雨樟木"


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, or a table: its columns in mm (0: the rest) and its rows."""

    kind: str
    text: str = ""
    columns: tuple[int, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Paper:
    """Page and type in millimetres and points: margins are top, right, bottom, left."""

    key: str
    width: float
    height: float
    margins: tuple[float, float, float, float]
    size: float
    pitch: float  # line pitch, in ems
    heading: float
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Values:
    """A township's own words; both names are always so long within one shape."""

    name: str
    phone: str
    date: str

    def put(self, text: str) -> str:
        return text.replace("{name}", self.name).replace("{phone}", self.phone).replace("{date}", self.date)


def words(seed: int, count: int) -> str:
    """Sentences that differ from paper to paper."""
    return "".join(SENTENCES[(seed + step * 3) % len(SENTENCES)] for step in range(count))


_FOOT = "{name}便民服務中心　諮詢電話 {phone}　{date}"


def guide(number: int) -> Paper:
    facts = tuple((f"項目{row}", words(number + row, 2)) for row in range(9))
    steps = tuple((str(row), words(row, 1), f"窗口{row % 8}") for row in range(1, 13))
    blocks = (
        Block("title", f"辦事指南第{number}號"),
        Block("p", "受理機構：{name}便民服務中心"),
        Block("table", columns=(28, 0), rows=facts),
        Block("h2", "流程"),
        Block("table", columns=(12, 0, 28), rows=steps),
        Block("p", words(number, 8)),
        Block("p", _FOOT),
    )
    return Paper(f"guide-{number}", 210, 297, (20, 22, 20, 22), 10.5, 1.6, 18, blocks)


def regulation() -> Paper:
    articles = tuple(Block("p", f"第{number}條 {words(number, 4)}") for number in range(1, 26))
    blocks = (Block("title", "{name}便民服務中心管理辦法"), *articles, Block("p", _FOOT))
    return Paper("regulation", 210, 297, (37, 26, 35, 28), 16, 1.81, 22, blocks)


def card(number: int) -> Paper:
    blocks = (Block("title", "{name}便民服務中心"), Block("p", words(number, 2)), Block("p", _FOOT))
    return Paper(f"card-{number}", 96, 60, (5, 5, 5, 5), 7.5, 1.4, 10, blocks)


def board(number: int) -> Paper:
    rows = tuple(Block("p", f"{row}. {words(number + row, 2)}") for row in range(1, 7))
    blocks = (Block("title", f"制度牌{number}"), *rows, Block("p", _FOOT))
    return Paper(f"board-{number}", 606, 906, (50, 50, 50, 50), 42.5, 1.6, 113, blocks)


def papers() -> list[Paper]:
    """The 40 papers of a township."""
    return [regulation(), *map(guide, range(24)), *map(card, range(7)), *map(board, range(8))]


def townships(count: int) -> Iterator[Values]:
    """Townships with names of three, four and five letters in turn."""
    for number in range(count):
        letters = 2 + number % 3
        name = "".join(LETTERS[(number * 7 + step * 5) % len(LETTERS)] for step in range(letters)) + "鎮"
        yield Values(name, f"{number + 1000:04}-{number * 7919 % 10**7:07}", f"2026年3月{number % 9 + 1}日")


def contest(make: Callable[[Paper, Values, bool], bytes], more: Callable[[], dict[str, Any]] = dict) -> None:
    """A contestant's life: for each line of JSON a round, and a line about it.

    Asked for are so many `townships`, whether `tagged`, the `parts` (of every other paper the first, the second or
    both), and a folder `out` or none. Told are seconds on the clock and of this process, bytes, papers, and `more`.
    """
    every = papers()
    for line in sys.stdin:
        wanted = json.loads(line)
        out = Path(wanted["out"]) if wanted["out"] else None
        start, own, size, count = time.perf_counter(), time.process_time(), 0, 0
        for values in townships(wanted["townships"]):
            for place, paper in enumerate(every):
                if place % 2 not in wanted["parts"]:
                    continue
                data = make(paper, values, wanted["tagged"])
                size, count = size + len(data), count + 1
                if out:
                    (out / f"{values.name}-{count}-{place}.pdf").write_bytes(data)
        taken = {"wall": time.perf_counter() - start, "cpu": time.process_time() - own}
        print(json.dumps(taken | {"size": size, "count": count} | more()), flush=True)
