"""Mergers and splits of townships that make no sense, each with its own code (rule P1)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioning.estate import PLACE, Party, things
from provisioning.money import yuan
from provisioning.shares import UNALLOTTED, by_category

_LEVELS = (2, 4, 6, 9, 12)  # digits that mean something: province, prefecture, county, township, village


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: a code for programs and a Chinese sentence."""

    code: str
    sentence: str


class SuccessionRefused(ValueError):
    """A merger or a split that cannot be planned; every reason is told at once."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__("；".join(one.sentence for one in self.refusals))

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(one.code for one in self.refusals)


def below(code: str, above: str) -> bool:
    """Whether a unit lies below another, both by 12 digits."""
    own = above[: next(length for length in _LEVELS if not above[length:].strip("0"))]
    return code != above and code.startswith(own)


def merge_refusals(sources: Sequence[Party], target: Party | None) -> tuple[Refusal, ...]:
    """Every reason against a merger."""
    return tuple(_against_merging(sources, target))


def _against_merging(sources: Sequence[Party], target: Party | None) -> Iterator[Refusal]:
    if not sources:
        yield Refusal("NO_SOURCE", "請指明被併入的單位")
    if target is None:
        yield Refusal("NO_TARGET", "請指明併入哪個單位")
    yield from _doubled(sources, "SOURCE_TWICE", "被併入的單位")
    for source in sources:
        if target is not None and source.code == target.code:
            yield Refusal("TARGET_IS_SOURCE", f"{target.name}不能併入自己")
        elif target is not None and below(target.code, source.code):
            yield Refusal("TARGET_BELOW_SOURCE", f"{target.name}在{source.name}之下，不能由它承接")
        yield from _against_source(source)
    if target is not None:
        yield from _against_target(target)
        yield from (one for source in sources for one in _against_both(source, target))


def split_refusals(
    source: Party | None,
    targets: Sequence[Party],
    primary: str | None,
    shares: Mapping[str, int] | None,
    assigned: Mapping[tuple[str, str], str],
) -> tuple[Refusal, ...]:
    """Every reason against a split."""
    return tuple(_against_splitting(source, targets, primary, shares, assigned))


def _against_splitting(
    source: Party | None,
    targets: Sequence[Party],
    primary: str | None,
    shares: Mapping[str, int] | None,
    assigned: Mapping[tuple[str, str], str],
) -> Iterator[Refusal]:
    codes = [one.code for one in targets]
    if source is None:
        yield Refusal("NO_SOURCE", "請指明要分設的單位")
    if len(set(codes)) < len(("one", "another")):
        yield Refusal("FEW_TARGETS", "分設須有兩個以上承接單位")
    yield from _doubled(targets, "TARGET_TWICE", "承接單位")
    if not primary:
        yield Refusal("NO_PRIMARY", "請指明主要承接單位")
    elif primary not in codes:
        yield Refusal("PRIMARY_NOT_TARGET", "主要承接單位須是承接單位之一")
    for target in targets:
        yield from _against_target(target)
    if source is not None:
        yield from _against_dividing(source, targets)
        yield from _against_shares(source, codes, shares)
        yield from _against_assigning(source, codes, assigned)


def _against_dividing(source: Party, targets: Sequence[Party]) -> Iterator[Refusal]:
    yield from _against_source(source)
    for target in targets:
        if target.code == source.code:
            yield Refusal("SOURCE_IS_TARGET", f"{source.name}不能由自己承接")
        elif below(target.code, source.code):
            yield Refusal("TARGET_BELOW_SOURCE", f"{target.name}在{source.name}之下，不能由它承接")
        yield from _against_both(source, target)


def _doubled(parties: Sequence[Party], code: str, words: str) -> Iterator[Refusal]:
    codes = [one.code for one in parties]
    for one in {party.code: party for party in parties}.values():
        if codes.count(one.code) > 1:
            yield Refusal(code, f"{words}中{one.name}重複")


def _against_source(source: Party) -> Iterator[Refusal]:
    if not source.active:
        yield Refusal("SOURCE_INACTIVE", f"{source.name}已撤併或已歸檔，不能再撤併")


def _against_target(target: Party) -> Iterator[Refusal]:
    if not target.active:
        yield Refusal("TARGET_INACTIVE", f"{target.name}已撤併、已暫停或已歸檔，不能承接")


def _against_both(source: Party, target: Party) -> Iterator[Refusal]:
    if source.standard.number != target.standard.number:
        numbers = f"第 {source.standard.number} 版和第 {target.standard.number} 版"
        yield Refusal(
            "RELEASES_DIFFER", f"{source.name}與{target.name}分別依據標準{numbers}；請先升級到同一版"
        )
    ways = [by_category(one.centre) for one in (source, target)]
    if any(way.get(UNALLOTTED) for way in ways) and any(way.keys() != {UNALLOTTED} for way in ways):
        yield Refusal("NO_CATEGORIES", f"{source.name}與{target.name}之一的資金沒有分類，不能按類別承接")


def _against_shares(
    source: Party, codes: Sequence[str], shares: Mapping[str, int] | None
) -> Iterator[Refusal]:
    if shares is None:
        return
    if strangers := sorted(shares.keys() - set(codes)):
        yield Refusal("SHARE_OF_NO_TARGET", f"份額中的 {'、'.join(strangers)} 不是承接單位")
    if any(fen < 0 for fen in shares.values()):
        yield Refusal("SHARE_NEGATIVE", "份額不得為負")
    if over := sum(shares.values()) - source.centre.envelope:
        total, whole = yuan(sum(shares.values())), yuan(source.centre.envelope)
        difference = f"{'多' if over > 0 else '少'} {yuan(abs(over))} 元"
        yield Refusal("SHARES_DIFFER", f"各份額合計 {total} 元，比{source.name}的總額 {whole} 元{difference}")


def _against_assigning(
    source: Party, codes: Sequence[str], assigned: Mapping[tuple[str, str], str]
) -> Iterator[Refusal]:
    known = {
        (kind, key) for kind, key, _ in things(source) if kind not in {*PLACE, "profile", "money", "mark"}
    }
    for (kind, key), unit in assigned.items():
        if (kind, key) not in known:
            yield Refusal("NOTHING_TO_ASSIGN", f"{source.name}沒有可以另行指定去向的「{kind}:{key}」")
        if unit not in codes:
            yield Refusal("ASSIGNED_TO_NO_TARGET", f"「{kind}:{key}」指定的 {unit} 不是承接單位")
