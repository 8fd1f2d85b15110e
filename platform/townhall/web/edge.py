"""Where a request meets the database: one session, committed here and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, current_app, g, got_request_exception, request
from sqlalchemy.orm import Session, sessionmaker

from townhall.config import Settings
from townhall.database import create_engine_for, reading
from townhall.tenancy import Scope, scoped

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def database() -> Session:
    """The session of this request, opened when it is first asked for."""
    if "session" not in g:
        kind = "sessions" if _keeps() else "readers"
        g.session = current_app.extensions[f"townhall.{kind}"]()
    session: Session = g.session
    return session


def keep() -> None:
    """Keep what this request writes although it was asked for by GET: the way back from an identity provider is.

    Said before the database is first asked for.
    """
    if "session" in g:
        raise RuntimeError("the session of this request is open already")
    g.keeps = True


def give_up() -> None:
    """End what this request has read so far, so that a session beside it may write. Nothing was written yet."""
    if "session" in g:
        g.session.rollback()


@contextmanager
def session_beside(scope: Scope) -> Iterator[Session]:
    """A session of its own beside the request's, kept at once when it ends without a fault.

    On SQLite the two must not both write: the request's is for reading then, or was given up before.
    """
    with current_app.extensions["townhall.sessions"](info=scoped(scope)) as session, session.begin():
        yield session


def settings() -> Settings:
    """What this installation was told."""
    known: Settings = current_app.extensions["townhall.settings"]
    return known


def connect(app: Flask, known: Settings) -> None:
    """Give the application its engine, and commit or roll back at the end of each request."""
    app.extensions["townhall.settings"] = known
    engine = create_engine_for(known.database_url)
    app.extensions["townhall.sessions"] = sessionmaker(engine)
    app.extensions["townhall.readers"] = sessionmaker(reading(engine))
    got_request_exception.connect(_roll_back, app)
    app.after_request(_commit)
    app.teardown_request(_close)


def _keeps() -> bool:
    return request.method not in _SAFE or g.get("keeps", False)


def _commit(response: Response) -> Response:
    """Only what was asked for by an unsafe method and answered without a fault is kept."""
    session = g.get("session")
    if session is not None and _keeps() and response.status_code < 400:
        session.commit()
    return response


def _roll_back(_app: Flask, **_: object) -> None:
    """What failed is undone before the page that says so is made, which reads who is signed in."""
    if "session" in g:
        g.session.rollback()


def _close(_error: BaseException | None) -> None:
    session = g.pop("session", None)
    if session is not None:
        session.close()
