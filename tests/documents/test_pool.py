"""Many sheets: the same bytes from any number of workers, and no sheet that stops another."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from townhall.documents import pool
from townhall.documents.errors import FetchRefused, MissingGlyph, Overflow
from townhall.documents.fonts import Faces, ensure_faces
from townhall.documents.pdf import Renderer
from townhall.documents.pool import Outcome, RenderFailed, render_many
from townhall.documents.sheet import Sheet
from townhall.documents.store import Store, sheet_key


@pytest.fixture(scope="module")
def faces() -> Faces:
    return ensure_faces()


def sheet(text: str, pages: int | None = None) -> Sheet:
    html = f'<html lang="zh-Hant"><head><title>證</title></head><body><p>{text}</p></body></html>'
    return Sheet(html, "p{text-align:justify}", 90, 54, pages=pages)


def sheets(count: int = 6) -> list[tuple[int, Sheet]]:
    return [(number, sheet(f"便民服務卡第{number}號" * 9)) for number in range(count)]


def by_key(outcomes: Iterator[Outcome]) -> dict[object, Outcome]:
    return {outcome.key: outcome for outcome in outcomes}


def test_two_workers_give_the_bytes_of_one(faces: Faces) -> None:
    alone = by_key(render_many(sheets(), workers=1, faces=faces))
    together = by_key(render_many(sheets(), workers=2, faces=faces))
    assert alone.keys() == together.keys() == set(range(6))
    assert {key: outcome.read() for key, outcome in alone.items()} == {
        key: outcome.read() for key, outcome in together.items()
    }


@pytest.mark.parametrize("workers", [1, 2])
def test_a_sheet_that_fails_does_not_stop_the_others(faces: Faces, workers: int) -> None:
    faulty = [
        ("glyph", sheet("\U00013080")),
        ("overflow", sheet("文" * 500, pages=1)),
        ("fetch", sheet('<img src="file:///etc/passwd">')),
    ]
    outcomes = by_key(render_many([*faulty, *sheets(3)], workers=workers, faces=faces))
    assert all(outcomes[number].read().startswith(b"%PDF") for number in range(3))
    assert {type(outcomes[key].error) for key, _ in faulty} == {MissingGlyph, Overflow, FetchRefused}


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_arrives_with_what_it_says(faces: Faces, workers: int) -> None:
    (outcome,) = render_many([("a", sheet("前\U00013080後"))], workers=workers, faces=faces)
    assert isinstance(outcome.error, MissingGlyph)
    assert (outcome.error.character, outcome.error.place) == ("\U00013080", "前\U00013080後")
    assert "U+13080" in str(outcome.error)
    with pytest.raises(MissingGlyph):
        outcome.read()


def test_a_killed_worker_costs_its_sheet_only(faces: Faces) -> None:
    def interrupted() -> Iterator[tuple[object, Sheet]]:
        yield "lost", sheet("一")
        for child in multiprocessing.active_children():
            os.kill(child.pid or 0, signal.SIGKILL)
        yield from sheets(3)

    outcomes = by_key(render_many(interrupted(), workers=2, faces=faces))
    assert isinstance(outcomes.pop("lost").error, RenderFailed)
    assert all(outcome.read() for outcome in outcomes.values())
    assert outcomes.keys() == set(range(3))


def test_a_fault_of_the_program_is_reported_as_the_sheets_error(
    faces: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Renderer, "render", lambda *_: 1 // 0)
    (outcome,) = render_many([("a", sheet("文"))], workers=1, faces=faces)
    assert isinstance(outcome.error, RenderFailed)
    assert "ZeroDivisionError" in str(outcome.error)


def test_a_sheet_that_takes_too_long_is_given_up(faces: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "PATIENCE", 0.0)
    (outcome,) = render_many([("a", sheet("文"))], workers=2, faces=faces)
    assert isinstance(outcome.error, RenderFailed)


@pytest.mark.parametrize("workers", [1, 2])
def test_sheets_are_taken_only_as_they_can_be_worked_on(faces: Faces, workers: int) -> None:
    taken = []

    def counted() -> Iterator[tuple[int, Sheet]]:
        for key, item in sheets():
            taken.append(key)
            yield key, item

    others = set(multiprocessing.active_children())  # a test before this one may have left the bench open
    outcomes = render_many(counted(), workers=workers, faces=faces)
    next(outcomes)
    assert len(taken) <= workers + 1
    outcomes.close()  # type: ignore[attr-defined]
    assert set(multiprocessing.active_children()) <= others


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stored_sheet_is_returned_without_rendering(
    faces: Faces, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = by_key(render_many(sheets(3), workers=1, faces=faces))
    first = by_key(render_many(sheets(3), workers=workers, store=Store(tmp_path), faces=faces))
    monkeypatch.setattr(pool, "_attempt", lambda *_: pytest.fail("rendered again"))
    monkeypatch.setattr(pool.Crew, "assign", lambda *_: pytest.fail("rendered again"))
    second = by_key(render_many(sheets(3), workers=workers, store=Store(tmp_path), faces=faces))
    assert not any(outcome.stored for outcome in first.values())
    assert all(outcome.stored for outcome in second.values())
    assert {key: outcome.path for key, outcome in first.items()} == {
        key: outcome.path for key, outcome in second.items()
    }
    assert all(outcome.read() == fresh[key].read() for key, outcome in second.items())


def test_only_what_changed_is_rendered(faces: Faces, tmp_path: Path) -> None:
    store = Store(tmp_path)
    by_key(render_many(sheets(3), workers=1, store=store, faces=faces))
    changed = [*sheets(2), (2, sheet("改"))]
    outcomes = by_key(render_many(changed, workers=1, store=store, faces=faces))
    assert [key for key, outcome in outcomes.items() if not outcome.stored] == [2]


def test_a_process_that_may_not_start_others_works_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "current_process", lambda: SimpleNamespace(daemon=True))
    assert pool.crew_size(None) == pool.crew_size(8) == 1


def test_a_key_follows_from_everything_the_bytes_depend_on() -> None:
    variants = [
        Sheet("a", "b", 1, 2),
        Sheet("ab", "", 1, 2),
        Sheet("a", "c", 1, 2),
        Sheet("a", "b", 2, 1),
        Sheet("a", "b", 1, 2, bleed=3),
        Sheet("a", "b", 1, 2, pages=1),
    ]
    assert len({sheet_key(variant, digest) for variant in variants for digest in ("x", "y")}) == 12


def test_failed_writing_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        Store(tmp_path).put("0" * 64, "text")  # type: ignore[arg-type]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
