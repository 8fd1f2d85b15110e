"""Waves share out a fleet: nobody is forgotten, nobody is in two (rule J1)."""

import pytest

from provisioning.waves import Wave, WavesInvalid, assign, parsed

UNITS = {
    "522301001000": "甲街道",
    "522301002000": "乙街道",
    "522302001000": "丙鄉",
    "522323001000": "丁鎮",
}


def told(*waves: Wave) -> tuple[str, ...]:
    with pytest.raises(WavesInvalid) as refusal:
        assign(waves, UNITS)
    return refusal.value.faults


def test_rule_j1_every_unit_is_in_exactly_one_wave() -> None:
    waves = (
        Wave("試點", ("522301001",)),
        Wave("興義", ("522301", "!522301001")),
        Wave("其他", ("其餘",)),
    )
    assert assign(waves, UNITS) == {
        "522301001000": 1,
        "522301002000": 2,
        "522302001000": 3,
        "522323001000": 3,
    }


def test_rule_j1_a_unit_in_no_wave_is_an_error_with_its_name() -> None:
    assert told(Wave("一", ("522301", "522302"))) == ("丁鎮（522323001）不在任何批次中",)


def test_rule_j1_a_unit_in_two_waves_is_an_error() -> None:
    faults = told(Wave("一", ("522301001",)), Wave("二", ("522301",)), Wave("三", ("其餘",)))
    assert faults == ("甲街道（522301001）同時在第 1、2 批中",)


def test_two_waves_cannot_both_take_the_rest() -> None:
    faults = told(Wave("一", ("5223",)), Wave("二", ("其餘",)), Wave("三", ("其餘",)))
    assert faults == ("第 2 批「二」沒有選中任何單位", "第 3 批「三」沒有選中任何單位")


def test_a_wave_that_takes_nobody_is_an_error() -> None:
    assert told(Wave("空", ("522399",)), Wave("其他", ("其餘",))) == ("第 1 批「空」沒有選中任何單位",)


@pytest.mark.parametrize("selector", ["52230", "五二", "*", "522301 ", "!"])
def test_a_selector_that_is_no_code_is_refused(selector: str) -> None:
    assert "不是單位代碼" in told(Wave("一", (selector,)))[0]


@pytest.mark.parametrize("wave", [Wave("", ("5223",)), Wave("一", ()), Wave("一", ("5223",), 0)])
def test_a_wave_lacks_neither_name_nor_selection_nor_a_number_at_one_time(wave: Wave) -> None:
    assert len(told(wave)) == 1


def test_no_wave_at_all_is_refused() -> None:
    assert told() == ("至少要有一個批次",)


def test_a_wave_is_read_as_people_write_it() -> None:
    assert parsed(1, "試點*4=522301001, 522301002") == Wave("試點", ("522301001", "522301002"), 4)
    assert parsed(2, "其餘") == Wave("第 2 批", ("其餘",))
    assert parsed(3, "興義市=522301，!522301001") == Wave("興義市", ("522301", "!522301001"))
