"""The process that lays pages out: what ends it between two papers costs nobody a paper."""

import os
import signal
from collections.abc import Iterator

import pytest

from townhall.documents.bench import Bench
from townhall.documents.fonts import ensure_faces
from townhall.documents.sheet import Sheet

PAGE = '<!doctype html><html lang="zh-Hant"><head><title>甲</title></head><body><p>甲</p></body></html>'
SHEET = Sheet(html=PAGE, stylesheet="", width=210, height=297)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def test_a_process_that_was_killed_while_it_waited_is_replaced(bench: Bench) -> None:
    faces = ensure_faces()
    first = bench.rendered(faces, SHEET)
    worker = bench._worker
    assert worker is not None
    os.kill(worker.process.pid or 0, signal.SIGKILL)
    worker.process.join()
    assert bench.rendered(faces, SHEET) == first
