"""Values that nobody sets: what each is reckoned from and by which formula (rules A2, K3). Pure."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from provisioning.explanation import Contribution, Explanation, Input, Status
from provisioning.labels import item_label
from provisioning.money import yuan
from provisioning.naming import bare, name_by_rule
from provisioning.resolve import Layer
from provisioning.specs import BudgetLine, CentreSpec, Pack
from provisioning.specs.centre import required
from townhall.budget.amounts import amounts
from townhall.centres.readiness import readiness

_EACH = {"centre": "中心", "window": "窗口", "zone": "功能分區"}


@dataclass(frozen=True)
class Facts:
    """What values are derived from: a centre, its standard with the moment it was published, and its unit's name."""

    centre: CentreSpec
    pack: Pack
    published: dt.datetime | None
    unit_name: str


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived value: its place in written form and in words, and the explanation on demand."""

    place: str
    words: str
    explain: Callable[[], Explanation]


def derived(facts: Facts) -> Iterator[Derived]:
    """Every derived value of a centre."""
    yield Derived("centre_name", "中心名稱", partial(_centre_name, facts))
    yield Derived("readiness", "資料完備程度", partial(_readiness, facts))
    for line in facts.centre.budget:
        words = f"資金類別〔{item_label(line)}〕的金額"
        yield Derived(f"budget[{line.key}].amount", words, partial(_amount, facts, line.key, words))
    for one in facts.centre.fixtures:
        words = f"設施〔{one.name}〕的應配數量"
        yield Derived(f"fixtures[{one.key}].required", words, partial(_needed, facts, one.key, words))


def _made(facts: Facts, words: str, value: object, formula: str, *inputs: Input) -> Explanation:
    header = facts.pack.header
    rule = Contribution(
        Layer.PREFECTURE,
        Status.WON,
        value,
        release=header.release,
        actor=header.issuer,
        moment=facts.published,
        act="derived",
    )
    return Explanation((), words, value, (rule,), formula=formula, inputs=inputs)


def _centre_name(facts: Facts) -> Explanation:
    rule = facts.pack.header.centre_name
    formula = rule.replace("{unit_name}", "〔單位名稱〕")
    name = name_by_rule(rule, facts.unit_name)
    return _made(facts, "中心名稱", name, formula, Input("單位名稱", bare(facts.unit_name)))


def _amount(facts: Facts, key: str, words: str) -> Explanation:
    centre = facts.centre
    shares = amounts(centre.envelope, (line.share for line in centre.budget))
    place, line = next((place, one) for place, one in enumerate(centre.budget) if one.key == key)
    return _made(
        facts,
        words,
        f"{yuan(shares[place])} 元",
        "資金總額乘以份額，精確到分，餘額由餘數最大的類別取得",
        Input("資金總額", f"{yuan(centre.envelope)} 元"),
        *(Input(f"{one.category}的份額", f"{one.share / 100:g}%") for one in (line, *_others(centre, key))),
    )


def _others(centre: CentreSpec, key: str) -> Iterator[BudgetLine]:
    return (one for one in centre.budget if one.key != key)


def _needed(facts: Facts, key: str, words: str) -> Explanation:
    centre = facts.centre
    one = next(fixture for fixture in centre.fixtures if fixture.key == key)
    rule = one.quantity
    counts = {"centre": 1, "window": len(centre.windows), "zone": len(centre.zones)}
    more = f"，另加 {rule.plus}" if rule.plus else ""
    return _made(
        facts,
        words,
        f"{required(rule, centre)} {one.unit}",
        f"每個{_EACH[rule.per]} {rule.times}{more}",
        Input(f"{_EACH[rule.per]}數", str(counts[rule.per])),
    )


def _readiness(facts: Facts) -> Explanation:
    found = readiness(facts.centre, facts.pack)
    checks = (one for one in found.results if one.total)
    inputs = (
        Input(f"「{one.check.text if one.check else '其他本地信息'}」", f"{100 * one.done // one.total}%")
        for one in checks
    )
    formula = "各項檢查完成比例的平均，不計小數；尚有缺項時最多 99%"
    return _made(facts, "資料完備程度", f"{found.percent}%", formula, *inputs)
