"""A file of one manner with nothing in it yet: its styles, numbers, faces, settings and page.

python-docx brings a file of its own to begin with; of that only the frame is kept.
"""

import io
from functools import lru_cache

from docx import Document
from docx.document import Document as Paper
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.oxml import serialize_part_xml
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.opc.rel import Relationships
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm

from townhall.documents.word.manners import MANNERS
from townhall.documents.word.numbering import counting, definitions
from townhall.documents.word.style import Face, Manner
from townhall.documents.word.styles import fonts, style_element, style_ids
from townhall.documents.word.xml import element
from townhall.script import HANS, HANT

LOCALES = {HANS: "zh-CN", HANT: "zh-TW"}
_FOREIGN = (
    "thumbnail",
    "stylesWithEffects",
    "webSettings",
    "customXml",
    "extended-properties",
    "fontTable",
)
_ROOTS = {"Default Paragraph Font", "Normal Table", "No List"}  # what a style without a base stands on
# By other names for programs that have the faces under them.
_ALIASES = {"宋体": "SimSun", "黑体": "SimHei", "仿宋": "FangSong", "仿宋_GB2312": "FangSong_GB2312"}
_EDGE = 15  # millimetres between the edge of the paper and what stands at its head and foot


@lru_cache(maxsize=8)
def blank(template: str, script: str) -> bytes:
    """The file for papers of a template in a script."""
    manner, paper = MANNERS[template], Document()
    for part in (paper.part.package, paper.part):
        _forget(part.rels)
    _set_page(paper, manner)
    _set_styles(paper, manner, script)
    _set_settings(paper.settings.element, script)
    _set_faces(paper.part, script)
    file = io.BytesIO()
    paper.save(file)
    return file.getvalue()


def _forget(relations: Relationships) -> None:
    foreign = [key for key, relation in relations.items() if relation.reltype.endswith(_FOREIGN)]
    for key in foreign:
        del relations[key]


def _set_page(paper: Paper, manner: Manner) -> None:
    page, (top, right, bottom, left) = paper.sections[0], manner.margins
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin, page.right_margin, page.bottom_margin, page.left_margin = map(
        Mm, (top, right, bottom, left)
    )
    page.header_distance, page.footer_distance = Mm(min(_EDGE, top / 2)), Mm(min(_EDGE, bottom / 2))


def _set_styles(paper: Paper, manner: Manner, script: str) -> None:
    ids, numbers = style_ids(manner.styles), counting(manner.styles)
    kept = paper.styles.element
    for style in kept.style_lst:
        if style.name_val not in _ROOTS:
            kept.remove(style)
    kept.replace(kept.find(qn("w:docDefaults")), _defaults(script))
    kept.extend(style_element(style, script, ids, numbers.get(style.name)) for style in manner.styles)
    numbering = paper.part.numbering_part.element
    numbering[:] = definitions(manner.styles, script, ids)


def _defaults(script: str) -> BaseOxmlElement:
    language = element("lang", val=LOCALES[script], eastAsia=LOCALES[script])
    letters = element("rPr", fonts(Face.SONG, script), language)
    return element("docDefaults", element("rPrDefault", letters), element("pPrDefault"))


def _set_settings(settings: BaseOxmlElement, script: str) -> None:
    """As a Chinese Word writes them: marks that close are pressed together, words are laid out as since Word 2013."""
    word = "http://schemas.microsoft.com/office/word"
    settings[:] = [
        element("zoom", percent=100),
        element("defaultTabStop", val=420),
        element("characterSpacingControl", val="compressPunctuation"),
        element("compat", element("compatSetting", name="compatibilityMode", uri=word, val=15)),
        element("themeFontLang", val=LOCALES[script], eastAsia=LOCALES[script]),
        element("decimalSymbol", val="."),
        element("listSeparator", val=","),
    ]


def _set_faces(paper: Part, script: str) -> None:
    names = sorted({face.called(script) for face in Face})
    faces = element(
        "fonts", *(element("font", element("altName", val=_ALIASES[name]), name=name) for name in names)
    )
    uri, table = PackURI("/word/fontTable.xml"), serialize_part_xml(faces)
    paper.relate_to(
        Part(uri, CONTENT_TYPE.WML_FONT_TABLE, table, paper.package), RELATIONSHIP_TYPE.FONT_TABLE
    )
