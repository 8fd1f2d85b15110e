"""The stylesheet below every document: faces by language, fixed tables, Chinese counters, page size."""

from townhall.documents.sheet import Sheet

DIGITS = "一二三四五六七八九"


def numeral(number: int) -> str:
    """A number from 1 to 99 in Chinese: 一, 十, 十一, 二十, 九十九."""
    tens, units = divmod(number, 10)
    return (
        ("" if tens < 2 else DIGITS[tens - 1]) + ("十" if tens else "") + (DIGITS[units - 1] if units else "")
    )


def _counter_style(name: str, prefix: str, suffix: str) -> str:
    symbols = " ".join(f'"{numeral(number)}"' for number in range(1, 100))
    return f'@counter-style {name}{{system:fixed 1;symbols:{symbols};prefix:"{prefix}";suffix:"{suffix}"}}\n'


COUNTERS = (
    _counter_style("han", "", "、")
    + _counter_style("han-paren", "（", "）")
    + _counter_style("han-plain", "", "")
    + _counter_style("article-hant", "第", "條 ")
    + _counter_style("article-hans", "第", "条 ")
)

# Everything sits in :where(), so that any rule of a template wins. Tables are fixed because automatic
# layout is super-linear in Chinese text.
BASE_CSS = (
    COUNTERS
    + """@page{margin:0}
:where(html){font-family:"Townhall Song TC";orphans:2;widows:2}
:where(html:lang(zh-Hant),[lang]:lang(zh-Hant)){--song:"Townhall Song TC";--hei:"Townhall Hei TC";--fang:"Townhall Fang TC";--kai:"Townhall Kai TC"}
:where(html:lang(zh-Hans),[lang]:lang(zh-Hans)){--song:"Townhall Song SC";--hei:"Townhall Hei SC";--fang:"Townhall Fang SC";--kai:"Townhall Kai SC"}
:where(html:lang(zh-Hant),[lang]:lang(zh-Hant)){font-family:"Townhall Song TC"}
:where(html:lang(zh-Hans),[lang]:lang(zh-Hans)){font-family:"Townhall Song SC"}
:where(body){margin:0}
:where(table){table-layout:fixed;width:100%;border-collapse:collapse}
:where(tr){break-inside:avoid}
"""
)


def page_css(sheet: Sheet) -> str:
    """The rules for one page format: the media is trim, bleed and slug on every side, its corner the origin.

    `--slug`, `--bleed`, `--trim-width` and `--trim-height` tell a template where the trim is.
    """
    width, height = (side + 2 * (sheet.bleed + sheet.slug) for side in (sheet.width, sheet.height))
    return (
        f"@page{{size:{width}mm {height}mm!important;bleed:0!important;marks:none!important}}"
        f"html{{--slug:{sheet.slug}mm;--bleed:{sheet.bleed}mm;--trim-width:{sheet.width}mm;--trim-height:{sheet.height}mm}}"
    )
