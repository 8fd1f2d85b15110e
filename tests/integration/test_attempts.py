"""Failed attempts are counted by all server processes together, and none slips through between two of them."""

import datetime as dt
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from provisioning.specs import Pack
from tests.fixtures.soak import SOAK
from tests.fixtures.web import PASSWORD, populate
from townhall.accounts import attempts
from townhall.accounts.attempts import WINDOW, Turn, give_back, standing, take
from townhall.accounts.models import Attempt
from townhall.database import create_engine_for
from townhall.tenancy import HOST, scoped
from townhall.web.throttle import BY_NAME

MOMENT = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
TURN = Turn("login", "director", 3)
PATIENCE = 30  # seconds for a server to begin


def test_so_many_turns_and_no_more(session: Session) -> None:
    assert [take(session, [TURN], MOMENT) for _ in range(4)] == [0, 0, 0, WINDOW.seconds]


def test_a_turn_given_back_is_there_again(session: Session) -> None:
    for _ in range(20):
        assert take(session, [TURN], MOMENT) == 0
        give_back(session, [TURN])


def test_looking_takes_no_turn(session: Session) -> None:
    for _ in range(3):
        assert standing(session, [TURN], MOMENT) == 0
        take(session, [TURN], MOMENT)
    assert standing(session, [TURN], MOMENT) == WINDOW.seconds


def test_a_window_ends_and_leaves_nothing(session: Session) -> None:
    for _ in range(9):
        take(session, [TURN], MOMENT)
    later = MOMENT + WINDOW
    assert standing(session, [TURN], later) == 0
    assert take(session, [Turn("login", "other", 3)], later) == 0
    assert [one.count for one in session.scalars(select(Attempt))] == [1]
    assert take(session, [TURN], later) == 0


def test_each_is_counted_for_itself(session: Session) -> None:
    for _ in range(9):
        take(session, [TURN], MOMENT)
    assert take(session, [Turn("login", "other", 3), Turn("code", "director", 3)], MOMENT) == 0
    assert take(session, [Turn("login", "other", 3), TURN], MOMENT) > 0


def passed(url: str, tries: int, *turns: Turn) -> int:
    """How many of some tries at once were let through."""
    engine = create_engine_for(url)
    sessions = sessionmaker(engine, info=scoped(HOST))

    def once(_number: int) -> int:
        with sessions.begin() as session:
            return take(session, turns, MOMENT)

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(once, range(tries)))
    engine.dispose()
    return waits.count(0)


def test_of_forty_at_once_as_many_pass_as_there_are_turns(database_url: str) -> None:
    assert passed(database_url, 40, Turn("address", "192.0.2.1", 99), TURN) == TURN.most


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_reading_first_and_writing_later_would_let_more_through(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same count, but of a server that looks first and counts afterwards."""

    def naive(session: Session, turn: Turn, moment: dt.datetime) -> int:
        wait = standing(session, [turn], moment)
        time.sleep(0.02)
        session.get_one(Attempt, turn.key).count += 1
        return wait

    assert passed(database_url, 1, TURN) == 1
    monkeypatch.setattr(attempts, "_taken", naive)
    assert passed(database_url, 39, TURN) > TURN.most - 1


@contextmanager
def server(url: str, home: Path) -> Iterator[str]:
    """A server process of its own; gives its address. It is ended by its own handle."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    known = os.environ | {
        "TOWNHALL_DATABASE": url,
        "TOWNHALL_HOME": str(home),
        "TOWNHALL_SECRET_KEY": "k" * 40,
    }
    command = [sys.executable, "-c", "from townhall.cli import main; main()", "serve", "--port", str(port)]
    with (home / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(command, env=known, cwd=home, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        begun(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE)


def begun(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            requests.get(f"{address}/healthz", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server did not begin")


def enter(address: str, login: str, password: str) -> requests.Response:
    """Somebody tries to sign in, with a browser of their own."""
    with requests.Session() as wire:
        page = wire.get(f"{address}/login", timeout=20).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None
        form = {"login": login, "password": password, "csrf_token": token[1]}
        return wire.post(f"{address}/login", data=form, timeout=20, allow_redirects=False)


@pytest.fixture
def servers(database_url: str, pack: Pack, tmp_path: Path) -> Iterator[Callable[[], list[str]]]:
    """Two server processes on one database."""
    engine = create_engine_for(database_url)
    populate(sessionmaker(engine, expire_on_commit=False, info=scoped(HOST)), pack)
    engine.dispose()
    with ExitStack() as stack:
        yield lambda: [stack.enter_context(server(database_url, tmp_path)) for _ in range(2)]


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"] if SOAK else ["postgresql"], indirect=True)
def test_guessing_at_two_servers_in_turn_is_throttled_like_guessing_at_one(
    servers: Callable[[], list[str]],
) -> None:
    pair = servers()
    statuses = [enter(pair[place % 2], "director", "wrong").status_code for place in range(BY_NAME + 2)]
    assert statuses == [401] * BY_NAME + [429] * 2
    for address in pair:
        refused = enter(address, "director", PASSWORD)  # the right one comes too late as well
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= WINDOW.seconds
        assert enter(address, "neighbour", PASSWORD).status_code == 303
