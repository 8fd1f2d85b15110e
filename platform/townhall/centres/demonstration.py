"""What the townships of the demonstration have made of release 1: plainly fictional, and each meets release 2 elsewhere."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from provisioning.canonical import canonical
from provisioning.specs import CentreSpec, Keyed
from townhall.audit.act import Act
from townhall.centres.deciding import accept, pin
from townhall.centres.edit import Edit, addition, edit_centre, local_key, ordering, removal
from townhall.centres.rows import require_centre
from townhall.units.models import Unit

Story = Callable[[Session, Unit, Act], None]

APPOINTMENT, PROXY, RENTAL = (
    "zhou:appointment",
    "zhou:full-help-proxy",
    "zhou:public-rental-housing-application",
)
COPYING, MEDICAL, LAND = "zhou:copying-form-help", "zhou:rural-cooperative-medical", "zhou:land"
SCREEN, PETITION = "zhou:screen", "zhou:petition"
HOME_DAYS = ("regimes", APPOINTMENT, "parameters", "home-days", "value")
_HALF_A_YEAR = dt.timedelta(days=180)


def tell(session: Session, place: int, unit: Unit, act: Act) -> bool:
    """Do to a fresh centre what the township in that place of the sheet does; False where it does nothing."""
    story = STORIES.get(place % EVERY)
    if story is not None:
        story(session, unit, act)
    return story is not None


def _edit(session: Session, unit: Unit, act: Act, reason: str, *edits: Edit) -> None:
    edit_centre(session, unit, edits, seen=None, act=act.because(f"{reason}（演示）"))


def _item(centre: CentreSpec, section: str, key: str) -> Any:
    found: Keyed = next(item for item in getattr(centre, section) if item.key == key)
    return found


def visits_sooner(session: Session, unit: Unit, act: Act) -> None:
    """A limit of its own where release 2 tightens the standard's: both have changed one number."""
    regime = _item(require_centre(session, unit.code), "regimes", APPOINTMENT)
    numbers = [
        {**canonical(one), "value": 1} if one.key == "home-days" else canonical(one)
        for one in regime.parameters
    ]
    edit = Edit("regimes", APPOINTMENT, "parameters", numbers)
    _edit(session, unit, act, "本地人手足，上門服務一個工作日內安排", edit)


def forwards_in_six_days(session: Session, unit: Unit, act: Act) -> None:
    """Shorter than release 1 asks and longer than release 2 allows; the steps are no longer timed one by one."""
    item = _item(require_centre(session, unit.code), "items", PROXY)
    steps = [
        {name: value for name, value in canonical(step).items() if name != "limit"} for step in item.steps
    ]
    edits = (
        Edit("items", PROXY, "promised_limit", {"days": 6, "unit": "工作日"}),
        Edit("items", PROXY, "steps", steps),
    )
    _edit(session, unit, act, "離縣城遠，代辦按六個工作日承諾，不分步計時", *edits)


def has_no_rental_housing(session: Session, unit: Unit, act: Act) -> None:
    """An item taken away that release 2 hands to another window."""
    _edit(session, unit, act, "本地沒有公共租賃住房房源，不設這個事項", removal("items", RENTAL))


def copies_for_schools(session: Session, unit: Unit, act: Act) -> None:
    """An item worded anew that release 2 withdraws."""
    scope = "到本中心辦事的群眾，以及本地學校、村（社區）需要複印公開資料的（演示）"
    _edit(session, unit, act, "學校請求一併提供複印", Edit("items", COPYING, "scope", scope))


def enrols_on_market_days(session: Session, unit: Unit, act: Act) -> None:
    """Words in an item that release 2 renames: they go on with it, and nobody is asked."""
    channels = ["窗口辦理", "由村（居）民委員會代為登記", "趕集日在集市設點登記（演示）"]
    _edit(session, unit, act, "趕集日人多，在集市設點", Edit("items", MEDICAL, "channels", channels))


def calls_the_window_otherwise(session: Session, unit: Unit, act: Act) -> None:
    """A name of its own for a window that release 2 splits in two."""
    edit = Edit("windows", LAND, "name", "國土規建窗口（演示）")
    _edit(session, unit, act, "沿用群眾熟悉的叫法", edit)


def petitions_first(session: Session, unit: Unit, act: Act) -> None:
    """An order of windows of its own."""
    windows = [window.key for window in require_centre(session, unit.code).windows]
    turned = sorted(windows, key=lambda key: key != PETITION)
    _edit(session, unit, act, "信訪法務窗口排在最前", ordering("windows", turned))


def serves_the_market(session: Session, unit: Unit, act: Act) -> None:
    """A window and an item that no standard knows."""
    centre = require_centre(session, unit.code)
    window = _item(centre, "windows", PETITION).model_copy(
        update={
            "key": local_key(unit, "market"),
            "number": 20,
            "name": "集市服務窗口（演示）",
            "duties": ("趕集日登記臨時攤位，解答攤位安排（演示）",),
            "note": None,
        }
    )
    item = _item(centre, "items", "zhou:policy-consultation").model_copy(
        update={
            "key": local_key(unit, "market-stall"),
            "name": "集市攤位諮詢（演示）",
            "former_names": frozenset(),
            "windows": frozenset({window.key}),
            "optional": True,
        }
    )
    _edit(session, unit, act, "本地自選服務事項", addition("windows", window), addition("items", item))


def holds_three_days(session: Session, unit: Unit, act: Act) -> None:
    """The standard's own number held on purpose: release 2 moves away from it."""
    pin(session, unit, HOME_DAYS, act=act.because("山區路遠，上門服務保持三個工作日（演示）"))


def goes_without_a_screen(session: Session, unit: Unit, act: Act) -> None:
    """A deviation that was accepted for a time."""
    gone = (removal("fixtures", SCREEN), removal("objects", SCREEN))
    _edit(session, unit, act, "大廳線路改造，暫不設電子顯示屏", *gone)
    until = act.moment.date() + _HALF_A_YEAR
    accept(session, unit, ("fixtures", SCREEN), until, act=act.because("線路改造完成前認可（演示）"))


# By the place in the sheet, counted round; where nothing stands a township follows the standard.
EVERY = 35
STORIES: dict[int, Story] = {
    0: visits_sooner,
    2: enrols_on_market_days,
    5: has_no_rental_housing,
    8: copies_for_schools,
    10: calls_the_window_otherwise,
    13: forwards_in_six_days,
    16: enrols_on_market_days,
    18: petitions_first,
    21: serves_the_market,
    24: holds_three_days,
    27: goes_without_a_screen,
    30: visits_sooner,
    33: copies_for_schools,
}
