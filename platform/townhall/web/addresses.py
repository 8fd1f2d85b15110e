"""What stands in addresses: a township's nine digits, and keys with dots for colons."""

from werkzeug.routing import BaseConverter


class CodeConverter(BaseConverter):
    """The first nine digits of a township's statistics code."""

    regex = r"[0-9]{9}"


class KeyConverter(BaseConverter):
    """A key such as `zhou:temporary-relief` as `zhou.temporary-relief`; keys have no dots, so this reverses."""

    regex = r"[a-z0-9.@-]{1,120}"

    def to_python(self, value: str) -> str:
        return value.replace(".", ":")

    def to_url(self, value: str) -> str:
        return slug(value)


def slug(key: str) -> str:
    """A key as it stands in an address or in an element's id."""
    return key.replace(":", ".")


def local(target: str | None) -> str | None:
    """An address of this site to go on to, or None: nobody is ever sent elsewhere by a link to us."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    return None if any(sign in target for sign in "\\\r\n\t") else target
