"""Schema faults in the words of the people who write packs."""

import difflib
from collections.abc import Iterable
from typing import Any

LONGEST_GUESSED = 40  # characters of a key that might be a slip of one of ours

_WORDS = {
    "missing": "缺少必填欄位",
    "int_type": "應為整數",
    "int_parsing": "應為整數",
    "string_type": "應為文字",
    "bool_type": "應為 true 或 false",
    "tuple_type": "應為列表",
    "list_type": "應為列表",
    "frozen_set_type": "應為不重複的列表",
    "model_type": "應為「鍵: 值」的結構",
    "model_attributes_type": "應為「鍵: 值」的結構",
    "dict_type": "應為「鍵: 值」的結構",
    "date_type": "應為日期（年-月-日）",
    "date_from_datetime_parsing": "應為日期（年-月-日）",
    "date_from_datetime_inexact": "應為日期，不帶時刻",
    "string_too_short": "不得為空",
    "control_character": "含有控制字符",
    "string_unicode": "含有控制字符",
    "string_pattern_mismatch": "格式不符",
}


def message(error: Any, allowed: Iterable[str] = ()) -> str:
    """One pydantic error as a Chinese sentence with the offending value."""
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    if kind == "extra_forbidden":
        return _unknown(str(error["loc"][-1]), allowed)
    if kind == "enum":
        return f"應為其中之一：{_alternatives(context['expected'])}；實為{_shown(value)}"
    if kind in {"greater_than_equal", "less_than_equal"}:
        return f"{'不得小於' if kind[0] == 'g' else '不得大於'} {context.get('ge', context.get('le'))}；實為{_shown(value)}"
    if kind == "string_too_long":
        return f"不得超過 {context['max_length']} 字；實為{_shown(value)}"
    if kind in {"too_short", "too_long"}:
        return f"列表的項數不符（{context.get('min_length', context.get('max_length'))}）"
    words = _WORDS.get(kind, f"不符合要求（{kind}）")
    return words if kind == "missing" else f"{words}；實為{_shown(value)}"


def _unknown(key: str, allowed: Iterable[str]) -> str:
    close = difflib.get_close_matches(key, list(allowed), n=1) if len(key) <= LONGEST_GUESSED else []
    return f"不認識的鍵「{key}」" + (f"，是否應為「{close[0]}」？" if close else "")


def _alternatives(expected: str) -> str:
    return expected.replace("'", "").replace(" or ", "、").replace(", ", "、")


def _shown(value: Any) -> str:
    names = {bool: "布爾值", int: "整數", float: "小數", str: "文字", list: "列表", dict: "鍵值結構"}
    if isinstance(value, list | dict):
        return names[type(value)]
    if value is None:
        return "空值"
    return f"{names.get(type(value), '')}「{str(value)[:40]}」"
