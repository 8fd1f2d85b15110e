"""The JSON interface to items as wholes: add one, take one away, bring one back, put all in order."""

from collections.abc import Callable
from typing import Annotated, Any

from flask import Blueprint, Response, abort, jsonify, request
from pydantic import BaseModel, Field
from spectree import Response as Answers

from provisioning.specs.values import has_control_characters
from townhall.accounts.rights import Right
from townhall.centres.arranging import added, away, brought_back, of_key
from townhall.centres.edit import Edit, EditRefused, item_of, next_key, ordering, removal
from townhall.web.api import FAULTS, PREFIX, Body, Fault, Refusal, document, refused
from townhall.web.desk import Desk
from townhall.web.editing import INVISIBLE, save
from townhall.web.guards import township
from townhall.web.language import msgid

pages = Blueprint("api_arranging", __name__, url_prefix=PREFIX)

ITEMS = "/townships/<string(length=9):code>/items"
ONE = f"{ITEMS}/<string(maxlength=120):key>"
KEY_IS_OURS = msgid("事項的鍵由平台給出，請不要填寫 key")
Key = Annotated[str, Field(max_length=120)]
Edits = Callable[[], list[Edit]]


class Seen(Body):
    """`seen` is the content hash that the change was made from; another one now means somebody else was faster."""

    seen: Annotated[str, Field(min_length=64, max_length=64)]
    reason: Annotated[str, Field(max_length=120)] = ""


class NewItem(Seen):
    """An item as the configuration has them, without its key; `{"blank": "…"}` is an explicit gap."""

    item: dict[str, Any]


class Order(Seen):
    """Every key of the items, once, in the order in which they are printed."""

    keys: Annotated[list[Key], Field(max_length=1000)]


class Arranged(BaseModel):
    """What a centre is after a change of its items; `key` is that of the item it was about, empty for an order."""

    key: str
    revision: int
    content_hash: str


CHANGES: dict[str, Any] = {"HTTP_400": Fault, "HTTP_422": Refusal, **FAULTS}
SENT: dict[str, Any] = {"HTTP_415": Fault, **CHANGES}


@pages.post(ITEMS)
@township(Right.EDIT)
@document.validate(resp=Answers(HTTP_200=Arranged, **SENT))
def add(desk: Desk, json: NewItem) -> Response:
    """Add an item of the township's own, behind the others of its category; its key is given."""
    key = next_key(desk.session, desk.unit)

    def edits() -> list[Edit]:
        if "key" in json.item:
            raise EditRefused([KEY_IS_OURS])
        return added(desk.spec, "items", item_of("items", {**json.item, "key": key}))

    return _sent(desk, json, edits, key)


@pages.put(f"{ITEMS}/order")
@township(Right.EDIT)
@document.validate(resp=Answers(HTTP_200=Arranged, **SENT))
def order(desk: Desk, json: Order) -> Response:
    """Put the items in another order."""
    return _sent(desk, json, lambda: [ordering("items", json.keys)], "")


@pages.delete(ONE)
@township(Right.EDIT)
@document.validate(resp=Answers(HTTP_200=Arranged, **CHANGES))
def remove(desk: Desk, key: str, query: Seen) -> Response:
    """Take an item away; its key has dots for colons."""
    item = of_key(desk.spec, "items", key.replace(".", ":")) or abort(404)
    return _arranged(desk, query, lambda: [removal("items", item.key)], item.key)


@pages.post(f"{ONE}/back")
@township(Right.EDIT)
@document.validate(resp=Answers(HTTP_200=Arranged, **SENT))
def bring_back(desk: Desk, key: str, json: Seen) -> Response:
    """Bring an item back that was taken away, as the standard has it; its key has dots for colons."""
    standard = desk.standard.upstream.centre
    known = {item.key for item in away(desk.spec, "items", standard)}
    own = key.replace(".", ":")
    if own not in known:
        abort(404)
    return _sent(desk, json, lambda: brought_back(desk.spec, "items", own, standard), own)


def _sent(desk: Desk, asked: Seen, edits: Edits, key: str) -> Response:
    if not request.is_json:
        abort(415)  # a form has no members to judge
    return _arranged(desk, asked, edits, key)


def _arranged(desk: Desk, asked: Seen, edits: Edits, key: str) -> Response:
    if reasons := _reasons(desk, asked, edits):
        return refused(reasons)
    centre = desk.centre
    made = Arranged(key=key, revision=centre.revision, content_hash=centre.content_hash)
    return jsonify(made.model_dump())


def _reasons(desk: Desk, asked: Seen, edits: Edits) -> list[str]:
    if has_control_characters(asked.reason):
        return [INVISIBLE]
    try:
        return [*save(desk, edits(), asked.reason, asked.seen)]
    except EditRefused as refusal:
        return [*refusal.reasons]
