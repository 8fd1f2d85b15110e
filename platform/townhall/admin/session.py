"""The request's session in the form that Flask-Admin takes."""

from typing import NoReturn

from sqlalchemy.orm import Session, scoped_session, sessionmaker

from townhall.web.edge import database


class RequestSession(scoped_session[Session]):
    """Whatever session the request has; it is opened, committed and closed by the edge and by nobody else.

    Flask-Admin asks for something with a `session`, warns about what has none, and then uses the whole.
    """

    def __init__(self) -> None:
        super().__init__(sessionmaker())
        self.registry = database  # type: ignore[assignment]  # a registry is called for the session

    @property
    def session(self) -> "RequestSession":
        """Itself: it is asked for the session at each use."""
        return self

    def commit(self) -> NoReturn:
        """Raises `RuntimeError`: a view of Flask-Admin that was not overridden would end the transaction here."""
        raise RuntimeError("only the edge commits")

    def remove(self) -> NoReturn:
        """Raises `RuntimeError`: the edge closes what it opened."""
        raise RuntimeError("only the edge closes")
