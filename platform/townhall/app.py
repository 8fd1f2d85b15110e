"""The application: what it consists of, listed by hand from top to bottom."""

import datetime as dt
from typing import Any

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]
from werkzeug.middleware.proxy_fix import ProxyFix

from townhall.admin.mount import mount
from townhall.centres.steps import kinds
from townhall.config import Settings
from townhall.documents.fonts import Faces
from townhall.documents.lettering import faces_of
from townhall.documents.press import Press
from townhall.walls import require_walls
from townhall.web import (
    api,
    edge,
    factor,
    federation,
    guide,
    headers,
    health,
    history,
    inventory,
    items,
    life,
    links,
    overview,
    people,
    pictures,
    profile,
    shell,
    signin,
    studio,
    workspace,
)
from townhall.web.addresses import CodeConverter, KeyConverter

FORM_BYTES = 1_000_000
SESSION = dt.timedelta(hours=12)
# Attempts are counted by address and by login; a successful sign-in costs nothing.
BY_ADDRESS, BY_LOGIN = "30 per 15 minutes", "10 per 15 minutes"
PUBLIC, DRAWING, SENDING = "120 per minute", "240 per minute", "30 per minute"


def create_app(settings: Settings) -> Flask:
    """The web host of one installation."""
    app = Flask(__name__, template_folder="web/templates", static_folder="web/static")
    _configure(app, settings)
    edge.connect(app, settings)
    require_walls(app.extensions["townhall.sessions"].kw["bind"])
    app.extensions["townhall.press"] = Press(settings.documents, lambda: _faces(app))
    app.extensions["townhall.kinds"] = kinds(settings.archives)
    headers.protect(app, secure=settings.secure_cookies, provider=settings.oidc_origin())
    shell.furnish(app)
    federation.connect(app, settings)
    _register(app)
    _limit(app)
    if hops := settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _faces(app: Flask) -> Faces:
    with app.extensions["townhall.readers"]() as session:
        return faces_of(session)


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.session_key(),
        MAX_CONTENT_LENGTH=FORM_BYTES,
        PERMANENT_SESSION_LIFETIME=SESSION,
        SESSION_COOKIE_NAME="townhall",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SEND_FILE_MAX_AGE_DEFAULT=dt.timedelta(hours=1),
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=settings.secure_cookies,
    )
    pictures.admit(app)
    forms = CSRFProtect(app)
    # On HTTPS it asks for a referrer, which these pages do not send; they check the token themselves.
    forms.exempt(links.pages)
    forms.exempt(signin.language)


def _register(app: Flask) -> None:
    app.url_map.converters.update(code9=CodeConverter, key=KeyConverter)
    app.register_blueprint(health.pages)
    app.register_blueprint(signin.pages)
    app.register_blueprint(federation.pages)
    app.register_blueprint(factor.pages)
    app.register_blueprint(links.pages)
    app.register_blueprint(overview.pages)
    app.register_blueprint(people.pages)
    app.register_blueprint(workspace.pages)
    app.register_blueprint(profile.pages)
    app.register_blueprint(pictures.pages)
    app.register_blueprint(items.pages)
    app.register_blueprint(inventory.pages)
    app.register_blueprint(studio.pages)
    app.register_blueprint(history.pages)
    app.register_blueprint(life.pages)
    app.register_blueprint(guide.pages)
    api.serve(app)
    mount(app)


def _limit(app: Flask) -> None:
    """Limits live in this process's memory; several processes each count for themselves."""
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://", headers_enabled=True)
    by_address = limiter.limit(BY_ADDRESS, deduct_when=_refused)
    by_login = limiter.limit(BY_LOGIN, key_func=signin.login_name, deduct_when=_refused)
    views: dict[str, Any] = app.view_functions
    views["signin.enter_password"] = by_address(by_login(views["signin.enter_password"]))
    by_account = limiter.limit(BY_LOGIN, key_func=factor.who, deduct_when=_refused)
    for view in ("factor.confirm", "factor.switch_off"):
        views[view] = by_address(by_account(views[view]))
    for view in ("links.join_form", "links.join", "links.reset_form", "links.reset"):
        views[view] = limiter.limit(PUBLIC)(by_address(views[view]))
    views["pictures.put"] = limiter.limit(SENDING)(views["pictures.put"])
    for view in ("guide.index", "guide.show", "guide.picture", "federation.login", "federation.callback"):
        views[view] = limiter.limit(PUBLIC)(views[view])
    for view in ("studio.page", "studio.pdf", "federation.backchannel"):
        views[view] = limiter.limit(DRAWING)(views[view])


def _refused(response: object) -> bool:
    return getattr(response, "status_code", 0) in {401, 410, 422}
