"""The map of how to get there on the full guide: the bytes we painted, in its place, the same every time."""

import io
import random

import pypdf
from PIL import Image

from tests.fixtures.bombs import GOOD_SVG
from tests.fixtures.papers import ISSUE, filled
from tests.fixtures.soak import SEED
from townhall.documents.commission import Illustration
from townhall.documents.context import context
from townhall.documents.drawing import accepted_picture
from townhall.documents.fonts import ensure_faces
from townhall.documents.html import compose
from townhall.documents.pdf import Renderer
from townhall.documents.sheet import Sheet
from townhall.intake.raster import STORED_AT_MOST, repaint

ITEM = "zhou:temporary-relief"


def guide(way: Illustration | None) -> Sheet:
    sample = filled()
    document = sample.document("guide")
    plain = context(document, ITEM, sample.centre, sample.unit, sample.pack.header, ISSUE, "hant", way)
    return compose(document, sample.pack.templates, plain, "hant")


def sketch() -> Illustration:
    made = accepted_picture("示意圖.svg", GOOD_SVG, ensure_faces().directory)
    return Illustration(made.mime, made.width, made.height, made.data)


def pictures(pdf: bytes) -> set[tuple[int, int]]:
    """The sizes in pixels of the pictures in a document, whatever pages share them."""
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return {image.image.size for page in pages for image in page.images if image.image}


def test_a_guide_with_its_map_is_the_same_bytes_every_time_and_bears_one_picture_more() -> None:
    way = sketch()
    first, second = (Renderer(ensure_faces()).render(guide(way)) for _ in range(2))
    assert first == second
    assert pictures(first) == {(way.width, way.height)}
    assert pictures(Renderer(ensure_faces()).render(guide(None))) == set()


def test_the_largest_picture_that_is_kept_can_be_printed() -> None:
    output = io.BytesIO()
    Image.frombytes("RGB", (1600, 1200), random.Random(SEED).randbytes(1600 * 1200 * 3)).save(
        output, "JPEG", quality=95
    )
    made = repaint(output.getvalue())
    assert STORED_AT_MOST // 2 < len(made.data) <= STORED_AT_MOST
    sheet = guide(Illustration(made.mime, made.width, made.height, made.data))
    assert pictures(Renderer(ensure_faces()).render(sheet)) == {(1600, 1200)}
