"""Policies on paths: who may change what (rules E1–E8)."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from provisioning.sentences import shown
from provisioning.specs import PolicyRule
from provisioning.specs.centre import COLLECTIONS, RECORDS, CentreSpec
from provisioning.specs.pack import Policy

# `items[*].promised_limit`, `fixtures[zhou:cabinet]`, `profile.hotline`, `envelope`
_PATTERN = re.compile(
    r"^(?P<section>[a-z]+)(?:\[(?P<key>\*|[a-z0-9:-]+)\])?(?:\.(?P<field>[a-z_]+))?$",
)
Layers = Iterable[tuple[PolicyRule, ...]]

# Rule E1: a lower layer may move a path rightwards only.
TIGHTNESS = (
    Policy.LOCAL,
    Policy.DEFAULT,
    Policy.CONDITIONAL,
    Policy.MANDATORY,
    Policy.BOUNDED,
    Policy.LOCKED,
)


def pattern_fault(path: str) -> str | None:
    """Why a path pattern points nowhere, in Chinese, or None when it is sound."""
    match = _PATTERN.match(path)
    if not match:
        return f"路徑「{path}」寫法不對"
    section, key, field = match["section"], match["key"], match["field"]
    if section in COLLECTIONS:
        if key is None:
            return f"「{section}」是集合，須寫成 {section}[*] 或 {section}[鍵]"
        return _field_fault(COLLECTIONS[section], field)
    if section not in RECORDS:
        return f"沒有「{section}」這個區段"
    if key is not None:
        return f"「{section}」不是集合"
    model = CentreSpec.model_fields[section].annotation
    return _field_fault(model, field) if field else None


def _field_fault(model: Any, field: str | None) -> str | None:
    known = getattr(model, "model_fields", {})
    return None if field is None or field in known else f"沒有「{field}」這個欄位"


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern governs a concrete path; a pattern on an item governs all its fields (rule E1)."""
    rule, concrete = _parts(pattern), _parts(path)
    if not rule or not concrete or rule[0] != concrete[0]:
        return False
    return rule[1] in (None, "*", concrete[1]) and rule[2] in (None, concrete[2])


@lru_cache(maxsize=4096)
def _parts(path: str) -> tuple[str | Any, ...] | None:
    """Section, key and field of a pattern or a path; every one is asked about for every rule."""
    match = _PATTERN.match(path)
    return match.groups() if match else None


def governing(layers: Layers, path: str) -> PolicyRule | None:
    """The rule on a path, or None where nothing is said (then it is a default).

    Within a layer the most specific rule speaks: one on a field before one on its item, one on an item before
    one on all items. Between layers the tightest holds, since a lower layer can only tighten.
    """
    speaking = [rule for layer in layers if (rule := _most_specific(layer, path))]
    return max(speaking, key=_tightness, default=None)


def _most_specific(layer: Iterable[PolicyRule], path: str) -> PolicyRule | None:
    found = [rule for rule in layer if matches(rule.path, path)]
    return max(found, key=lambda rule: (_specificity(rule.path), _tightness(rule)), default=None)


def _specificity(pattern: str) -> tuple[bool, bool]:
    parts = _parts(pattern)
    return bool(parts and parts[2]), bool(parts and parts[1] not in (None, "*"))


def _tightness(rule: PolicyRule) -> tuple[int, int]:
    """Ties between bounds go to the lower one; a bound without a figure is no tighter than one with."""
    return TIGHTNESS.index(rule.policy), -(rule.maximum if rule.maximum is not None else 2**63)


def refusal(rule: PolicyRule | None, name: str, value: Any, measure: str = "") -> str | None:
    """Why a rule refuses a lower layer's value, in Chinese, or None (rules C5, E2, E3, E4).

    `value` is in canonical form; None and an empty list both mean that nothing is left of a field or an item.
    """
    if rule is None:
        return None
    because = f"{rule.reason}（{rule.source}）"
    if rule.policy is Policy.LOCKED:
        return f"「{name}」由上級統一規定（鎖定），不得改動：{because}"
    if rule.policy is Policy.MANDATORY and value in (None, []):
        return f"「{name}」必須保留，不得刪除或留空：{because}"
    return over_bound(rule, name, value, measure)


def over_bound(rule: PolicyRule, name: str, value: Any, measure: str = "") -> str | None:
    """Why a value in canonical form is beyond the bound of a rule, in Chinese, or None (rule E4)."""
    number = value.get("days") if isinstance(value, dict) else value
    if rule.maximum is None or not isinstance(number, int) or number <= rule.maximum:
        return None
    unit = " 天" if isinstance(value, dict) else ""
    return f"「{name}」不得超過{shown(rule.maximum, measure)}{unit}：{rule.reason}（{rule.source}）"


def loosened(rules: Iterable[PolicyRule], tighter: Iterable[PolicyRule]) -> Iterator[tuple[int, str]]:
    """Rules of a lower layer that would loosen what an upper layer set, by their place in the list (E1)."""
    upper = (tuple(rules),)
    for index, rule in enumerate(tighter):
        standing = governing(upper, rule.path)
        if standing and TIGHTNESS.index(rule.policy) < TIGHTNESS.index(standing.policy):
            yield index, f"不得放寬：上級對「{standing.path}」的規定為 {standing.policy}（{standing.reason}）"
        elif standing and standing.policy is Policy.MANDATORY and rule.policy is Policy.BOUNDED:
            # Of two layers the tighter one speaks, and a bound says nothing of what must be there.
            yield (
                index,
                f"不得放寬：上級對「{standing.path}」的規定為必備，不得改為只有上限（{standing.reason}）",
            )
        elif standing and _wider(rule, standing):
            yield index, f"不得放寬：上級上限為 {standing.maximum}（{standing.reason}）"


def _wider(rule: PolicyRule, standing: PolicyRule) -> bool:
    """A bound without a figure is wider than any with one."""
    if standing.maximum is None or not rule.policy is standing.policy is Policy.BOUNDED:
        return False
    return rule.maximum is None or rule.maximum > standing.maximum
