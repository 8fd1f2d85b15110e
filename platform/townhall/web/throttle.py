"""How often secrets may be tried: passwords, codes and links, counted in the database by all server processes.

What only costs work (pages for anybody, drawings) each process limits for itself, see `app`: several processes bear
several times as much, and a page for citizens must not wait for whoever writes.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from flask import Response, abort, after_this_request, current_app, make_response, request
from flask.typing import ResponseReturnValue

from townhall.accounts import attempts
from townhall.accounts.attempts import Turn
from townhall.clock import now
from townhall.tenancy import HOST
from townhall.web.edge import database, give_up, session_beside

View = Callable[..., ResponseReturnValue]
BY_ADDRESS, BY_NAME = 30, 10  # failures in a window of `attempts`; what was right costs nothing
REFUSED = frozenset({401, 410, 422})
UNTHROTTLED = "townhall.unthrottled"  # an extension that tests set which send more than any person


def throttled(view: View, kind: str | None = None, whose: Callable[[], str] = str) -> View:
    """A view whose refusals count for the address and, with a kind, for whoever's secret is tried there."""

    @wraps(view)
    def counted(**arguments: Any) -> ResponseReturnValue:
        if current_app.extensions.get(UNTHROTTLED):
            return view(**arguments)
        turns = _turns(kind, whose)
        _enter(turns)
        answer = make_response(view(**arguments))
        _leave(turns, refused=answer.status_code in REFUSED)
        return answer

    return counted


def _turns(kind: str | None, whose: Callable[[], str]) -> list[Turn]:
    turns = [Turn("address", request.remote_addr or "", BY_ADDRESS)]
    if kind is not None and (name := whose()):
        turns.append(Turn(kind, name, BY_NAME))
    return turns


def _enter(turns: Sequence[Turn]) -> None:
    """Take a turn, or look whether there is one: reading a page is tried first and counted afterwards."""
    give_up()
    with session_beside(HOST) as session:
        ask = attempts.standing if _reads() else attempts.take
        wait = ask(session, turns, now())
    if wait:
        _tell(wait)
        abort(429)


def _leave(turns: Sequence[Turn], *, refused: bool) -> None:
    if refused and _reads():
        give_up()
        with session_beside(HOST) as session:
            attempts.take(session, turns, now())
    elif not refused and not _reads():
        attempts.give_back(database(), turns)


def _reads() -> bool:
    return request.method in {"GET", "HEAD"}


def _tell(wait: int) -> None:
    @after_this_request
    def later(response: Response) -> Response:
        response.headers["Retry-After"] = str(wait)
        return response
