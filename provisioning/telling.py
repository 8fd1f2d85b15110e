"""Explanations in the words of officials: one sentence with its whole chain, no path syntax (rules H4, K)."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provisioning.explanation import Contribution, Explanation, Status
from provisioning.labels import FIELD, SECTION, part_label
from provisioning.resolve import Layer
from provisioning.schema import Kind
from provisioning.sentences import shown
from provisioning.specs.centre import COLLECTIONS
from provisioning.specs.pack import Policy
from provisioning.tree import Path, node_at

Names = Mapping[tuple[str, str], str]

# The whole prefecture lives by one time, eight hours before UTC.
CHINA = dt.timezone(dt.timedelta(hours=8))
STATUS = {
    Status.WON: "採用",
    Status.OVERRIDDEN: "被下級改動",
    Status.SUSPENDED: "停用並保存",
    Status.PINNED: "指定保持",
    Status.LOCKED: "鎖定",
    Status.NOT_APPLICABLE: "不適用於本單位",
    Status.PENDING: "待本地決定",
}
_POINTERS = {"windows": "windows", "window": "windows", "zone": "zones", "fixture": "fixtures"}
_LONGEST = 40  # characters of a value in a sentence
_INPUTS = 4  # inputs of a derived value in a sentence


def place_words(path: Path, names: Names, line: Any = None) -> str:
    """The place as people would point at it, e.g. 「事項〔臨時救助〕的承諾時限」."""
    section = SECTION[path[0]]
    if path[0] not in COLLECTIONS:
        return section if len(path) == 1 else f"{section}的{FIELD.get(path[1], path[1])}"
    if len(path) == 1:
        return f"{section}的排列次序"
    item = f"{section}〔{names.get((path[0], path[1]), '已不存在的一項')}〕"
    if len(path) == 2:
        return item
    inside = f"〔{line or '其中一條'}〕" if len(path) > 3 else ""
    last = f"的{FIELD.get(path[4], _PARTS.get(path[4], path[4]))}" if len(path) > 4 else ""
    return f"{item}的{FIELD.get(path[2], path[2])}{inside}{last}"


# What lines inside items have besides what items have.
_PARTS = {
    "form": "形式",
    "copies": "份數",
    "need": "必要性",
    "condition": "適用情形",
    "actor": "辦理人",
    "action": "辦理內容",
    "limit": "時限",
    "question": "問題",
    "answer": "答覆",
    "label": "名稱",
    "value": "數值",
    "text": "內容",
}


def told_value(path: Path, value: Any, names: Names) -> str:
    """A value as people read it: money in yuan, lengths in millimetres, windows by their names."""
    if not path:
        return str(value)
    if value is None:
        return "沒有" if _is_item(path) else "未設"
    if len(path) == 1 and path[0] in COLLECTIONS:
        return f"{len(value)} 項的次序"
    if isinstance(value, list):
        return _listed(path, value, names)
    if isinstance(value, dict) and node_at(path).kind is Kind.RECORD:
        return "設有" if _is_item(path) else f"{len(value)} 欄"
    if isinstance(value, dict) and node_at(path).kind is Kind.COLLECTION:
        return _parts_told(value)
    if isinstance(value, str) and path[-1] in _POINTERS:
        return f"「{_name(path[-1], value, names)}」"
    return shown(value, path[-1] if path[0] != "envelope" else "envelope").strip()


def _is_item(path: Path) -> bool:
    return path[0] in COLLECTIONS and len(path) in (2, 4)


def _name(field: str, key: str, names: Names) -> str:
    return names.get((_POINTERS[field], key), key) if field in _POINTERS else key


def _listed(path: Path, values: list[Any], names: Names) -> str:
    text = "、".join(_name(path[-1], str(value), names) for value in values)
    return f"「{text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}」（{len(values)} 項）"


def _parts_told(value: dict[str, Any]) -> str:
    parts = [part_label(part) for part in value.values() if isinstance(part, dict)]
    text = "、".join(part for part in parts if part)
    return f"「{text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}」（{len(value)} 項）"


def waiting_words(path: Path, names: Names) -> str:
    """One sentence about a place that waits for the county (rule A1)."""
    return f"{place_words(path, names)}：州標準與縣級補充規定各有改動，等待縣決定，在此之前保持不變"


def day_words(moment: dt.datetime) -> str:
    """The date in China, e.g. 2026年3月2日."""
    day = moment.astimezone(CHINA)
    return f"{day.year}年{day.month}月{day.day}日"


def sentence(told: Explanation, names: Names, line: str = "") -> str:
    """The whole chain in one sentence; `line` is what a line inside an item is called."""
    if told.formula:
        return _derived(told)
    head = f"{place_words(told.path, names, line)}{_now(told, names)}"
    chain = "；".join(words(one, told, names) for one in told.contributions if not _silent(one))
    extra = "".join(f"；{text}" for text in _extra(told))
    return f"{head}：{chain}{extra}。"


def _silent(one: Contribution) -> bool:
    """An unset field above a set one needs no mention."""
    return one.status is Status.OVERRIDDEN and one.value is None and not one.act


def _now(told: Explanation, names: Names) -> str:
    if told.value is None and _is_item(told.path):
        return "現在沒有"
    if len(told.path) == 1 and told.path[0] in COLLECTIONS:
        return f"（現有 {len(told.value or ())} 項）"
    if _is_item(told.path):
        return "現在設有"
    return f"現為{_spaced(told_value(told.path, told.value, names))}"


def _spaced(text: str) -> str:
    return f" {text}" if text[:1].isascii() else text


def _derived(told: Explanation) -> str:
    inputs = "，".join(f"{one.label}為{_spaced(one.value)}" for one in told.inputs[:_INPUTS])
    more = f"等 {len(told.inputs)} 項" if len(told.inputs) > _INPUTS else ""
    now = f"{told.place}現為{_spaced(str(told.value))}"
    return f"{now}：由{_release(told.winner)}規定的算法得出（{told.formula}）；其中{inputs}{more}。"


def _extra(told: Explanation) -> Iterator[str]:
    if told.accepted is not None and told.accepted.until is not None:
        until = told.accepted.until
        day = f"{until.year}年{until.month}月{until.day}日"
        yield f"與標準不同已獲認可至{day}（{told.accepted.reason}）"
    rule = told.ruling.rule if told.ruling else None
    if told.ruling is None or rule is None:
        return
    if rule.policy is Policy.BOUNDED and rule.maximum is not None:
        yield f"{told.ruling.layer}規定上限為{_spaced(_bound(told, rule.maximum))}（{rule.reason}）"
    elif rule.policy is Policy.MANDATORY:
        yield f"{told.ruling.layer}規定必備（{rule.reason}）"
    elif rule.policy is Policy.LOCAL:
        yield f"{told.ruling.layer}規定由本地填寫，不隨標準更改"


def _bound(told: Explanation, maximum: int) -> str:
    days = isinstance(told.value, dict) and "days" in told.value
    return f"{maximum} 天" if days else shown(maximum, told.path[-1]).strip()


def words(one: Contribution, told: Explanation, names: Names) -> str:
    """One contribution as a clause, with who said it and when."""
    return _CLAUSES[one.layer](one, told, names)


def _release(one: Contribution) -> str:
    return f"州標準第 {one.release} 版"


def _value(one: Contribution, told: Explanation, names: Names) -> str:
    return told_value(one.path or told.path, one.value, names)


def _of_prefecture(one: Contribution, told: Explanation, names: Names) -> str:
    return _of_a_standard(_release(one), one, told, names)


def _of_county(one: Contribution, told: Explanation, names: Names) -> str:
    return _of_a_standard(f"縣級補充規定第 {one.release} 版", one, told, names)


def _of_a_standard(who: str, one: Contribution, told: Explanation, names: Names) -> str:
    day = f"（{day_words(one.moment)}發布）" if one.moment else ""
    if one.status is Status.LOCKED:
        return f"{who}統一規定，下級不得改動：{one.reason}"
    if one.act == "moved":
        new = "".join(f"〔{names.get((told.path[0], key), key)}〕" for key in one.reason.split("、"))
        return f"自{who}起由{new}承接"
    if one.act == "cancelled":
        return f"{who}{day}取消了這一項{_asked(one)}"
    if one.act == "elsewhere":
        return "所以本單位沒有"
    said = _spaced(_value(one, told, names))
    if one.status is Status.NOT_APPLICABLE:
        return f"{who}{day}設有，但不適用於本類單位"
    if one.status is Status.PENDING:
        return f"{who}{day}{_against(one, told, names)}，待本地決定是否採用"
    verb = "" if one.value is None or _is_item(told.path) else "為"
    return f"{who}{day}{verb}{said}{_taken(one)}"


def _against(one: Contribution, told: Explanation, names: Names) -> str:
    """What a standard says in an open conflict, with what it said before."""
    if _is_item(told.path):
        return "作過改動"
    was = told_value(told.path, one.base, names) if one.base is not None else ""
    return f"為{_spaced(_value(one, told, names))}" + (f"，原為{_spaced(was)}" if was else "")


def _taken(one: Contribution) -> str:
    return "，採用此值" if one.status is Status.WON else ""


def _asked(one: Contribution) -> str:
    return "，待本地決定是否採用" if one.status is Status.PENDING else ""


_TOWNSHIP: dict[str, str] = {
    "set": "改為{value}",
    "added": "自行增設",
    "removed": "刪去",
    "merged": "合併標準與本地的增減，得{value}",
    "opening": "填為{value}",
    "unset": "沒有設定",
}


def _of_township(one: Contribution, told: Explanation, names: Names) -> str:
    who = f"由{one.actor}" if one.actor else ""
    when = f"於{day_words(one.moment)}" if one.moment else ""
    because = f"（{one.reason}）" if one.reason else ""
    value = _spaced(_value(one, told, names))
    if one.status is Status.SUSPENDED:
        return f"本鄉{who}{when}所設的{_elsewhere(one, told, names)}{value}{because}因上級統一規定停用並保存"
    if one.status is Status.PINNED:
        return f"本鄉{who}{when}指定{_elsewhere(one, told, names)}保持{value}{because}"
    changed = _is_item(told.path) and one.act in {"set", "merged", "opening"}
    said = "作過改動" if changed else _TOWNSHIP[one.act].format(value=value)
    return f"本鄉{who}{when}{said}{because}，以本鄉為準"


def _elsewhere(one: Contribution, told: Explanation, names: Names) -> str:
    """Where a mark stands that is inside the place or around it."""
    return place_words(one.path, names) if one.path != told.path else ""


_CLAUSES: dict[Layer, Callable[[Contribution, Explanation, Names], str]] = {
    Layer.PREFECTURE: _of_prefecture,
    Layer.COUNTY: _of_county,
    Layer.TOWNSHIP: _of_township,
}
