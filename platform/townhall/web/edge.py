"""Where a request meets the database: one session, committed here and nowhere else."""

from flask import Flask, Response, current_app, g, request
from sqlalchemy.orm import Session, sessionmaker

from townhall.config import Settings
from townhall.database import create_engine_for

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def database() -> Session:
    """The session of this request, opened when it is first asked for."""
    if "session" not in g:
        g.session = current_app.extensions["townhall.sessions"]()
    session: Session = g.session
    return session


def settings() -> Settings:
    """What this installation was told."""
    known: Settings = current_app.extensions["townhall.settings"]
    return known


def connect(app: Flask, known: Settings) -> None:
    """Give the application its engine, and commit or roll back at the end of each request."""
    app.extensions["townhall.settings"] = known
    app.extensions["townhall.sessions"] = sessionmaker(create_engine_for(known.database_url))
    app.after_request(_commit)
    app.teardown_request(_close)


def _commit(response: Response) -> Response:
    """Only what was asked for by an unsafe method and answered without a fault is kept."""
    session = g.get("session")
    if session is not None and request.method not in _SAFE and response.status_code < 400:
        session.commit()
    return response


def _close(_error: BaseException | None) -> None:
    session = g.pop("session", None)
    if session is not None:
        session.close()
