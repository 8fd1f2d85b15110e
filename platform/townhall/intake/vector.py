"""SVG from outside, written anew from what is known to be harmless: shapes, texts, gradients, references to itself.

What a drawing program adds for itself (its own namespaces) is left out. What could do something is refused: scripts,
event attributes, pages in the picture, animations, stylesheets, pictures, anything that is fetched from elsewhere.
Links within the drawing are followed on paper first: a few lines of them can stand for a thousand million shapes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr  # nosec B406 # they write, and parse nothing

from townhall.intake.raster import RATIO
from townhall.intake.refusals import (
    BROKEN_DRAWING,
    CROWDED,
    ENTITIES,
    EXTENT,
    FORBIDDEN,
    NARROW,
    OUTSIDE,
    Refused,
)

SVG, XLINK, XHTML = (
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xlink",
    "http://www.w3.org/1999/xhtml",
)
W3C = "http://www.w3.org/"
DEEPEST, MOST_ELEMENTS, MOST_DRAWN = 48, 10_000, 20_000
_UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}

_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}
_TEXTS = {"text", "tspan", "title", "desc"}
_GRADIENTS = {"linearGradient", "radialGradient", "stop"}
ELEMENTS = frozenset({"svg", "g", "defs", "symbol", "use", "clipPath", *_SHAPES, *_TEXTS, *_GRADIENTS})
_LEFT_OUT = frozenset({"metadata", "title", "desc"})

_STYLE = {
    *("fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap"),
    *("stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "opacity", "color"),
    *("font-size", "font-weight", "font-style", "text-anchor", "letter-spacing", "clip-path", "clip-rule"),
    *("stop-color", "stop-opacity", "display", "visibility", "dominant-baseline"),
}
_GEOMETRY = {
    *(
        "x",
        "y",
        "x1",
        "y1",
        "x2",
        "y2",
        "cx",
        "cy",
        "r",
        "rx",
        "ry",
        "fx",
        "fy",
        "dx",
        "dy",
        "width",
        "height",
    ),
    *("d", "points", "transform", "viewBox", "preserveAspectRatio", "offset", "gradientUnits", "rotate"),
    *("gradientTransform", "spreadMethod", "clipPathUnits", "pathLength"),
}
ATTRIBUTES = frozenset({"id", *_STYLE, *_GEOMETRY})
_ACTS = re.compile(r"url\s*\(|[\\@<>]|/\*|expression|javascript:|image\s*\(|src\s*\(", re.IGNORECASE)
_OWN = re.compile(r"url\(\s*['\"]?#([\w.-]+)['\"]?\s*\)")


@dataclass(slots=True)
class Node:
    """An element that is kept, its attributes, what stands in it, and the ids that it refers to."""

    name: str
    attributes: dict[str, str]
    inside: list["Node | str"] = field(default_factory=list)
    refers: list[str] = field(default_factory=list)

    def nodes(self) -> Iterator["Node"]:
        return (one for one in self.inside if isinstance(one, Node))


def plain_drawing(data: bytes) -> tuple[bytes, float, float]:
    """A drawing written anew, with its width and height in CSS pixels. Raises `Refused`."""
    root = _Reader().read(data)
    _require_bounded(root)
    width, height = _extent(root.attributes)
    root.attributes |= {"width": f"{width:g}", "height": f"{height:g}"}
    return "".join(_written(root, top=True)).encode(), width, height


class _Reader:
    """Builds the tree while the parser runs, so that nothing is read to its end that is refused at its beginning."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.open: list[Node | None] = []  # None stands for an element that is left out
        self.count = 0

    def read(self, data: bytes) -> Node:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.CharacterDataHandler = self._say
        parser.StartDoctypeDeclHandler = _doctype
        parser.EntityDeclHandler = parser.ExternalEntityRefHandler = _entity
        parser.ProcessingInstructionHandler = _instruction
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise error if isinstance(error, Refused) else Refused(BROKEN_DRAWING) from error
        if self.root is None:
            raise Refused(BROKEN_DRAWING)
        return self.root

    def _begin(self, qualified: str, given: dict[str, str]) -> None:
        self.count += 1
        if self.count > MOST_ELEMENTS or len(self.open) >= DEEPEST:
            raise Refused(CROWDED)
        node = self._node(qualified, given)
        if node is not None and self.open:
            parent = self.open[-1]
            assert parent is not None  # noqa: S101 # nosec B101 # `_node` keeps nothing in what is left out
            parent.inside.append(node)
        elif not self.open:
            if node is None or node.name != "svg":
                raise Refused(BROKEN_DRAWING)
            self.root = node
        self.open.append(node)

    def _node(self, qualified: str, given: dict[str, str]) -> Node | None:
        space, _, name = qualified.rpartition(" ")
        if space == XHTML or name in {"script", "foreignObject"}:
            raise Refused(FORBIDDEN, what=name)
        if any(attribute.rpartition(" ")[2].lower().startswith("on") for attribute in given):
            raise Refused(
                FORBIDDEN, what=next(one for one in given if one.rpartition(" ")[2].lower()[:2] == "on")
            )
        if space not in {SVG, ""} or name in _LEFT_OUT or (self.open and self.open[-1] is None):
            return None
        if name not in ELEMENTS:
            raise Refused(FORBIDDEN, what=name)
        return _kept(name, given)

    def _end(self, _qualified: str) -> None:
        self.open.pop()

    def _say(self, words: str) -> None:
        if self.open and (node := self.open[-1]) is not None and node.name in {"text", "tspan"}:
            node.inside.append(words)


def _doctype(_name: str, system: str | None, _public: str | None, internal: int) -> None:
    """The document type that drawing programs write says nothing; one with something inside defines entities."""
    if internal or (system and not system.startswith(W3C)):
        raise Refused(ENTITIES)


def _entity(*_: object) -> int:
    raise Refused(ENTITIES)


def _instruction(target: str, _data: str) -> None:
    if target.lower() == "xml-stylesheet":
        raise Refused(OUTSIDE)


def _kept(name: str, given: dict[str, str]) -> Node:
    node = Node(name, {})
    for qualified, value in given.items():
        space, _, attribute = qualified.rpartition(" ")
        if attribute == "href" and space in {"", XLINK}:
            node.refers.append(_own(value))
            node.attributes["href"] = value.strip()
        elif attribute == "style" and not space:
            for style, said in _declarations(value):
                _keep(node, style, said)
        elif not space:
            _keep(node, attribute, value)
    return node


def _keep(node: Node, name: str, value: str) -> None:
    """Keep a known attribute. One that could fetch or do something is refused, known or not."""
    found = _OWN.findall(value)
    if _ACTS.search(_OWN.sub("", value)):
        raise Refused(OUTSIDE)
    if name in ATTRIBUTES:
        node.attributes[name] = value
        node.refers += found


def _own(value: str) -> str:
    if not re.fullmatch(r"\s*#[\w.-]+\s*", value):
        raise Refused(OUTSIDE)
    return value.strip()[1:]


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        if name.strip():
            yield name.strip().lower(), value.replace("!important", "").strip()


def _require_bounded(root: Node) -> None:
    """Raises `Refused` when following every reference would draw more than we draw, or go round in a circle."""
    known: dict[str, Node] = {}
    for node in _all(root):
        known.setdefault(node.attributes.get("id", ""), node)
    weights: dict[int, int] = {}
    if _weight(root, known, weights, ()) > MOST_DRAWN:
        raise Refused(CROWDED)


def _all(node: Node) -> Iterator[Node]:
    yield node
    for one in node.nodes():
        yield from _all(one)


def _weight(node: Node, known: dict[str, Node], weights: dict[int, int], way: tuple[int, ...]) -> int:
    """How many elements are drawn for one, references followed."""
    if id(node) in way or len(way) > DEEPEST:
        raise Refused(CROWDED)
    if id(node) not in weights:
        further = [known[name] for name in node.refers if name in known]
        parts = (_weight(one, known, weights, (*way, id(node))) for one in (*node.nodes(), *further))
        weights[id(node)] = 1 + sum(parts)
    return weights[id(node)]


def _extent(attributes: dict[str, str]) -> tuple[float, float]:
    """Width and height in CSS pixels; where they are missing or relative, those of the view box."""
    box = [_number(one) for one in re.split(r"[\s,]+", attributes.get("viewBox", "").strip()) if one]
    sides = [_length(attributes.get(name, "")) for name in ("width", "height")]
    if not all(sides) and len(box) == 4:
        sides = box[2:]
    width, height = (side or 0.0 for side in sides)
    if not (1 <= width <= 100_000 and 1 <= height <= 100_000):
        raise Refused(EXTENT)
    if max(width, height) > RATIO * min(width, height):
        raise Refused(NARROW, limit=RATIO)
    return width, height


def _length(text: str) -> float | None:
    found = re.fullmatch(r"\s*([0-9.]{1,12})\s*(px|pt|mm|cm|in|)\s*", text)
    number = _number(found[1]) if found else None
    return number * _UNITS[found[2]] if found and number else None


def _number(text: str) -> float | None:
    try:
        return float(text[:24])
    except ValueError:
        return None


def _written(node: Node, *, top: bool = False) -> Iterator[str]:
    attributes = {"xmlns": SVG} | node.attributes if top else node.attributes
    yield f"<{node.name}{''.join(f' {name}={quoteattr(value)}' for name, value in attributes.items())}>"
    for one in node.inside:
        if isinstance(one, Node):
            yield from _written(one)
        else:
            yield escape(one)
    yield f"</{node.name}>"
