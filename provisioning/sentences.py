"""Plans in the words of officials: one sentence for each action, no path syntax (rule H4)."""

from typing import Any, Protocol

from provisioning.labels import FIELD, SECTION
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
    def label(self) -> str: ...
    @property
    def before(self) -> Any: ...
    @property
    def after(self) -> Any: ...


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


def action_sentence(action: Deed) -> str:
    """E.g. 「新設事項〔臨時救助〕」 or 「事項〔臨時救助〕的承諾時限：標準為 7 個工作日，本地為 5 個工作日，本地內容保留」."""
    subject = f"{SECTION[action.section]}〔{action.label}〕" if action.label else SECTION[action.section]
    if action.operation == "create":
        return f"新設{subject}" if action.key else f"按標準填入{subject}"
    if action.field == "order":
        return f"{SECTION[action.section]}的排列次序為本地次序，保留"
    if action.field == "*":
        return _presence(subject, action)
    field = FIELD.get(action.field, action.field)
    return f"{subject}的{field}：{_both(action)}，本地內容保留"


def _presence(subject: str, action: Deed) -> str:
    if action.after is None:
        return f"{subject}已由本地刪去，保持刪去"
    if action.before is None:
        return f"{subject}為本地新增，保留"
    return f"{subject}：{_both(action)}，本地內容保留"


def _both(action: Deed) -> str:
    measure = action.section if action.field == "*" else action.field
    return f"標準為{shown(action.before, measure)}，本地為{shown(action.after, measure)}"


def finding_sentence(found: Remark) -> str:
    """What is missing or wrong on the result, and who is to fill it."""
    if found.reason == "MISSING_REQUIRED":
        field = FIELD.get(found.path.rsplit(".", 1)[-1], found.path)
        return f"{f'事項〔{found.label}〕的' if found.label else ''}{field}待填：{found.detail}"
    return found.detail


_MONEY = {"envelope", "estimate"}
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


def _structure(value: dict[str, Any]) -> str:
    if "blank" in value:
        return "待填"
    if set(value) == {"days", "unit"}:
        return "當場辦結" if value["days"] == 0 else f" {value['days']} 個{value['unit']}"
    if "free" in value:
        return "不收費" if value["free"] else "收費"
    return "另一內容"
