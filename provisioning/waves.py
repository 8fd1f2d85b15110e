"""The waves of a rollout: every township of the fleet in exactly one of them (rule J1). Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

REST = "其餘"
_EXCEPT = "!"
_CODE_LENGTHS = frozenset({4, 6, 9, 12})


@dataclass(frozen=True, slots=True)
class Wave:
    """A wave: its name, what it selects, and how many centres are brought on at one time.

    A selector is a code of a prefecture, county or township (4, 6, 9 or 12 digits), `其餘` for all that no other
    wave takes, or `!` and a code for what is left out of this one.
    """

    name: str
    selectors: tuple[str, ...]
    parallel: int = 1

    @property
    def rest(self) -> bool:
        return REST in self.selectors

    def takes(self, code: str) -> bool:
        """Whether the codes of the wave reach a 12-digit unit code."""
        return _any(self._taken, code) and not _any(self._left_out, code)

    def leaves_out(self, code: str) -> bool:
        """Whether the wave names a unit only to leave it out."""
        return _any(self._left_out, code)

    @property
    def _taken(self) -> Iterator[str]:
        return (one for one in self.selectors if one != REST and not one.startswith(_EXCEPT))

    @property
    def _left_out(self) -> Iterator[str]:
        return (one.removeprefix(_EXCEPT) for one in self.selectors if one.startswith(_EXCEPT))


def _any(codes: Iterable[str], unit: str) -> bool:
    return any(unit.startswith(_significant(code)) for code in codes)


def _significant(code: str) -> str:
    """The digits of a code that mean something: a prefecture's four, a county's six, a township's nine."""
    full = code.ljust(12, "0")
    return next((full[:size] for size in (4, 6, 9) if not full[size:].strip("0")), full)


class WavesInvalid(ValueError):
    """Waves that do not share out the fleet; `faults` are Chinese sentences, one for each thing wrong."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("；".join(self.faults))


def assign(waves: Sequence[Wave], units: Mapping[str, str]) -> dict[str, int]:
    """The wave (from 1) of each unit, given by 12-digit code and name.

    Raises `WavesInvalid` for a selector that is none, a wave without a name, units that no wave or more than one
    takes, and a wave that takes none.
    """
    faults = list(_malformed(waves))
    if faults:
        raise WavesInvalid(faults)
    taking = {code: _taking(waves, code) for code in units}
    faults += _shared_out(waves, units, taking)
    if faults:
        raise WavesInvalid(faults)
    return {code: numbers[0] for code, numbers in taking.items()}


def _taking(waves: Sequence[Wave], code: str) -> list[int]:
    named = [number for number, wave in enumerate(waves, 1) if wave.takes(code)]
    rest = [number for number, wave in enumerate(waves, 1) if wave.rest and not wave.leaves_out(code)]
    return named or rest


def _malformed(waves: Sequence[Wave]) -> Iterator[str]:
    if not waves:
        yield "至少要有一個批次"
    for number, wave in enumerate(waves, 1):
        if not wave.name.strip():
            yield f"第 {number} 批沒有名稱"
        if wave.parallel < 1:
            yield f"第 {number} 批的並行數須為正整數"
        if not any(wave.selectors):
            yield f"第 {number} 批沒有選擇任何單位"
        for selector in filter(None, wave.selectors):
            code = selector.removeprefix(_EXCEPT)
            if selector != REST and not (code.isascii() and code.isdigit() and len(code) in _CODE_LENGTHS):
                yield f"第 {number} 批的「{selector}」不是單位代碼（4、6、9 或 12 位數字），也不是「{REST}」"


def _shared_out(
    waves: Sequence[Wave], units: Mapping[str, str], taking: Mapping[str, Sequence[int]]
) -> Iterator[str]:
    for code, numbers in taking.items():
        if not numbers:
            yield f"{units[code]}（{code[:9]}）不在任何批次中"
        elif len(numbers) > 1:
            yield f"{units[code]}（{code[:9]}）同時在第 {'、'.join(map(str, numbers))} 批中"
    used = {number for numbers in taking.values() for number in numbers}
    for number, wave in enumerate(waves, 1):
        if number not in used:
            yield f"第 {number} 批「{wave.name}」沒有選中任何單位"


def parsed(number: int, text: str) -> Wave:
    """A wave as people write it: `試點=522301001,522301002` or `興義市=522301,!522301001`, with `*4` at the end of
    the name for four centres at one time."""
    name, _, selectors = text.rpartition("=")
    name, star, parallel = name.strip().partition("*")
    chosen = tuple(part.strip() for part in selectors.replace("，", ",").split(",") if part.strip())
    at_once = int(parallel) if star and parallel.isdigit() else 1
    return Wave(name.strip() or f"第 {number} 批", chosen, at_once)
