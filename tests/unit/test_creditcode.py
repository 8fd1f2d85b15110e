"""The check sign of the unified social credit code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from townhall.lookups.creditcode import check_sign, is_credit_code, tidied

# The example printed in GB 32100-2015 and two published ones.
REAL = ["91350100M000100Y43", "91440300708461136T", "914403001922038216"]
SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # pragma: allowlist secret


@pytest.mark.parametrize("code", REAL)
def test_a_real_code_is_accepted(code: str) -> None:
    assert is_credit_code(code)


@pytest.mark.parametrize(
    "code", ["", "9135", "91350100M000100Y4", "91350100M000100Y430", "9I350100M000100Y43"]
)
def test_what_has_another_shape_is_no_code(code: str) -> None:
    assert not is_credit_code(code)


@given(place=st.integers(0, 16), sign=st.sampled_from(SIGNS))
def test_one_wrong_sign_is_noticed(place: int, sign: str) -> None:
    code = REAL[0]
    changed = code[:place] + sign + code[place + 1 :]
    assert is_credit_code(changed) is (changed == code)


def test_a_code_is_kept_in_capitals_without_spaces_or_full_width_signs() -> None:
    assert tidied(" ９1350100 m000100y43 ") == REAL[0]
    assert check_sign(REAL[0]) == "3"
