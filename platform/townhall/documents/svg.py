"""The few SVG shapes that our drawings are made of; every length is a millimetre on paper.

Styles are presentation attributes, never `<style>`: page CSS does not reach into an SVG of WeasyPrint, and a strict
content-security policy forbids inline style sheets on a web page.
"""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr  # nosec B406 # they write XML, they read none

Style = dict[str, float | str]

INK = "#1a1a1a"
_THIN: Style = {"stroke": INK, "stroke_width": 0.18}
_WORDS: Style = {"text_anchor": "middle", "fill": INK}


def number(value: float) -> str:
    """A coordinate to a hundredth of a millimetre, without needless zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def element(name: str, content: str = "", /, **attributes: float | str) -> str:
    """An element; underscores in attribute names become hyphens, numbers are written by `number`."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(value if isinstance(value, str) else number(value))}"
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def rect(x: float, y: float, width: float, height: float, **style: float | str) -> str:
    return element("rect", x=x, y=y, width=width, height=height, **style)


def line(x1: float, y1: float, x2: float, y2: float, **style: float | str) -> str:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **(_THIN | style))


def circle(x: float, y: float, radius: float, **style: float | str) -> str:
    return element("circle", cx=x, cy=y, r=radius, **style)


def path(steps: str, **style: float | str) -> str:
    return element("path", d=steps, fill="none", **(_THIN | style))


def polygon(points: Iterable[tuple[float, float]], **style: float | str) -> str:
    joined = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return element("polygon", points=joined, **style)


def text(x: float, y: float, size: float, words: str, **style: float | str) -> str:
    """Words centred on x (unless `text_anchor` says otherwise); y is the middle of the line."""
    return element("text", escape(words), x=x, y=y + size * 0.36, font_size=size, **(_WORDS | style))


def drawing(width: float, height: float, content: str, *, face: str, title: str, fluid: bool = False) -> str:
    """A whole SVG, `width` by `height` millimetres; `fluid` fills the width of its place on a web page."""
    extent = {"width": "100%"} if fluid else {"width": f"{number(width)}mm", "height": f"{number(height)}mm"}
    box = f"0 0 {number(width)} {number(height)}"
    named = element("title", escape(title)) + content
    return element(
        "svg", named, xmlns="http://www.w3.org/2000/svg", viewBox=box, role="img", font_family=face, **extent
    )
