"""Consistency of one service item, as auditors check guides (domain 2.1)."""

from collections.abc import Iterator

from provisioning.specs import Duration, ServiceItem
from provisioning.specs.item import CaseType, MaterialNeed
from provisioning.yamlfile import Path

Finding = tuple[Path, str]

# 太湖鄉管理辦法 第十三條: a joint case concerns three or more windows or departments.
JOINT_MINIMUM = 3


def item_faults(item: ServiceItem) -> Iterator[Finding]:
    """Contradictions inside an item, as (path in the item, Chinese sentence)."""
    yield from _case_type(item)
    yield from _limits(item)
    yield from _materials(item)
    if item.visits and not item.visit_reason:
        yield ("visits",), "需要到現場的，須寫明原因"
    if len(item.joint_bodies) < JOINT_MINIMUM and item.case_type is CaseType.JOINT:
        yield ("joint_bodies",), f"聯辦件須涉及 {JOINT_MINIMUM} 個以上窗口或部門"


def _case_type(item: ServiceItem) -> Iterator[Finding]:
    if not isinstance(item.promised_limit, Duration):
        return
    if item.promised_limit.immediate != (item.case_type is CaseType.IMMEDIATE):
        yield ("case_type",), "即辦件的承諾時限應為當場辦結，反之亦然"


def _limits(item: ServiceItem) -> Iterator[Finding]:
    promised, legal = item.promised_limit, item.legal_limit
    if isinstance(promised, Duration) and isinstance(legal, Duration):
        if promised.unit is not legal.unit:
            yield (
                ("promised_limit",),
                f"承諾時限與法定時限單位不同（{promised.unit}、{legal.unit}），無法比較",
            )
        elif promised.days > legal.days:
            yield (
                ("promised_limit",),
                f"承諾時限 {promised.days} {promised.unit}超過法定時限 {legal.days} {legal.unit}",
            )
    if isinstance(promised, Duration):
        yield from _step_sum(item, promised)


def _step_sum(item: ServiceItem, promised: Duration) -> Iterator[Finding]:
    limits = [(index, step.limit) for index, step in enumerate(item.steps) if step.limit]
    for index, limit in limits:
        if limit.days and limit.unit is not promised.unit:
            yield ("steps", index, "limit"), "步驟時限與承諾時限單位不同"
    total = sum(limit.days for _, limit in limits)
    if limits and total != promised.days:
        yield ("steps",), f"各步驟時限合計 {total} 天，與承諾時限 {promised.days} 天不符"


def _materials(item: ServiceItem) -> Iterator[Finding]:
    for index, material in enumerate(item.materials):
        if (material.need is MaterialNeed.CONDITIONAL) != bool(material.condition):
            yield ("materials", index, "condition"), "「特定情形必要」與情形說明須同時寫明"
