"""Articles of a centre's own regimes as any paper words them, so that wall and form cannot disagree.

A paper asks for a regime and an article by their bare keys (`time-limit`, `proxy`), whoever defined them: the
standard, the county or the township.
"""

from collections.abc import Iterable
from typing import Any

from provisioning.specs import Blank, Regime
from provisioning.specs.centre import Review
from townhall.documents.basesheet import numeral
from townhall.documents.commission import Commission
from townhall.documents.errors import NeedsReview
from townhall.documents.fields import parameters, substitute

Facts = dict[str, Any]


def require_reviewed(commission: Commission, regime: Regime) -> None:
    """Raise `NeedsReview` for a regime that no lawyer has seen, unless the issue is a draft."""
    if regime.review is Review.NEEDED and not commission.issue.draft:
        raise NeedsReview(f"「{regime.title}」需經法制審查，審查通過前只能打印草稿")


def article(commission: Commission, regime: Regime, index: int) -> Facts:
    """The article at `index`, from 0, with its Chinese number and the numbers of the regime put into its text."""
    text, number, pen = regime.articles[index].text, numeral(index + 1), commission.pen
    if isinstance(text, Blank):
        return {"number": number, "text": pen.gap(text, f"{regime.title}第{number}條")}
    return {"number": number, "text": pen.text(substitute(text, parameters(regime)))}


def quoted(commission: Commission, wanted: Iterable[tuple[str, str]]) -> list[Facts]:
    """Articles by regime and key, each with the title and the number that it has on the wall.

    What the centre does not have is left out: a form promises nothing that no regime promises. Raises `NeedsReview`
    as the board of the regime would.
    """
    found = (_quotation(commission, regime, key) for regime, key in wanted)
    return [quotation for quotation in found if quotation]


def figure(commission: Commission, regime: str, parameter: str) -> str:
    """A number of a regime with its unit, such as 7個工作日; an empty text where the centre defines none."""
    found = _regime(commission, regime)
    return commission.pen.text(parameters(found).get(parameter)) if found else ""


def count(commission: Commission, regime: str, parameter: str) -> int | None:
    """The same number without its unit, for counting with; None where the centre defines none."""
    found = _regime(commission, regime)
    values = (one.value for one in found.parameters if one.key == parameter) if found else ()
    return next(iter(values), None)


def _regime(commission: Commission, name: str) -> Regime | None:
    regimes = commission.centre.regimes
    return next((regime for regime in regimes if regime.key.rsplit(":", 1)[-1] == name), None)


def _quotation(commission: Commission, name: str, key: str) -> Facts | None:
    regime = _regime(commission, name)
    keys = [one.key for one in regime.articles] if regime else []
    if regime is None or key not in keys:
        return None
    require_reviewed(commission, regime)
    return {"regime": commission.pen.text(regime.title)} | article(commission, regime, keys.index(key))
