"""How each kind of paper is written in Word, by its template. Sizes follow the printed paper's style sheet."""

from types import MappingProxyType

from townhall.documents.word.style import NORMAL, Face, Kind, Manner, Numbering, Style

SONG, HEI, FANGSONG = Face.SONG, Face.HEI, Face.FANGSONG
ARABIC, BULLET, HAN = "decimal", "bullet", "chineseCountingThousand"
BOX = ("top", "left", "bottom", "right")


def _common(width: float) -> tuple[Style, ...]:
    """What every paper has; `width` is that of its text in millimetres."""
    return (
        Style("Strong", Kind.CHARACTER, face=HEI, bold=True),
        Style("header", face=HEI, size=14, bold=True, align="center", pitch=18),
        Style("footer", size=9, align="left", pitch=13, tab=width, borders=("top",)),
        Style("草稿提示", face=HEI, size=12, bold=True, align="center", after=8, pitch=18, borders=BOX),
    )


_SHARED = {".draft-mark": "header", ".foot table": "footer", ".draft-note": "草稿提示"}
_NOTICE = {".notice .hei": "提示標題", ".notice p": "提示"}
_NOTICE_STYLES = (
    Style("提示標題", face=HEI, bold=True, before=10, keep=True, borders=BOX),
    Style("提示", borders=BOX),
)
_LIST = Numbering(ARABIC, "%1.", hang=6.5)

GUIDE = Manner(
    margins=(20, 20, 24, 24),
    styles=(
        Style(NORMAL, face=SONG, size=10.5, align="both", pitch=16.5),
        *_common(166),
        Style("單位名稱", face=HEI, size=11, align="left", after=6),
        Style("Subtitle", face=HEI, size=12, align="left"),
        Style(
            "heading 1",
            face=HEI,
            size=22,
            bold=True,
            align="left",
            before=2,
            after=2,
            pitch=28,
            level=0,
            keep=True,
        ),
        Style(
            "heading 2",
            face=HEI,
            bold=True,
            before=9,
            after=2,
            level=1,
            keep=True,
            numbering=Numbering(ARABIC, "%1", hang=7),
        ),
        Style("heading 3", face=HEI, bold=True, before=3, level=2, keep=True),
        Style("List Number", numbering=_LIST),
        Style(
            "辦理環節",
            face=HEI,
            bold=True,
            before=5,
            keep=True,
            tab=166,
            numbering=Numbering(ARABIC, "%1", hang=6.5),
        ),
        Style("環節說明", left=6.5),
        Style("附註", size=9.5, left=6.5),
        Style("問題", face=HEI, bold=True, before=4, keep=True),
        Style("解答"),
        Style("結語", before=8, align="center"),
        Style("插圖", before=4, pitch=0),
        *_NOTICE_STYLES,
        Style("要點名稱", size=9.5, align="left", pitch=14, keep=True),
        Style("要點", face=HEI, size=13, bold=True, align="left", pitch=20),
        Style("表頭", face=HEI, size=9.5, bold=True, align="left", pitch=14),
        Style("表內文字", size=10, align="left", pitch=15, whole=True),
        Style("表內要點", base="表內文字", face=HEI),
        Style("要點表", Kind.TABLE, borders=("top", "bottom")),
        Style("信息表", Kind.TABLE, borders=("top", "bottom", "insideH")),
        Style("材料表", Kind.TABLE, borders=("top", "bottom", "insideH"), shaded=True),
    ),
    blocks=MappingProxyType(
        _SHARED
        | _NOTICE
        | {
            "h1": "heading 1",
            "h2": "heading 2",
            ".flow table": "辦理環節",
            "h3": "heading 3",
            ".kind": "Subtitle",
            ".org": "單位名稱",
            ".facts th": "要點名稱",
            ".facts td": "要點",
            ".materials td.hei": "表內要點",
            "th": "表頭",
            "td": "表內文字",
            "li.numbered": "List Number",
            ".flow .actor": "附註",
            ".flow p": "環節說明",
            "dt": "問題",
            "dd": "解答",
            ".closing": "結語",
            ".way": "插圖",
            ".facts": "要點表",
            ".pairs": "信息表",
            ".materials": "材料表",
        }
    ),
    runs=MappingProxyType({"b": "Strong"}),
    pictures=MappingProxyType({".qr": -21.0}),
)

BRIEF = Manner(
    margins=(16, 18, 20, 18),
    styles=(
        Style(NORMAL, face=SONG, size=12, align="both", pitch=18),
        *_common(174),
        Style("單位名稱", face=HEI, align="left"),
        Style(
            "heading 1",
            face=HEI,
            size=24,
            bold=True,
            align="left",
            after=6,
            pitch=32,
            borders=("bottom",),
            level=0,
            keep=True,
        ),
        Style(
            "heading 2",
            face=HEI,
            size=14,
            bold=True,
            before=10,
            after=2,
            level=1,
            keep=True,
            numbering=Numbering(HAN, "%1　"),
        ),
        Style("引語", face=HEI, bold=True, keep=True),
        Style("List Number", numbering=_LIST),
        Style("List Bullet", numbering=Numbering(BULLET, "·", hang=5)),
        *_NOTICE_STYLES,
        Style("要點", face=HEI, size=16, bold=True, align="left", pitch=22),
        Style("要點名稱", Kind.CHARACTER, size=12, bold=False),
        Style("表頭", face=HEI, bold=True, align="left", pitch=18),
        Style("表內文字", align="left", pitch=18),
        Style("電話", base="表內文字", face=HEI, size=14, bold=True),
        Style("圖注", face=HEI, size=10, align="center", pitch=0),
        Style("要點表", Kind.TABLE),
        Style("聯絡表", Kind.TABLE),
    ),
    blocks=MappingProxyType(
        _SHARED
        | _NOTICE
        | {
            "h1": "heading 1",
            "h2": "heading 2",
            ".org": "單位名稱",
            ".lead": "引語",
            ".numbered": "List Number",
            "ul li": "List Bullet",
            ".big td": "要點",
            ".big table": "要點表",
            ".qr p": "圖注",
            "td.qr": "圖注",
            "td.phone": "電話",
            "th": "表頭",
            "td": "表內文字",
            ".where": "聯絡表",
        }
    ),
    runs=MappingProxyType({"b": "Strong", ".tag": "要點名稱"}),
    pictures=MappingProxyType({".qr img": 27.0}),
)

REGIME = Manner(
    margins=(37, 26, 35, 28),
    styles=(
        # 版心156×225毫米、三號字、每面22行（GB/T 9704-2012，5.2）；不套紅頭，不是公文。
        Style(NORMAL, face=FANGSONG, size=16, align="both", pitch=28.95),
        *_common(156),
        Style("單位名稱", face=SONG, align="center"),
        Style("審查提示", face=HEI, size=12, align="center", after=8),
        Style(
            "heading 1",
            face=SONG,
            size=22,
            bold=True,
            align="center",
            after=28.95,
            pitch=36,
            level=0,
            keep=True,
        ),
        Style("條文", first=2, size=16, numbering=Numbering(HAN, "%1、")),
        Style("正文段落", first=2, size=16),
        Style(
            "文末說明", face=SONG, size=10.5, align="left", pitch=15, before=8, keep=True, borders=("top",)
        ),
    ),
    blocks=MappingProxyType(
        _SHARED
        | {
            ".review": "審查提示",
            ".org": "單位名稱",
            "h1": "heading 1",
            ".article.numbered": "條文",
            ".article": "正文段落",
            ".close p": "文末說明",
        }
    ),
    runs=MappingProxyType({"b": "Strong"}),
    pictures=MappingProxyType({}),
)

MANNERS = MappingProxyType({"guide.html": GUIDE, "guide-brief.html": BRIEF, "regime-a4.html": REGIME})
