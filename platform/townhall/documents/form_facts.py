"""What the paper forms say that are filled in by hand: notices, registers, rosters, rating card and opinion book.

Their rules are not written here: each form quotes articles of the centre's own regimes.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from types import MappingProxyType
from typing import Any

from townhall.documents.clauses import count, figure, quoted
from townhall.documents.commission import Commission
from townhall.documents.errors import Overflow
from townhall.documents.fitting import lines
from townhall.documents.item_facts import essentials, place
from townhall.documents.wall_facts import window_list

Facts = dict[str, Any]

# What each form quotes: the bare keys of a regime and of an article in it.
RULES: Mapping[str, Sequence[tuple[str, str]]] = MappingProxyType(
    {
        "return-notice.html": (("one-time-notice", "refuse"),),
        "promise-notice.html": (
            ("time-limit", "promised"),
            ("time-limit", "count"),
            ("time-limit", "exclude"),
            ("time-limit", "warn"),
        ),
        "one-time-notice.html": (
            ("one-time-notice", "slip"),
            ("one-time-notice", "deemed"),
            ("one-time-notice", "supplement"),
        ),
        "case-register.html": (("time-limit", "count"), ("one-time-notice", "supplement")),
        "proxy-register.html": (("time-limit", "proxy"), ("service-promise", "proxy")),
        "attendance.html": (("service-promise", "hours"), ("service-promise", "on-duty")),
        "duty-roster.html": (("service-promise", "on-duty"), ("first-inquiry", "inspect")),
        "leave-slip.html": (("first-inquiry", "handover"), ("ab-post", "together")),
        "seal-register.html": (("integrity", "seal"), ("integrity", "separation")),
        "rating-card.html": (("service-promise", "evaluate"),),
        "opinion-book.html": (
            ("service-promise", "complaint"),
            ("accountability", "source"),
            ("accountability", "reply"),
        ),
    }
)

REASONS = (
    "國家明令禁止",
    "不符合國家產業政策",
    "不符合當地發展規劃",
    "其他",
)  # 太湖鄉管理辦法 第十三條「退回件」
# Heads of narrow columns are kept word by word: they are parted only between these.
CHECKS = (
    ("出勤",),
    ("掛牌", "上崗"),
    ("服務", "態度"),
    ("安全", "防範"),
    ("清潔", "衛生"),
)  # 第十七條第2項、第3項
ASPECTS = ("總體評價", "服務態度", "辦事效率", "一次告知")  # our own; the sources name only the card

# 好差評: the lower two of the five are bad ratings (domain 2.4).
GRADES = (("非常", "滿意"), ("滿意",), ("基本", "滿意"), ("不滿意",), ("非常", "不滿意"))

KEEPERS = ("申請人", "窗口")  # who keeps the first and the second leaf (太湖鄉管理辦法 第十四條第1項)
_ATTENDANCE_ROWS = 12  # of one sheet of the attendance book
_CARD_WIDTH, _CARD_HEIGHT, _CARD_FIXED = 83.0, 126.5, 98.0  # of a rating card, millimetres
_NEWCOMERS = 2  # rows that stay free at least for people without a post


def form(commission: Commission) -> Facts:
    """A form without facts of its own: its title and the articles that it quotes."""
    pen, document = commission.pen, commission.document
    title = f"{pen.text(document.title)}　{pen.text(commission.centre_name)}"
    return {"title": title, "rules": quoted(commission, RULES.get(document.template, ()))}


def notice(commission: Commission) -> Facts:
    """A notice that is handed out: whom to ask and whom to complain to."""
    return form(commission) | {"place": place(commission)}


def return_notice(commission: Commission) -> Facts:
    """退回件通知書 with the reasons for which a case is sent back."""
    return notice(commission) | {"reasons": commission.pen.lines(REASONS)}


def one_time_notice(commission: Commission) -> Facts:
    """一次性告知書 of one item, a leaf for each who keeps one.

    All papers of the item are on it, so that a clerk can only tick (太湖鄉管理辦法 第十三條「補辦件」).
    """
    item = commission.chosen(commission.centre.items)
    facts = form(commission)
    facts["item"] = essentials(commission, item)
    facts["title"] = f"{facts['item']['name']}　{facts['title']}"
    copies = count(commission, "one-time-notice", "copies") or len(KEEPERS)
    return facts | {"leaves": _leaves(commission, copies)}


def _leaves(commission: Commission, copies: int) -> list[Facts]:
    """The leaves with their keepers; a regime that wants more of them than two names nobody for the others."""
    keepers = [*KEEPERS, *[""] * copies][:copies]
    return [{"number": number, "keeper": commission.pen.text(who)} for number, who in enumerate(keepers, 1)]


def proxy_register(commission: Commission) -> Facts:
    """代辦事項登記表 with the limit for passing a case on (太湖鄉管理辦法 第十四條第4項, 原則上7日內)."""
    return form(commission) | {
        "limit": figure(commission, "time-limit", "proxy-days"),
        "notify": figure(commission, "time-limit", "notify-days"),
    }


def attendance(commission: Commission) -> Facts:
    """簽到冊 of one day, with a row for every post and some free ones (太湖鄉管理辦法 第十七條第1項)."""
    posts = [{"title": commission.pen.text(post.title)} for post in commission.centre.posts]
    sheets = ceil((len(posts) + _NEWCOMERS) / _ATTENDANCE_ROWS)
    rows = posts + [{"title": ""}] * (sheets * _ATTENDANCE_ROWS - len(posts))
    leaves = [rows[at : at + _ATTENDANCE_ROWS] for at in range(0, len(rows), _ATTENDANCE_ROWS)]
    return form(commission) | {"leaves": leaves, "sheets": sheets}


def duty_roster(commission: Commission) -> Facts:
    """值班表 of a week and the record of it (太湖鄉管理辦法 第十七條第2項, 按周輪流值班)."""
    return form(commission) | {"windows": window_list(commission), "checks": _heads(commission, CHECKS)}


def rating_card(commission: Commission) -> Facts:
    """評議卡 with the five grades of 好差評 (太湖鄉管理辦法 第二十二條), four to a sheet.

    Raises `Overflow` when the quoted article and the phone do not fit below the table.
    """
    pen, facts = commission.pen, form(commission) | _complaints(commission)
    if not commission.issue.draft and _card_height(facts) > _CARD_HEIGHT:
        raise Overflow(2, 1)
    return facts | {"aspects": pen.lines(ASPECTS), "grades": _heads(commission, GRADES)}


def _card_height(facts: Facts) -> float:
    """Millimetres of a rating card: what is always there, the phone, and the article at 9 pt."""
    phone = lines(f"監督投訴電話　{facts['complaint_phone']}", 3.71, _CARD_WIDTH)
    rows = sum(
        lines(f"{rule['regime']}第{rule['number']}條　{rule['text']}", 3.18, _CARD_WIDTH, 1)
        for rule in facts["rules"]
    )
    return _CARD_FIXED + phone * 5.4 + rows * 4.45


def opinion_book(commission: Commission) -> Facts:
    """群眾意見簿 (黔西南州建設方案, software 3)."""
    return form(commission) | _complaints(commission)


def _heads(commission: Commission, heads: Sequence[Sequence[str]]) -> list[list[str]]:
    return [commission.pen.lines(words) for words in heads]


def _complaints(commission: Commission) -> Facts:
    phone = commission.centre.profile.complaint_phone
    return {"complaint_phone": commission.pen.fill(phone, "監督投訴電話")}
