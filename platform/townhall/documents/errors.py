"""What can be wrong with one document; each says where, in Chinese, and stops only that document."""

from typing import Any

Packed = tuple[type["DocumentError"], tuple[Any, ...], dict[str, Any]]


class DocumentError(Exception):
    """A document cannot be produced; `str()` is the sentence for the reader."""

    code = "DOCUMENT"


class UnfilledBlank(DocumentError):
    """Fields that still wait to be filled; a blank blocks printing."""

    code = "UNFILLED_BLANK"

    def __init__(self, fields: tuple[str, ...]) -> None:
        self.fields = fields
        super().__init__(f"有 {len(fields)} 處待填：{'；'.join(fields)}")


class MissingGlyph(DocumentError):
    """A character that no face covers (rule N3: an error, never a box)."""

    code = "MISSING_GLYPH"

    def __init__(self, character: str, place: str) -> None:
        self.character = character
        self.place = place
        super().__init__(f"字體缺字「{character}」（U+{ord(character):04X}），位於：{place}")


class Overflow(DocumentError):
    """The text does not fit its page at the smallest permitted size; it is never shrunk further."""

    code = "OVERFLOW"

    def __init__(self, pages: int, allowed: int, reason: str = "") -> None:
        self.pages = pages
        self.allowed = allowed
        super().__init__(f"版面溢出：應為 {allowed} 頁，實為 {pages} 頁" + (f"；{reason}" if reason else ""))


class FetchRefused(DocumentError):
    """The document asked for something from outside; only `data:` and our own scheme are served."""

    code = "FETCH_REFUSED"


class NeedsReview(DocumentError):
    """A clause that needs legal review cannot be printed unreviewed."""

    code = "NEEDS_REVIEW"


class NotStampable(DocumentError):
    """A document that must be laid out for each township by itself (layer L1)."""

    code = "NOT_STAMPABLE"


class RenderFailed(DocumentError):
    """A sheet brought its worker down, took too long, or met a fault that is no error of the document."""

    code = "RENDER_FAILED"


def packed(error: DocumentError) -> Packed:
    """An error as it travels between processes; one built from several arguments cannot be pickled as it is."""
    return type(error), error.args, dict(vars(error))


def unpacked(parts: Packed) -> DocumentError:
    """The error again."""
    kind, arguments, facts = parts
    error = kind.__new__(kind, *arguments)
    vars(error).update(facts)
    return error
