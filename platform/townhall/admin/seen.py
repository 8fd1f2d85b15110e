"""What somebody has seen of a row, in one number: the lock that holds nobody up."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def digest_of(values: Mapping[str, Any]) -> str:
    """The SHA-256 of a row's values; two rows that read the same have the same."""
    plain = json.dumps(values, default=str, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()
