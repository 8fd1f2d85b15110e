"""How far a centre has come is derived, and never called done."""

from typing import Any

from provisioning.load import load_sample
from provisioning.resolve import Upstream, resolve
from provisioning.specs import CentreSpec, Fixture, Pack, Quantity, UnitKind
from provisioning.specs.centre import required
from tests.fixtures.standards import PACK_FOLDER
from townhall.centres.readiness import Stage, State, readiness


def filled(pack: Pack) -> CentreSpec:
    _, sample = load_sample(PACK_FOLDER)
    return resolve(pack, sample, UnitKind.TOWNSHIP)


def furnished(centre: CentreSpec) -> CentreSpec:
    def full(fixture: Fixture) -> Fixture:
        return fixture.model_copy(update={"on_hand": required(fixture.quantity, centre)})

    return centre.model_copy(update={"fixtures": tuple(map(full, centre.fixtures))})


def test_a_fresh_centre_lists_what_is_missing_and_who_fills_it(pack: Pack, standard: Upstream) -> None:
    found = readiness(standard.centre, pack)
    assert found.stage is Stage.OPEN
    assert found.count > 0
    assert found.percent < 100
    hotline = [
        missing for missing in found.missing if "hotline" in missing.fields or missing.key == "hotline"
    ]
    assert hotline


def test_a_centre_with_everything_is_complete_by_its_own_report(pack: Pack) -> None:
    found = readiness(furnished(filled(pack)), pack)
    assert found.missing == ()
    assert found.stage is Stage.COMPLETE
    assert found.percent == 100
    assert {result.state for result in found.results} == {State.REPORTED}


def test_one_missing_cabinet_keeps_a_centre_from_being_complete(pack: Pack) -> None:
    centre = furnished(filled(pack))
    short = [f.model_copy(update={"on_hand": 0}) if f.key == "zhou:cabinet" else f for f in centre.fixtures]
    found = readiness(centre.model_copy(update={"fixtures": tuple(short)}), pack)
    assert [missing.label for missing in found.missing] == ["檔案櫃"]
    assert found.percent < 100


def test_optional_things_do_not_count(pack: Pack) -> None:
    centre = furnished(filled(pack))
    none = [f.model_copy(update={"on_hand": 0}) if f.requirement != "必備" else f for f in centre.fixtures]
    assert readiness(centre.model_copy(update={"fixtures": tuple(none)}), pack).stage is Stage.COMPLETE


def test_what_is_missing_is_counted_once_although_two_checks_ask_for_it(
    pack: Pack, standard: Upstream
) -> None:
    missing = readiness(standard.centre, pack).missing
    assert len(missing) == len(set(missing))


def test_a_quantity_follows_the_windows_there_are(standard: Upstream) -> None:
    centre: Any = standard.centre
    rule = Quantity(per="window", times=1, plus=2)
    assert required(rule, centre) == len(centre.windows) + 2
    assert required(rule, centre.model_copy(update={"windows": centre.windows[:3]})) == 5
