"""A picture that stands at the right edge, with the text beside it: python-docx only knows those within a line."""

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shape import InlineShape

# Lengths are English metric units: the text keeps 9 points away.
_ANCHOR = f"""<wp:anchor {nsdecls("wp")} distT="0" distB="0" distL="114300" distR="0" simplePos="0" relativeHeight="1"
 behindDoc="0" locked="0" layoutInCell="1" allowOverlap="0"><wp:simplePos x="0" y="0"/>
<wp:positionH relativeFrom="margin"><wp:align>right</wp:align></wp:positionH>
<wp:positionV relativeFrom="paragraph"><wp:posOffset>0</wp:posOffset></wp:positionV></wp:anchor>"""
_WRAP = f'<wp:wrapSquare {nsdecls("wp")} wrapText="left"/>'


def float_right(shape: InlineShape) -> None:
    """Take a picture out of its line and anchor it at the top of its paragraph."""
    inline, anchor = shape._inline, parse_xml(_ANCHOR)
    extent, *others = inline
    inline.getparent().replace(inline, anchor)
    anchor.extend([extent, parse_xml(_WRAP), *others])
