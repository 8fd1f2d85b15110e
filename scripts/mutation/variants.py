"""Prints the mutants of source files, one JSON object a line: file, line, old and new text of the line, the source.

The operators are mutmut's. Its runner is not used: it leaves out every function with a decorator, and the walls
between tenants are listeners with one, and every table that a module is made of.
"""

import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper
from mutmut.mutation.file_mutation import NEVER_MUTATE_FUNCTION_NAMES, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode


def without_one(node: cst.Set) -> Iterable[cst.Set]:
    """A set without each of its elements in turn: a table of rights is made of sets."""
    if len(node.elements) > 1:
        for place in range(len(node.elements)):
            yield node.with_changes(elements=[*node.elements[:place], *node.elements[place + 1 :]])


OPERATORS = (*mutation_operators, (cst.Set, without_one))


class Everywhere(MutationVisitor):
    """mutmut's visitor, in decorated functions too."""

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef):
            return node.name.value in NEVER_MUTATE_FUNCTION_NAMES
        return bool(super()._skip_node_and_children(node))


def variants(source: str) -> Iterator[str]:
    """The source with one thing changed, for every thing and change; the same text is given once."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    visitor = Everywhere(OPERATORS, IgnoredCode(set(), set(), set()))
    wrapper.visit(visitor)
    seen = {source}
    for mutation in visitor.mutations:
        changed = wrapper.module.deep_replace(mutation.original_node, mutation.mutated_node)
        code = changed.code if isinstance(changed, cst.Module) else source
        if code not in seen:
            seen.add(code)
            yield code


def described(file: str, source: str, changed: str) -> dict[str, object]:
    lines = itertools.zip_longest(source.splitlines(), changed.splitlines(), fillvalue="")
    number, old, new = next((at, *pair) for at, pair in enumerate(lines, start=1) if pair[0] != pair[1])
    return {"file": file, "line": number, "old": old.strip(), "new": new.strip(), "source": changed}


def main() -> None:
    for file in sys.argv[1:]:
        source = Path(file).read_text(encoding="utf-8")
        for changed in variants(source):
            print(json.dumps(described(file, source, changed)))


if __name__ == "__main__":
    main()
