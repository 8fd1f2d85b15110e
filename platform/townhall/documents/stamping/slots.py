"""A slot: a text that papers bear and that differs from one township to the next.

Its ideographs, or the digits of a number, may be replaced by others of their kind; every other character belongs to
its shape, and texts of another shape need another layout.
"""

import re
from dataclasses import dataclass

HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
DIGIT = re.compile("[0-9]")


@dataclass(frozen=True, slots=True)
class Slot:
    """A text and the one that stands for it. Of a number the digits are replaced, of all else the ideographs."""

    name: str
    value: str
    sentinel: str
    numeric: bool

    @property
    def replaced(self) -> tuple[int, ...]:
        """The places of the characters that are replaced."""
        kind = DIGIT if self.numeric else HAN
        return tuple(found.start() for found in kind.finditer(self.value))

    def stands_in(self, text: str) -> bool:
        """Whether the text that stands for it is in another one, or some of its ideographs are."""
        if self.numeric:
            return self.sentinel in text
        return any(self.sentinel[place] in text for place in self.replaced)

    @property
    def shape(self) -> str:
        """The text with every replaceable character replaced by the same one."""
        return DIGIT.sub("0", self.value) if self.numeric else HAN.sub("字", self.value)
