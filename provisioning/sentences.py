"""Plans in the words of officials: one sentence for each action, no path syntax (rule H4)."""

import datetime as dt
from typing import Any, Protocol

from provisioning.labels import FIELD, SECTION, part_label
from provisioning.money import yuan


class Deed(Protocol):
    """What a sentence needs of an action."""

    @property
    def operation(self) -> str: ...
    @property
    def section(self) -> str: ...
    @property
    def key(self) -> str | None: ...
    @property
    def field(self) -> str: ...
    @property
    def path(self) -> tuple[str, ...]: ...
    @property
    def order(self) -> bool: ...
    @property
    def label(self) -> str: ...
    @property
    def inner(self) -> str: ...
    @property
    def before(self) -> Any: ...
    @property
    def after(self) -> Any: ...
    @property
    def base(self) -> Any: ...
    @property
    def standard(self) -> Any: ...
    @property
    def reason(self) -> str: ...
    @property
    def cause(self) -> str: ...
    @property
    def release(self) -> int: ...
    @property
    def because(self) -> str: ...


class Remark(Protocol):
    """What a sentence needs of a finding."""

    @property
    def reason(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def deadline(self) -> dt.date | None: ...


UNTOUCHED = "；本地未改，直接採用"


def action_sentence(action: Deed) -> str:
    """E.g. 「新設事項〔臨時救助〕」 or 「事項〔臨時救助〕的承諾時限：20 個工作日 → 15 個工作日（州標準第 2 版調整）」."""
    if action.operation == "create" and action.before is None and action.base is None and not action.inner:
        return _created(action)
    tell = _TELLERS.get(action.reason, _changed)
    return tell(action)


def _created(action: Deed) -> str:
    if not action.key:
        return f"按標準填入{_item(action)}"
    return f"新設{_item(action)}"


def _item(action: Deed) -> str:
    name = SECTION[action.section]
    return f"{name}〔{action.label}〕" if action.label else name


def place_of(action: Deed) -> str:
    """The item, the field and, inside a list, the line, as people would point at it."""
    if action.order:
        return f"{_listed(action)}的排列次序"
    if action.field == "*":
        return _item(action)
    depth = 2 if action.key else 1
    inside = action.path[depth + 1 :]
    line = f"〔{action.inner}〕" if inside and action.inner else ""
    last = f"的{FIELD.get(inside[-1], inside[-1])}" if len(inside) > 1 else ""
    return f"{_item(action)}的{FIELD.get(action.field, action.field)}{line}{last}"


def _listed(action: Deed) -> str:
    return f"{_item(action)}的{FIELD.get(action.field, action.field)}" if action.key else _item(action)


def _measure(action: Deed) -> str:
    return action.section if action.field == "*" else action.path[-1]


def _told(action: Deed, value: Any) -> str:
    return shown(value, _measure(action))


def _cause(action: Deed) -> str:
    return f"{action.cause}標準第 {action.release} 版"


def _changed(action: Deed) -> str:
    if action.order:
        return f"{place_of(action)}按{_cause(action)}調整"
    whole = action.before is None or action.after is None
    if whole and isinstance(action.after or action.before, dict):
        return (
            f"{'取消' if action.after is None else '增加'}{place_of(action)}（{_cause(action)}{UNTOUCHED}）"
        )
    both = f"{_told(action, action.before).strip()} → {_told(action, action.after).strip()}"
    return f"{place_of(action)}：{both}（{_cause(action)}調整{UNTOUCHED}）"


def _merged_set(action: Deed) -> str:
    return f"{place_of(action)}：合併{_cause(action)}和本地的增減，現為{_told(action, action.after)}"


def _template(action: Deed) -> str:
    if isinstance(action.after, list) and action.after != action.standard and not action.order:
        return _merged_set(action)
    return _changed(action)


def _kept(action: Deed) -> str:
    if action.after is None:
        return f"{place_of(action)}已由本地刪去，保持刪去"
    if action.standard is None:
        return f"{place_of(action)}為本地新增，保留"
    return f"{place_of(action)}：{_both(action)}，本地內容保留"


def _both(action: Deed) -> str:
    return f"標準為{_told(action, action.standard)}，本地為{_told(action, action.after)}"


def _order_kept(action: Deed) -> str:
    return f"{place_of(action)}為本地次序，保留"


def _converged(action: Deed) -> str:
    return f"{place_of(action)}：本地與{_cause(action)}改成了同一內容，今後隨標準"


def _question(action: Deed) -> str:
    was, mine, new = (_told(action, value).strip() for value in (action.base, action.before, action.standard))
    return f"{place_of(action)}：{_cause(action)}由{was}改為{new}，本地已改為{mine}；暫留本地，待本地決定"


def _deleted_here(action: Deed) -> str:
    return f"{place_of(action)}：本地已刪去，{_cause(action)}又作了改動；暫保持刪去，待本地決定"


def _deleted_there(action: Deed) -> str:
    return f"{place_of(action)}：{action.cause}已取消（第 {action.release} 版），本地作過改動；暫保留，待本地決定"


def _both_added(action: Deed) -> str:
    new, mine = (_told(action, value).strip() for value in (action.standard, action.before))
    return f"{place_of(action)}：{_cause(action)}新設為{new}，本地已自設為{mine}；暫留本地，待本地決定"


def _pinned(action: Deed) -> str:
    new, mine = (_told(action, value).strip() for value in (action.standard, action.before))
    return f"{place_of(action)}：本地指定保持{mine}，{_cause(action)}改為{new}；暫不跟隨，待本地決定"


def _displaced(action: Deed) -> str:
    new, mine = (_told(action, value).strip() for value in (action.standard, action.before))
    because = f"（{action.because}）" if action.because else ""
    return f"{place_of(action)}由上級統一規定為{new}{because}；本地原值{mine}停用並保存，解除鎖定後可以恢復"


def _restored(action: Deed) -> str:
    because = f"：{action.because}" if action.because else ""
    return f"{place_of(action)}屬必備，本地曾刪去，現予恢復{because}"


def _moved(action: Deed) -> str:
    new = "".join(f"〔{name}〕" for name in action.after)
    return f"{_item(action)}由{new}承接（州標準第 {action.release} 版），本地改動隨之轉移"


def _move_blocked(action: Deed) -> str:
    new = "".join(f"〔{name}〕" for name in action.after)
    return f"{_item(action)}應由{new}承接，但本地已有同一事項；兩者都保留，請核對後取捨"


_TELLERS = {
    "TEMPLATE_CHANGED": _template,
    "LOCAL_KEPT": _kept,
    "LOCAL_REMOVAL_KEPT": _kept,
    "LOCAL_ORDER_KEPT": _order_kept,
    "CONVERGED": _converged,
    "CONFLICT_MM": _question,
    "CONFLICT_DM": _deleted_here,
    "CONFLICT_MD": _deleted_there,
    "CONFLICT_AA": _both_added,
    "PINNED": _pinned,
    "LOCKED_DISPLACED": _displaced,
    "REQUIRED_RESTORED": _restored,
    "MOVED": _moved,
    "MOVE_BLOCKED": _move_blocked,
}


def finding_sentence(found: Remark) -> str:
    """What is missing or wrong on the result, and who is to fill it."""
    if found.reason == "MISSING_REQUIRED":
        field = FIELD.get(found.path.rsplit(".", 1)[-1], found.path)
        return f"{f'事項〔{found.label}〕的' if found.label else ''}{field}待填：{found.detail}"
    if found.reason != "BOUND_VIOLATION":
        return found.detail
    item = f"{SECTION[found.path.partition('[')[0]]}〔{found.label}〕：" if found.label else ""
    return f"{item}{found.detail}{_until(found.deadline)}"


def _until(day: dt.date | None) -> str:
    return f"；現值可以沿用至{day.year}年{day.month}月{day.day}日" if day else ""


_MONEY = {"envelope", "estimate", "amount"}
_LENGTHS = {"x", "y", "width", "depth", "height", "offset", "bottom"}


def shown(value: Any, measure: str = "") -> str:
    """A canonical value as people read it; long texts and lists are named, not spilled.

    `measure` is the field, for numbers that have a unit: fen are told in yuan, basis points in per cent.
    """
    if value is None:
        return "無"
    if isinstance(value, int) and not isinstance(value, bool):
        return _number(value, measure)
    if isinstance(value, dict):
        return _structure(value)
    if isinstance(value, list):
        return f"{len(value)} 項"
    if isinstance(value, bool):
        return "是" if value else "否"
    text = str(value)
    return f"「{text if len(text) <= 40 else text[:39] + '…'}」"


def _number(value: int, measure: str) -> str:
    if measure in _MONEY:
        return f" {yuan(value)} 元"
    if measure in _LENGTHS:
        return f" {value} 毫米"
    return f" {value / 100:g}%" if measure == "share" else f" {value}"


def side(value: Any, measure: str) -> str:
    """A side of a question as people read it: a text whole, anything else as sentences tell it."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and (name := part_label(value)):
        return f"〔{name}〕"
    return shown(value, measure).strip()


def _structure(value: dict[str, Any]) -> str:
    if "blank" in value:
        return "待填"
    if set(value) == {"days", "unit"}:
        return "當場辦結" if value["days"] == 0 else f" {value['days']} 個{value['unit']}"
    if "free" in value:
        return "不收費" if value["free"] else "收費"
    if "times" in value:
        return _quantity(value)
    return "另一內容"


_EACH = {"centre": "每個中心", "window": "每個窗口", "zone": "每個分區"}


def _quantity(value: dict[str, Any]) -> str:
    more = f"，另加 {value['plus']}" if value.get("plus") else ""
    return f"{_EACH[value['per']]} {value['times']}{more}"
