"""Remembering what was computed of a value for as long as somebody holds that very value."""

import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """A function of one frozen value, computed once for each object, without keeping the object alive.

    Most items of most townships are the standard's own objects, so most of the work is done once for all.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self._known: dict[int, tuple[weakref.ref[Any], T]] = {}

    def __call__(self, value: Any) -> T:
        known = self._known.get(id(value))
        if known is not None and known[0]() is value:
            return known[1]
        result = self._compute(value)
        identity = id(value)
        self._known[identity] = (weakref.ref(value, lambda _gone: self._known.pop(identity, None)), result)
        return result

    def afresh(self, value: Any) -> T:
        """The same of a value that cannot be remembered by its identity."""
        return self._compute(value)
