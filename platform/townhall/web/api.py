"""The JSON interface: the same rights and the same tenants as the pages, described by an OpenAPI document of its own.

A program signs in as a person does and sends the token of its session with what it changes.
"""

from http import HTTPStatus
from typing import Annotated, Any, cast

from flask import Blueprint, Flask, Response, abort, jsonify, request
from flask_wtf.csrf import generate_csrf  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from spectree import Response as Answers
from spectree import SpecTree
from werkzeug.exceptions import HTTPException, UnprocessableEntity

from provisioning.canonical import canonical
from provisioning.specs.values import has_control_characters
from provisioning.wording import message
from townhall.accounts.models import Role
from townhall.accounts.rights import RIGHTS, Right
from townhall.centres.edit import Edit
from townhall.units.operations import visible
from townhall.web.addresses import slug
from townhall.web.desk import Desk
from townhall.web.edge import database
from townhall.web.editing import LONGEST, save
from townhall.web.fleet import Township, fleet
from townhall.web.guards import View, by_program, held_unit, holding, public, reader, requires, township
from townhall.web.profile import FIELDS

PREFIX = "/api/v1"
pages = Blueprint("api", __name__, url_prefix=PREFIX)


class Unfit(UnprocessableEntity):
    """A request that does not fit its schema: one Chinese sentence a field."""

    def __init__(self, problem: ValidationError) -> None:
        super().__init__()
        found = problem.errors(include_url=False)
        self.texts = [f"{'.'.join(map(str, one['loc']))}：{message(one)}" for one in found]


def _judge(_request: Any, _response: Any, problem: Exception | None, *_: Any) -> None:
    """Refuse in our own words what the schema refuses."""
    if isinstance(problem, ValidationError):
        raise Unfit(problem)


document = SpecTree(
    "flask",
    mode="strict",
    annotations=True,
    title="Townhall",
    version="1",
    path="api/openapi",
    page_templates={},
    before=_judge,
)

Text = Annotated[str, Field(max_length=LONGEST)]


class Body(BaseModel):
    """What a program sends: unknown members are refused."""

    model_config = ConfigDict(extra="forbid")


class Fault(BaseModel):
    error: str


class Refusal(BaseModel):
    errors: list[str]


class Me(BaseModel):
    """Who is signed in, in which role and unit, with which rights; `token` goes with every change (X-CSRFToken)."""

    login: str
    name: str
    role: str
    unit: str
    rights: list[str]
    token: str


class Search(Body):
    q: Annotated[str, Field(max_length=40)] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    offset: Annotated[int, Field(ge=0, le=100_000)] = 0


class Line(BaseModel):
    """One township; `percent` is how much of what the standard asks for is there by its own report."""

    code: str
    name: str
    name_hans: str
    kind: str
    county: str
    opened: bool
    percent: int
    missing: int
    envelope: int


class Lines(BaseModel):
    total: int
    townships: list[Line]


class Centre(BaseModel):
    code: str
    name: str
    status: str
    revision: int
    content_hash: str
    release: int
    profile: dict[str, Any]


class ItemLine(BaseModel):
    key: str
    name: str
    category: str
    windows: list[str]


class ProfileChange(Body):
    """Fields to set; `seen` is the content hash that the change was made from; an empty text restores the standard."""

    seen: Annotated[str, Field(min_length=64, max_length=64)]
    reason: Annotated[str, Field(max_length=120)] = ""
    fields: Annotated[dict[str, Text], Field(min_length=1, max_length=len(FIELDS))]


FAULTS: dict[str, Any] = {"HTTP_401": Fault, "HTTP_403": Fault, "HTTP_404": Fault, "HTTP_410": Fault}


@pages.get("/me")
@requires(None)
@document.validate(resp=Answers(HTTP_200=Me, HTTP_401=Fault, HTTP_403=Fault))
def me() -> Response:
    """Who is signed in."""
    held = holding()
    role = held.role if held else ""
    rights = sorted(right.value for right in RIGHTS[Role(role)])
    mine = Me(
        login=reader().login,
        name=reader().name,
        role=role,
        unit=held_unit().code,
        rights=rights,
        token=generate_csrf(),
    )
    return jsonify(mine.model_dump())


@pages.get("/townships")
@requires(Right.LIST)
@document.validate(resp=Answers(HTTP_200=Lines, HTTP_422=Refusal, HTTP_401=Fault, HTTP_403=Fault))
def townships(query: Search) -> Response:
    """The townships within one's unit, by code; `q` is part of a name or a code."""
    towns = fleet(database(), visible(held_unit()))
    found = [one for one in towns if query.q in f"{one.unit.name} {one.unit.name_hans} {one.code}"]
    part = found[query.offset : query.offset + query.limit]
    return jsonify(Lines(total=len(found), townships=[_line(one) for one in part]).model_dump())


@pages.get("/townships/<string(length=9):code>")
@township(Right.READ)
@document.validate(resp=Answers(HTTP_200=Centre, **FAULTS))
def show(desk: Desk) -> Response:
    """One centre: where it stands and its local facts."""
    return jsonify(_centre(desk).model_dump())


@pages.get("/townships/<string(length=9):code>/configuration")
@township(Right.READ)
@document.validate(resp=Answers("HTTP_200", **FAULTS))
def configuration(desk: Desk) -> Response:
    """Everything that a centre consists of, in canonical form (rule A8)."""
    answer = jsonify(canonical(desk.spec))
    answer.set_etag(desk.centre.content_hash)
    return answer


@pages.get("/townships/<string(length=9):code>/items")
@township(Right.READ)
@document.validate(resp=Answers("HTTP_200", **FAULTS))
def items(desk: Desk) -> Response:
    """The service items of a centre, in printed order."""
    lines = [
        ItemLine(key=one.key, name=one.name, category=one.category, windows=sorted(one.windows))
        for one in desk.spec.items
    ]
    return jsonify([line.model_dump() for line in lines])


@pages.get("/townships/<string(length=9):code>/items/<string(maxlength=120):key>")
@township(Right.READ)
@document.validate(resp=Answers("HTTP_200", **FAULTS))
def item(desk: Desk, key: str) -> Response:
    """One service item with every element of its guide; its key has dots for colons."""
    found = next((one for one in desk.spec.items if slug(one.key) == key), None)
    if found is None:
        abort(404)
    return jsonify(canonical(found))


@pages.patch("/townships/<string(length=9):code>/profile")
@township(Right.EDIT)
@document.validate(resp=Answers(HTTP_200=Centre, HTTP_400=Fault, HTTP_415=Fault, HTTP_422=Refusal, **FAULTS))
def change(desk: Desk, json: ProfileChange) -> Response:
    """Set local facts: all of them or none."""
    if not request.is_json:
        abort(415)  # a form has no members to judge
    reasons = [
        *_faults(json),
        *(() if _faults(json) else save(desk, _edits(desk, json), json.reason, json.seen)),
    ]
    if reasons:
        return refused(reasons)
    desk.forget()
    return jsonify(_centre(desk).model_dump())


def _faults(json: ProfileChange) -> list[str]:
    unknown = [f"沒有「{name[:40]}」這一欄" for name in json.fields if name not in FIELDS]
    texts = [json.reason, *json.fields.values()]
    return unknown + ["內容含有控制字符"] * any(has_control_characters(text) for text in texts)


def _edits(desk: Desk, json: ProfileChange) -> list[Edit]:
    standard = canonical(desk.standard.upstream.centre.profile)
    return [
        Edit("profile", None, name, text.strip() or standard.get(name)) for name, text in json.fields.items()
    ]


def _line(one: Township) -> Line:
    unit = one.unit
    return Line(
        code=one.code,
        name=unit.name,
        name_hans=unit.name_hans,
        kind=unit.kind,
        county=one.county.code[:6],
        opened=one.readiness is not None,
        percent=one.percent,
        missing=one.missing,
        envelope=one.envelope,
    )


def _centre(desk: Desk) -> Centre:
    return Centre(
        code=desk.code,
        name=desk.name("hant"),
        status=desk.centre.status,
        revision=desk.centre.revision,
        content_hash=desk.centre.content_hash,
        release=desk.standard.release.number,
        profile=canonical(desk.spec.profile),
    )


def serve(app: Flask) -> None:
    """Put the interface and its document (/api/openapi/openapi.json) into the application; faults are JSON there."""
    app.register_blueprint(pages)
    document.register(app)
    for endpoint in app.view_functions:
        if endpoint.startswith("openapi_"):
            public(cast("View", app.view_functions[endpoint]))


def fault(error: Exception) -> Response | None:
    """The answer to a fault of the interface, or None where a page was asked for."""
    if not by_program():
        return None
    code = error.code if isinstance(error, HTTPException) and error.code else 500
    if isinstance(error, Unfit):
        return refused(error.texts)
    answer = jsonify(Fault(error=HTTPStatus(code).phrase).model_dump())
    answer.status_code = code
    return answer


def refused(texts: list[str]) -> Response:
    """The answer to what cannot be done, in Chinese sentences."""
    sound = [text.encode("utf-8", "backslashreplace").decode() for text in texts]  # half a sign is no text
    answer = jsonify(Refusal(errors=sound).model_dump())
    answer.status_code = 422
    return answer
