"""For whoever watches the process: is it there, and could it answer."""

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from townhall.database import alembic_config
from townhall.web.edge import database, settings
from townhall.web.guards import public

pages = Blueprint("health", __name__)


@pages.get("/healthz")
@public
def alive() -> ResponseReturnValue:
    return Response("ok\n", mimetype="text/plain")


@pages.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """Whether the database answers and has the schema that this code was written for."""
    try:
        present = MigrationContext.configure(database().connection()).get_current_revision()
    except SQLAlchemyError:
        return jsonify(database="unreachable", schema="unknown"), 503
    wanted = ScriptDirectory.from_config(alembic_config(settings().database_url)).get_current_head()
    current = present == wanted
    return jsonify(database="ok", schema="current" if current else "outdated"), 200 if current else 503
