"""What a real account's password is kept as; the tests' own accounts are hashed quicker."""

import subprocess
import sys

from argon2 import extract_parameters
from argon2.low_level import Type
from argon2.profiles import RFC_9106_LOW_MEMORY


def test_passwords_are_argon2id_at_the_cost_that_rfc_9106_recommends() -> None:
    program = "from townhall.accounts.operations import hashed; print(hashed('a long enough password'))"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found = extract_parameters(made.stdout.strip())
    assert found.type is Type.ID
    assert found.memory_cost >= RFC_9106_LOW_MEMORY.memory_cost
    assert found.time_cost >= RFC_9106_LOW_MEMORY.time_cost
