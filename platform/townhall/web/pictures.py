"""The pictures of a centre: put up, looked at, taken down on the page of its local facts."""

from flask import Blueprint, Flask, Response, abort, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from townhall.accounts.rights import Right
from townhall.centres.pictures import PictureRefused, put_picture, remove_picture
from townhall.documents.drawing import accepted_picture
from townhall.intake.kinds import PICTURE_BYTES
from townhall.intake.refusals import NO_FILE, Refused
from townhall.pictures.models import Picture, PictureKind
from townhall.pictures.operations import picture_of
from townhall.web import profile
from townhall.web.desk import Desk
from townhall.web.guards import TOKEN, acting, township
from townhall.web.language import msgid, translate
from townhall.web.studio import press

pages = Blueprint("pictures", __name__, url_prefix="/t/<code9:code>/pictures")

FORM_BYTES = 100_000  # what a form sends besides its file
NAMED = "<any(map, photo):name>"
REASONS = {PictureKind.MAP: "更換位置示意圖", PictureKind.PHOTO: "更換中心照片"}
REMOVALS = {PictureKind.MAP: "移除位置示意圖", PictureKind.PHOTO: "移除中心照片"}
PUT_UP = msgid("圖片已更換。")
TAKEN_DOWN = msgid("圖片已移除。")


@pages.get(f"/{NAMED}")
@township(Right.READ)
def show(desk: Desk, name: str) -> ResponseReturnValue:
    """The bytes as we painted them."""
    return answered(picture_of(desk.session, desk.unit.code, PictureKind(name)))


@pages.post(f"/{NAMED}")
@township(Right.EDIT)
def put(desk: Desk, name: str) -> ResponseReturnValue:
    """Put up the picture in the form, or show the page again with the reason for refusing it."""
    kind = PictureKind(name)
    try:
        bitmap = accepted_picture(*_sent(), press().faces.directory)
        put_picture(desk.session, desk.unit, kind, bitmap, seen=_seen(), act=acting(REASONS[kind]))
    except Refused as refusal:
        return _refused(desk, kind, translate(refusal.reason, **refusal.values))
    except PictureRefused as refusal:
        return _refused(desk, kind, translate(str(refusal)))
    return _done(desk, PUT_UP)


@pages.post(f"/{NAMED}/remove")
@township(Right.EDIT)
def remove(desk: Desk, name: str) -> ResponseReturnValue:
    """Take the picture down."""
    kind = PictureKind(name)
    try:
        remove_picture(desk.session, desk.unit, kind, seen=_seen(), act=acting(REMOVALS[kind]))
    except PictureRefused as refusal:
        return _refused(desk, kind, translate(str(refusal)))
    return _done(desk, TAKEN_DOWN)


def answered(picture: Picture | None) -> Response:
    """A picture as an answer, or 404; its address changes with its content, so browsers may keep it."""
    if picture is None:
        abort(404)
    answer = Response(picture.data, mimetype=picture.mime)
    answer.headers["Content-Disposition"] = "inline"
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(picture.digest)
    answer.make_conditional(request)
    return answer


def admit(app: Flask) -> None:
    """Let whoever is signed in send files where pictures are put up; everywhere else forms stay small.

    Registered before whatever reads the form: by then the limit must be known.
    """

    def limit() -> None:
        if request.endpoint == "pictures.put" and TOKEN in session:
            request.max_content_length = PICTURE_BYTES + FORM_BYTES

    app.before_request(limit)


def _sent() -> tuple[str, bytes]:
    """The name and the bytes of the file in the form. Raises `Refused`."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Refused(NO_FILE)
    with sent.stream as stream:  # a file of its own where it is large
        return sent.filename, stream.read()


def _seen() -> str:
    return request.form.get("picture", "-")  # a form without it was not ours


def _refused(desk: Desk, kind: PictureKind, reason: str) -> ResponseReturnValue:
    desk.session.rollback()
    return profile.page(desk, refused={kind: reason}), 422


def _done(desk: Desk, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("profile.show", code=desk.code, _anchor="pictures"), 303)
