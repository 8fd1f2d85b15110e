"""The application: what it consists of, listed by hand from top to bottom."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFProtect  # type: ignore[import-untyped]
from werkzeug.middleware.proxy_fix import ProxyFix

from townhall.admin.mount import mount
from townhall.centres import steps
from townhall.config import Settings
from townhall.counties.steps import kinds as overlays
from townhall.documents.fonts import Faces
from townhall.documents.lettering import faces_of
from townhall.documents.press import Press
from townhall.jobs import registry as jobs
from townhall.jobs.broker import Post
from townhall.rollouts.steps import kinds as publishing
from townhall.successions import steps as divisions
from townhall.walls import require_walls
from townhall.web import (
    adding,
    api,
    api_arranging,
    arranging,
    counties,
    county_items,
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
    packages,
    people,
    pictures,
    profile,
    questions,
    rollouts,
    ruling,
    shell,
    signin,
    standards,
    studio,
    succession,
    why,
    wording,
    workspace,
)
from townhall.web.addresses import CodeConverter, KeyConverter
from townhall.web.throttle import throttled

FORM_BYTES = 1_000_000
SESSION = dt.timedelta(hours=12)
LINKS = ("links.join_form", "links.join", "links.reset_form", "links.reset")
# Where a secret is tried, and whose it is; with no name, the address alone is counted.
SECRETS: dict[str, tuple[str | None, Callable[[], str]]] = {
    "signin.enter_password": ("login", signin.login_name),
    "factor.confirm": ("code", factor.who),
    "factor.switch_off": ("confirm", factor.who),
    "signin.password": ("confirm", factor.who),
    "people.lift": ("confirm", factor.who),
    **dict.fromkeys(LINKS, (None, str)),
}
PUBLIC, DRAWING, TRYING, SENDING = "120 per minute", "240 per minute", "60 per minute", "30 per minute"


def create_app(settings: Settings) -> Flask:
    """The web host of one installation."""
    app = Flask(__name__, template_folder="web/templates", static_folder="web/static")
    _configure(app, settings)
    edge.connect(app, settings)
    require_walls(app.extensions["townhall.sessions"].kw["bind"])
    app.extensions["townhall.press"] = Press(settings.documents, lambda: _faces(app))
    app.extensions["townhall.kinds"] = (
        steps.kinds(settings.archives) | divisions.kinds() | publishing() | overlays()
    )
    app.extensions["townhall.jobs"] = jobs.kinds(settings)
    app.extensions["townhall.post"] = Post(settings)
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
    app.register_blueprint(standards.pages)
    app.register_blueprint(rollouts.pages)
    app.register_blueprint(counties.pages)
    app.register_blueprint(county_items.pages)
    app.register_blueprint(questions.pages)
    app.register_blueprint(ruling.pages)
    app.register_blueprint(workspace.pages)
    app.register_blueprint(profile.pages)
    app.register_blueprint(pictures.pages)
    app.register_blueprint(items.pages)
    app.register_blueprint(arranging.pages)
    app.register_blueprint(adding.pages)
    app.register_blueprint(inventory.pages)
    app.register_blueprint(wording.pages)
    app.register_blueprint(why.pages)
    app.register_blueprint(studio.pages)
    app.register_blueprint(packages.pages)
    app.register_blueprint(history.pages)
    app.register_blueprint(life.pages)
    app.register_blueprint(succession.pages)
    app.register_blueprint(guide.pages)
    app.register_blueprint(api_arranging.pages)
    api.serve(app)
    mount(app)


def _limit(app: Flask) -> None:
    """Secrets may be tried so often by everybody at every process together; work is limited by each for itself."""
    views: dict[str, Any] = app.view_functions
    for view, (kind, whose) in SECRETS.items():
        views[view] = throttled(views[view], kind, whose)
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://", headers_enabled=True)
    views["pictures.put"] = limiter.limit(SENDING)(views["pictures.put"])
    for view in (
        *LINKS,
        "guide.index",
        "guide.show",
        "guide.picture",
        "federation.login",
        "federation.callback",
    ):
        views[view] = limiter.limit(PUBLIC)(views[view])
    for view in ("studio.page", "studio.pdf", "studio.word", "federation.backchannel"):
        views[view] = limiter.limit(DRAWING)(views[view])
    # Each may take seconds of the one process that lays pages out.
    views["wording.preview"] = limiter.limit(TRYING, key_func=factor.who)(views["wording.preview"])
