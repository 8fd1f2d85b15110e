"""What a layout is made from, as it is handed to whoever has a renderer."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from townhall.documents.sheet import Sheet
from townhall.documents.stamping.layout import dumped
from townhall.documents.stamping.slots import Slot

if TYPE_CHECKING:
    from townhall.documents.pdf import Renderer


@dataclass(frozen=True, slots=True)
class Draft:
    """What a layout is made from; whoever has a renderer can make it. It crosses between processes.

    `sheets` are the paper in disguise and in truth, `alphabet` the ideographs that may be asked of the layout,
    `addresses` those in disguise whose QR codes the paper bears.
    """

    key: str
    sheets: tuple[Sheet, Sheet]
    slots: tuple[Slot, ...]
    alphabet: frozenset[str]
    addresses: tuple[str, ...]

    def made(self, renderer: "Renderer") -> bytes:
        """The layout as a file. Raises `NotStampable` and what the renderer raises."""
        # Imported late: who only hands a draft over never loads WeasyPrint.
        from townhall.documents.stamping.compiler import compiled

        return dumped(compiled(renderer, self))
