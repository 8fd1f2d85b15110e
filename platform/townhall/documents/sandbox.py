"""Where templates run: they can read what they are given, and do nothing else (security, finding 9 and bar P1).

Jinja's own sandbox keeps code from being executed. This one also refuses methods, the filters that nobody needs
on paper, and the operators with which two short texts become a gigabyte. It does not bound time: a loop within a
loop is stopped by the limits of the process it runs in (`seclusion`), not here.
"""

from collections.abc import Mapping
from typing import Any

from jinja2 import BaseLoader, StrictUndefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST_LOOP = 10_000
LARGEST_NUMBER = 10**12
LONGEST_RESULT = 5_000_000  # characters of one page
FILTERS = frozenset(
    {
        *("batch", "default", "e", "escape", "first", "int", "join", "last", "length", "list", "lower"),
        *("max", "min", "replace", "round", "safe", "sort", "string", "sum", "trim", "upper"),
    }
)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja for templates from elsewhere: strict about names, without methods.

    `escaping` writes HTML; without it the text goes into a page that escapes it.
    """

    intercepted_binops = frozenset(("*", "**", "%"))

    def __init__(self, loader: BaseLoader, *, escaping: bool = True) -> None:
        super().__init__(
            loader=loader,
            autoescape=escaping,
            undefined=StrictUndefined,
            trim_blocks=escaping,
            lstrip_blocks=escaping,
        )
        self.filters = {name: found for name, found in self.filters.items() if name in FILTERS}
        self.globals = {"range": _short_range, "namespace": self.globals["namespace"]}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Values only, and the macros of an imported template; no method of anything."""
        return super().is_safe_attribute(obj, attr, value) and (
            isinstance(value, Macro) or not callable(value)
        )

    def is_safe_callable(self, obj: Any) -> bool:
        """Macros, `range`, `namespace` and what Jinja itself calls in a macro."""
        return isinstance(obj, Macro) or obj in self.globals.values()

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic of ordinary numbers."""
        ordinary = all(
            isinstance(side, int | float) and abs(side) <= LARGEST_NUMBER for side in (left, right)
        )
        if not ordinary or (operator == "**" and abs(right) > 3):
            raise SecurityError(f"「{operator}」只能用於普通數值")
        return super().call_binop(context, operator, left, right)


def rendered(environment: Sandbox, name: str, context: Mapping[str, Any]) -> str:
    """The text of a template. Raises what Jinja raises, and `SecurityError` beyond the longest result."""
    parts: list[str] = []
    total = 0
    for part in environment.get_template(name).generate(context):
        total += len(part)
        if total > LONGEST_RESULT:
            raise SecurityError(f"頁面超過 {LONGEST_RESULT} 個字符")
        parts.append(part)
    return "".join(parts)


def _short_range(*bounds: int) -> range:
    made = range(*bounds)
    if len(made) > LONGEST_LOOP:
        raise SecurityError(f"循環超過 {LONGEST_LOOP} 次")
    return made
