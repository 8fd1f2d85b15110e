"""Configurations as trees: records and keyed collections as dicts, so that every place has a path (rules A2, A3).

A path names sections, keys and fields in turn: `("items", "zhou:x", "materials", "id-card", "note")`. What is
absent is None, and an empty collection or set is absent too (rule C6). Items of a centre's collections stay specs
until something inside them is asked for: most of them are the standard's own objects, and are never opened.
"""

from collections.abc import Mapping
from typing import Any

from provisioning.canonical import canonical
from provisioning.memory import Remembered
from provisioning.schema import CENTRE, Kind, Node, record
from provisioning.specs import CentreSpec, Keyed, Spec
from provisioning.specs.centre import COLLECTIONS

Path = tuple[str, ...]
Tree = dict[str, Any]


def centre_tree(centre: CentreSpec) -> Tree:
    """A centre as a tree; its items are the very specs of the centre."""
    return {
        name: {item.key: item for item in value} if name in COLLECTIONS else grown(CENTRE.fields[name], value)
        for name, value in centre
    }


def centre_of(tree: Tree, like: CentreSpec | None = None) -> CentreSpec:
    """The centre that a tree says; `like` lends its parts where they are the same. Raises `ValidationError`."""
    # Also of sections that the tree does not have: those are empty, not as in `like`.
    sections = {name: _section(name, tree.get(name)) for name in CentreSpec.model_fields}
    if like is not None:
        return like.model_copy(update=_validated(sections))
    return CentreSpec.model_validate(sections)


def _validated(sections: Mapping[str, Any]) -> dict[str, Any]:
    models = CentreSpec.model_fields
    return {
        name: models[name].annotation.model_validate(value) if isinstance(value, dict) else value  # type: ignore[union-attr]
        for name, value in sections.items()
    }


def _section(name: str, value: Any) -> Any:
    if name not in COLLECTIONS:
        return listed(CENTRE.fields[name], value)
    node = CENTRE.fields[name].each
    model = COLLECTIONS[name]
    return tuple(
        item if isinstance(item, Keyed) else model.model_validate({"key": key, **listed(node, item)})
        for key, item in (value or {}).items()
    )


def grown(node: Node, value: Any) -> Any:
    """A value, spec or canonical, as a tree of its kind; an empty one is absent. Trees are never changed in place."""
    if value is None or type(value) in {str, int}:
        return canonical(value)
    if isinstance(value, Keyed):
        return _opened_item(value)
    plain = canonical(value) if isinstance(value, Spec) else value
    if plain is None or plain == [] or plain == {}:
        return None
    if node.kind is Kind.RECORD:
        return {name: grown(inner, plain[name]) for name, inner in node.fields.items() if name in plain}
    if node.kind is Kind.COLLECTION and isinstance(plain, list):
        return {item["key"]: grown(node.each, item) for item in plain}
    return canonical(plain)


# The same items of the standard are opened for one township after the other.
_opened_item: Remembered[Tree] = Remembered(lambda item: grown(_node_of(item), canonical(item)))


def _node_of(item: Keyed) -> Node:
    return record(type(item))


def listed(node: Node, tree: Any) -> Any:
    """A tree in canonical form: the inverse of `grown`; fields that are absent are left out."""
    if isinstance(tree, Spec):
        return canonical(tree)
    if node.kind is Kind.RECORD and isinstance(tree, dict):
        fields = ((name, listed(inner, tree.get(name))) for name, inner in node.fields.items())
        return {name: value for name, value in fields if value is not None}
    if node.kind is Kind.COLLECTION and isinstance(tree, dict):
        return [{"key": key, **listed(node.each, item)} for key, item in tree.items()] or None
    return tree


def below(node: Node, name: str) -> Node:
    """The node of a field of a record or of an item of a collection. Raises `KeyError` for an unknown field."""
    return node.each if node.kind is Kind.COLLECTION else node.fields[name]


def node_at(path: Path, root: Node = CENTRE) -> Node:
    """The node of a path. Raises `KeyError` for a path that the schema does not know."""
    node = root
    for name in path:
        node = below(node, name)
    return node


def value_at(tree: Any, path: Path, root: Node = CENTRE) -> Any:
    """What stands at a path, as a tree; None where nothing does."""
    node = root
    for name in path:
        tree = opened(node, tree)
        tree = tree.get(name) if tree else None
        node = below(node, name)
    return opened(node, tree)


def placed(tree: Any, path: Path, value: Any, root: Node = CENTRE) -> Any:
    """A tree with another value at a path; the given tree is not touched. A value of None takes it away.

    An item that was not there comes last. Nothing is placed inside of what is absent.
    """
    if not path:
        return value
    tree = opened(root, tree) or {}
    inner = placed(tree.get(path[0]), path[1:], value, below(root, path[0]))
    if inner is not None:
        return {**tree, path[0]: inner}
    left = {name: old for name, old in tree.items() if name != path[0]}
    return left or (None if root.kind is Kind.COLLECTION else {})


def opened(node: Node, tree: Any) -> Any:
    """A tree as it is; an item that is still a spec as a tree."""
    if tree is None or type(tree) is dict:
        return tree
    return grown(node, tree) if isinstance(tree, Spec) else tree


def same(one: Any, other: Any, node: Node = CENTRE) -> bool:
    """Deep equality of two trees of one kind: types matter, the order of a collection does not."""
    if one is other:
        return True
    if type(one) is str or type(other) is str or one is None or other is None:
        return bool(one == other)
    if isinstance(one, Spec) and isinstance(other, Spec) and one == other:
        return True
    one, other = opened(node, one), opened(node, other)
    if type(one) is not type(other) or one != other:
        return False
    return repr(one) == repr(other) or _of_same_types(one, other)


def identical(one: Any, other: Any) -> bool:
    """Whether two trees are the same also in the order of their collections."""
    # Written out, since in Python [1] == [True], and the order of a dict does not matter.
    return one is other or bool(one == other and repr(one) == repr(other))


def _of_same_types(one: Any, other: Any) -> bool:
    """Of two equal trees, whatever the order of their collections: in Python [1] == [True]."""
    if type(one) is not type(other):
        return False
    if type(one) is dict:
        return all(_of_same_types(value, other[name]) for name, value in one.items())
    return type(one) is not list or all(_of_same_types(*two) for two in zip(one, other, strict=True))


def written(path: Path) -> str:
    """A path as policies write it: `items[zhou:x].materials[id-card].note`."""
    text, node = "", CENTRE
    for name in path:
        text += f"[{name}]" if node.kind is Kind.COLLECTION else f".{name}" if text else name
        node = below(node, name)
    return text
