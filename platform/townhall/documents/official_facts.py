"""公文: papers of an office in the layout of GB/T 9704-2012, so far the notice that puts a regime into force.

What such a paper needs and nobody here may know is left for the registry to write in: the code and the number of
the document (發文字號, 7.2.5). The seal is pressed by hand; none is drawn.
"""

from typing import Any

from provisioning.naming import bare
from townhall.documents.commission import Commission
from townhall.documents.errors import Overflow
from townhall.documents.fields import day, year_mark
from townhall.documents.fitting import extent
from townhall.documents.wall_facts import regime_sheet

Facts = dict[str, Any]

_TITLE_LINE = 20  # characters of 二號 (22 pt) that the 156 mm of the text area hold
# Millimetres. The mark is smaller than 22 mm (7.2.4); below the smallest it would be lost beside the title.
_MARK_WIDTH, _MARK_LARGEST, _MARK_SMALLEST = 156.0, 15.0, 7.0


def regime_notice(commission: Commission) -> Facts:
    """The notice with the regime as its annex. Raises what `regime_sheet` raises, `Overflow` for a name too long."""
    facts = regime_sheet(commission)
    organ, county = office(commission), commission.unit.county
    title = [commission.pen.text(line) for line in (organ, f"關於印發《{facts['regime']['title']}》的通知")]
    official = {
        "organ": commission.pen.text(organ),
        "mark": _mark(commission.pen.text(f"{organ}文件")),
        "year": year_mark(commission.issue.date),
        "title": _within(title),
        "addressee": commission.pen.text("各村（社區），便民服務中心各窗口："),
        "paragraphs": [_written(commission, *one) for one in _notice(facts["regime"]["title"])],
        "date": day(commission.issue.date),
        "copies": commission.pen.text(f"{county}政務服務中心。"),
    }
    return {**facts, "title": "".join(title), "official": official | _signed(official)}


def office(commission: Commission) -> str:
    """The office that issues: of a street its 辦事處, of a 鄉 or 鎮 its people's government, after the county's name."""
    unit = commission.unit
    return f"{unit.county}{bare(unit.name)}{'辦事處' if unit.kind == '街道' else '人民政府'}"


def _notice(title: str) -> tuple[tuple[int, str, str], ...]:
    """Level (0 text, 1 一、, 2 （一）), heading and text of each paragraph."""
    return (
        (0, "", f"現將《{title}》印發給你們，請遵照執行。"),
        (1, "一、落實責任", ""),
        (2, "（一）中心主任負總責。", "組織窗口人員逐條學習，做到人人知曉、對照辦事。"),
        (2, "（二）各窗口抓日常。", "把本制度的要求落實到收件、辦理和答覆的每個環節，做不到的及時說明原因。"),
        (1, "二、公開執行", ""),
        (2, "（一）上牆公布。", "本制度在便民服務中心大廳的顯著位置公布，同時公布監督投訴電話。"),
        (2, "（二）接受監督。", "群眾反映未按本制度辦理的，逐件核查並答覆。"),
    )


def _written(commission: Commission, level: int, heading: str, text: str) -> Facts:
    pen = commission.pen
    return {"level": level, "heading": pen.text(heading), "text": pen.text(text)}


def _mark(words: str) -> Facts:
    """發文機關標志 in one line, in millimetres: as large as fits, smaller than 22 mm (7.2.4)."""
    size = round(min(_MARK_LARGEST, _MARK_WIDTH / extent(words)), 2)
    if size < _MARK_SMALLEST:
        raise Overflow(2, 1, f"發文機關標志「{words}」一行放不下")
    return {"text": words, "size": size}


def _within(title: list[str]) -> list[str]:
    if (longest := max(title, key=extent)) and extent(longest) > _TITLE_LINE:
        raise Overflow(2, 1, f"標題「{longest}」一行放不下")
    return title


def _signed(official: Facts) -> Facts:
    """How far from the right edge, in characters, the office and the date stand (7.3.5.1).

    The date ends four characters from the edge; the office stands in its middle, unless it is so much longer that it
    would leave the text area.
    """
    inset = 4 + (extent(official["date"]) - extent(official["organ"])) / 2
    return {"date_inset": 4, "organ_inset": max(inset, 0)}
