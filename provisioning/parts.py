"""The places in documents that a township words itself: which there are, and what their texts may mention.

A closed list: each part is a field of the profile, so that policies, overlays, revisions and plans hold for it as for
any other value. Its language is in `provisioning.partlanguage`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from provisioning.labels import FIELD
from provisioning.partlanguage import BadPart, Choice, Fault, Node, Value, Words, parsed
from provisioning.specs import Profile


@dataclass(frozen=True, slots=True)
class Mention:
    """A fact that a part may mention, by its name in either script.

    `example` stands in where there is none yet; `optional` says that some papers have none.
    """

    key: str
    name: str
    name_hans: str
    meaning: str
    example: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class TextPart:
    """A place on paper: the field of its text, the templates it stands in, what it may mention, how long it may get.

    `longest` counts characters as they are printed, with the examples for what is mentioned.
    """

    field: str
    templates: tuple[str, ...]
    place: str
    mentions: tuple[Mention, ...]
    longest: int
    lines: int = 1


_CENTRE = Mention("centre", "中心名稱", "中心名称", "本中心的全稱", "清溪鄉便民服務中心")
_UNIT = Mention("unit", "鄉鎮名稱", "乡镇名称", "本鄉（鎮、街道）的名稱", "清溪鄉")
_HOTLINE = Mention("hotline", "熱線電話", "热线电话", "基本信息中的熱線電話", "0000-0000001")
_COMPLAINT = Mention(
    "complaint_phone", "監督投訴電話", "监督投诉电话", "基本信息中的監督投訴電話", "0000-0000002"
)
_ADDRESS = Mention("address", "辦公地址", "办公地址", "基本信息中的辦公地址", "清溪鄉樣例路1號")
_HOURS = Mention(
    "opening_hours", "辦公時間", "办公时间", "基本信息中的辦公時間", "工作日9:00至12:00，13:30至17:30"
)
_DATE = Mention("date", "版本日期", "版本日期", "這一版內容的日期", "2026年3月1日")
_ITEM = Mention("item", "事項名稱", "事项名称", "這份指南所講的事項", "最低生活保障申請")
_LIMIT = Mention("promised_limit", "承諾時限", "承诺时限", "該事項的承諾辦結時限", "20個工作日")
_FORMER = Mention(
    "former_names", "曾用名稱", "曾用名称", "該事項以前的叫法，沒有時為空", "農村最低生活保障申請", True
)
_REGIME = Mention("regime", "制度名稱", "制度名称", "這塊牌上的制度", "首問責任制")

EVERYWHERE = (_CENTRE, _UNIT, _HOTLINE, _COMPLAINT, _ADDRESS, _HOURS, _DATE)
_ON_GUIDES = (_ITEM, _LIMIT, _FORMER, *EVERYWHERE)

PARTS = (
    TextPart(
        "guide_notice",
        ("guide.html", "guide-brief.html"),
        "印在辦事指南和簡版的末尾，標題為「溫馨提示」",
        _ON_GUIDES,
        longest=120,
        lines=3,
    ),
    TextPart("guide_closing", ("guide.html",), "印在辦事指南最後一行", _ON_GUIDES, longest=60),
    TextPart(
        "card_notice",
        ("card.html", "card-sheet.html", "card-folded.html"),
        "印在便民服務卡背面，窗口名單之下",
        EVERYWHERE,
        longest=28,
    ),
    TextPart(
        "regime_closing",
        ("regime-board.html", "regime-a4.html"),
        "印在制度牌和制度文件的條文之後",
        (_REGIME, *EVERYWHERE),
        longest=80,
    ),
)
BY_FIELD = {part.field: part for part in PARTS}

TOO_LONG = "印出來約 {length} 字，這一處最多 {longest} 字"
TOO_MANY_LINES = "這一處最多 {lines} 行"


def part_faults(part: TextPart, text: str) -> Iterator[Fault]:
    """What is wrong with the text of a part, each fault with its line and column, from 1."""
    try:
        nodes = read(part, text)
    except BadPart as bad:
        yield from bad.faults
        return
    rows = text.split("\n")
    if len(rows) > part.lines:
        yield Fault(part.lines + 1, 1, TOO_MANY_LINES, {"lines": part.lines})
    if (length := _length(part, nodes)) > part.longest:
        measured = {"length": length, "longest": part.longest}
        yield Fault(len(rows), len(rows[-1]) + 1, TOO_LONG, measured)


def read(part: TextPart, text: str) -> tuple[Node, ...]:
    """The text of a part taken apart, what it mentions by key. Raises `BadPart` with every fault."""
    names = {name: mention.key for mention in part.mentions for name in (mention.name, mention.name_hans)}
    return parsed(text, names)


def profile_faults(profile: Profile) -> Iterator[tuple[tuple[str, str], str]]:
    """Faults in the parts of a centre as (path, Chinese sentence)."""
    for part in PARTS:
        text = getattr(profile, part.field)
        if text is not None:
            told = (f"{FIELD[part.field]}{fault.sentence}" for fault in part_faults(part, text))
            yield from ((("profile", part.field), sentence) for sentence in told)


def _length(part: TextPart, nodes: tuple[Node, ...]) -> int:
    """Characters on paper, the longer way at every choice."""
    examples = {mention.key: len(mention.example) for mention in part.mentions}
    return sum(_extent(node, examples) for node in nodes)


def _extent(node: Node, examples: dict[str, int]) -> int:
    match node:
        case Words(text):
            return len(text)
        case Value(key):
            return examples[key]
        case Choice(_, _, then, otherwise):
            return max(sum(_extent(one, examples) for one in branch) for branch in (then, otherwise))
