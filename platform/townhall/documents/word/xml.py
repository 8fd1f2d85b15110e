"""Elements of WordprocessingML, written as they nest."""

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

Value = str | int


def element(tag: str, *children: BaseOxmlElement | None, **attributes: Value | None) -> BaseOxmlElement:
    """`<w:tag w:name="value">` with its children; what is None is left out."""
    made = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        if value is not None:
            made.set(qn(f"w:{name}"), str(value))
    made.extend(child for child in children if child is not None)
    return made


def value(tag: str, said: Value | None) -> BaseOxmlElement | None:
    """`<w:tag w:val="…">`, or None for nothing said."""
    return None if said is None else element(tag, val=said)


def twips(millimetres: float) -> int:
    """Twentieths of a point, in which Word measures."""
    return round(millimetres * 1440 / 25.4)
