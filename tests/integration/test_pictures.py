"""The map and the photograph of a centre: put up, shown, printed, taken down, each with a revision and a record."""

import base64
import hashlib
import io
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.fixtures import bombs
from tests.fixtures.checking import Browser, Page, faults, parsed
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import ABROAD, HOME, Site
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.audit.operations import records
from townhall.centres.archive import write_archive
from townhall.centres.archive_file import read_archive
from townhall.centres.lifecycle import take
from townhall.centres.models import Centre, Revision
from townhall.centres.pictures import ABSENT, OVERTAKEN, PictureRefused, put_picture, remove_picture
from townhall.documents.production import binder
from townhall.intake.raster import Bitmap, repaint
from townhall.pictures.models import Picture, PictureKind
from townhall.tenancy import scope_of, scoped
from townhall.units.models import Unit

UNIT = f"{HOME}000"
PROFILE, MAP = f"/t/{HOME}/profile", f"/t/{HOME}/pictures/map"
ACT = host_act("測試", MOMENT, "更換")


def send(browser: Browser, data: bytes, name: str, *, address: str = MAP, seen: str = "") -> TestResponse:
    page = browser.get(PROFILE)
    form = {"csrf_token": page.token(), "picture": seen, "file": (io.BytesIO(data), name)}
    return posted(browser, address, form)


def posted(browser: Browser, address: str, form: dict[str, object]) -> TestResponse:
    """The answer; the test client leaves what it sent, a file when it is long, to be closed by whoever is last."""
    answer = browser.client.post(address, data=form)
    answer.request.environ["wsgi.input"].close()
    return answer


def stored(site: Site, unit: str = UNIT) -> dict[str, str]:
    with Session(site.sessions.kw["bind"], info=scoped(scope_of(unit))) as session:
        return {one.key: one.digest for one in session.scalars(select(Picture))}


def shown(response: TestResponse) -> str:
    root = parsed(response.get_data(as_text=True))
    assert not faults(root)
    return Page(response, root, response.get_data()).text


def test_a_director_puts_up_a_map_and_everybody_sees_the_same_bytes(site: Site) -> None:
    browser = site.browser("director")
    assert send(browser, bombs.good_jpeg(), "門口.JPG").status_code == 303
    digest = stored(site)["map"]
    answer = browser.client.get(MAP)
    assert hashlib.sha256(answer.get_data()).hexdigest() == digest
    assert (answer.mimetype, answer.headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert browser.client.get(MAP, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    public = site.browser()
    assert public.client.get(f"/g/{HOME}/pictures/map").get_data() == answer.get_data()
    (image,) = public.get(f"/g/{HOME}/zhou.temporary-relief").find("img", alt="位置示意圖")
    assert image.attrib["src"].startswith(f"/g/{HOME}/pictures/map?v={digest[:12]}")
    assert browser.get(PROFILE).find("img", alt="位置示意圖")


@pytest.mark.parametrize("name", ["map", "photo"])
def test_where_there_is_no_picture_there_is_none(site: Site, name: str) -> None:
    assert site.browser("director").client.get(f"/t/{HOME}/pictures/{name}").status_code == 404
    assert site.browser().client.get(f"/g/{HOME}/pictures/{name}").status_code == 404
    assert "怎麼找到我們" not in site.browser().get(f"/g/{HOME}/zhou.temporary-relief").text


@pytest.mark.parametrize(
    ("language", "words"), [("hant", "只能上傳 PNG"), ("hans", "只能上传 PNG"), ("en", "Only PNG and JPEG")]
)
def test_a_refusal_is_in_the_readers_language_and_nothing_is_kept(
    site: Site, language: str, words: str
) -> None:
    browser = site.browser("director", language)
    answer = send(browser, b"GIF89a" + bytes(99), "x.png")
    assert answer.status_code == 422
    assert words in shown(answer)
    assert stored(site) == {}


@pytest.mark.parametrize(
    ("name", "data"), [("../../x.png", bombs.good_png()), ("", bombs.good_png()), ("x.png", b"")]
)
def test_a_bad_name_and_no_file_are_refused(site: Site, name: str, data: bytes) -> None:
    assert send(site.browser("director"), data, name).status_code == 422
    assert stored(site) == {}


def test_more_than_the_limit_is_refused_before_it_is_read(site: Site) -> None:
    answer = send(site.browser("director", "en"), bytes(8_200_000), "x.png")
    assert (answer.status_code, "too large" in shown(answer)) == (413, True)


def test_only_where_pictures_go_and_only_signed_in_a_form_may_be_large(site: Site) -> None:
    large = {"file": (io.BytesIO(bytes(2_000_000)), "x.png")}
    assert posted(site.browser(), MAP, large).status_code == 413
    large = {"file": (io.BytesIO(bytes(2_000_000)), "x.png")}
    assert posted(site.browser("director"), PROFILE, large).status_code == 413


def test_a_picture_is_replaced_and_removed_only_by_who_saw_it(site: Site) -> None:
    browser = site.browser("director")
    assert send(browser, bombs.good_png(), "a.png").status_code == 303
    first = stored(site)["map"]
    assert send(browser, bombs.good_jpeg(), "b.jpg").status_code == 422  # saw none
    assert send(browser, bombs.good_jpeg(), "b.jpg", seen=first).status_code == 303
    second = stored(site)["map"]
    assert second != first
    token = browser.get(PROFILE).token()
    stale = browser.client.post(f"{MAP}/remove", data={"csrf_token": token, "picture": first})
    assert (stale.status_code, stored(site)) == (422, {"map": second})
    gone = browser.client.post(f"{MAP}/remove", data={"csrf_token": token, "picture": second})
    assert (gone.status_code, stored(site)) == (303, {})


@pytest.mark.parametrize(
    ("login", "status"), [("county", 403), ("clerk", 403), ("neighbour", 404), ("auditor", 403)]
)
def test_who_may_not_edit_a_centre_changes_no_picture(site: Site, login: str, status: int) -> None:
    browser = site.browser(login)
    token = browser.get("/account").token()
    form = {"csrf_token": token, "picture": "", "file": (io.BytesIO(bombs.good_png()), "a.png")}
    assert browser.client.post(MAP, data=form).status_code == status
    assert stored(site) == {}


def test_the_page_of_records_names_the_picture_and_its_hashes(site: Site) -> None:
    browser = site.browser("director", "en")
    send(browser, bombs.good_png(), "a.png")
    words = browser.get(f"/t/{HOME}/history").text
    assert "Map of how to get there — → SHA-256" in words
    assert stored(site)["map"][:12] in words


# The operations, on both databases.


def bitmap() -> Bitmap:
    return repaint(bombs.good_png())


def test_each_change_is_a_revision_and_a_record_of_the_hashes(session: Session, unit: Unit) -> None:
    before = session.get_one(Centre, unit.code).content_hash
    put_picture(session, unit, PictureKind.MAP, bitmap(), seen="", act=ACT)
    digest = hashlib.sha256(bitmap().data).hexdigest()
    assert (
        put_picture(session, unit, PictureKind.MAP, bitmap(), seen=digest, act=ACT) == 2
    )  # the same: no revision
    assert remove_picture(session, unit, PictureKind.MAP, seen=digest, act=ACT) == 3
    found = [one for one in records(session, unit.code) if one.action == "centre.picture"]
    assert [one.changes for one in found] == [
        [["", None, "picture.map", None, digest]],
        [["", None, "picture.map", digest, None]],
    ]
    revisions = session.scalars(select(Revision).order_by(Revision.number)).all()
    assert [(one.number, one.content_hash, one.reason) for one in revisions][1:] == [
        (2, before, "更換"),
        (3, before, "更換"),
    ]
    assert revisions[1].changes == revisions[0].changes


def test_a_closed_centre_and_a_stale_page_change_nothing(session: Session, unit: Unit) -> None:
    with pytest.raises(PictureRefused, match=OVERTAKEN):
        put_picture(session, unit, PictureKind.MAP, bitmap(), seen="0" * 64, act=ACT)
    with pytest.raises(PictureRefused, match=ABSENT):
        remove_picture(session, unit, PictureKind.MAP, seen="", act=ACT)
    take(session, ACT, unit, "suspend")
    with pytest.raises(PictureRefused, match="只可查閱"):
        put_picture(session, unit, PictureKind.MAP, bitmap(), seen="", act=ACT)
    assert session.scalars(select(Picture)).all() == []
    assert not session.scalars(select(AuditRecord).filter_by(action="centre.picture")).all()


def test_the_full_guide_bears_the_map_and_is_another_edition(session: Session, unit: Unit) -> None:
    def sheet() -> tuple[str, str]:
        made = binder(session, unit, public_url=None).as_draft()
        order = made.order("guide", "zhou:temporary-relief", "hant")
        assert order is not None
        return made.sheet(order).html, made.issue.number

    html, number = sheet()
    assert "位置示意圖" not in html
    put_picture(session, unit, PictureKind.MAP, bitmap(), seen="", act=ACT)
    put_picture(session, unit, PictureKind.PHOTO, bitmap(), seen="", act=ACT)
    assert (sheet()[0].count("data:image/png;base64,"), sheet()[1] != number) == (1, True)
    assert sheet() == sheet()


def test_an_archive_holds_the_pictures_as_they_are(session: Session, unit: Unit, tmp_path: Path) -> None:
    put_picture(session, unit, PictureKind.MAP, bitmap(), seen="", act=ACT)
    write_archive(session, unit, tmp_path / "a.zip")
    (row,) = read_archive(tmp_path / "a.zip").rows["picture"]
    assert (row["key"], base64.b64decode(row["data"])) == ("map", bitmap().data)


def test_a_foreign_picture_is_not_shown(site: Site) -> None:
    send(site.browser("director"), bombs.good_png(), "a.png")
    assert site.browser("neighbour").client.get(MAP).status_code == 404
    assert site.browser("prefecture").client.get(MAP).status_code == 200
    assert site.browser("director").client.get(f"/t/{ABROAD}/pictures/map").status_code == 404
