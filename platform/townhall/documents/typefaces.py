"""The families that documents are set in; the packaged faces follow for machines that have not cast ours."""

from townhall.script import HANS

_PACKAGED = {"Song": "Noto Serif CJK", "Hei": "Noto Sans CJK"}


def families(style: str, script: str) -> str:
    """The CSS list of families for a style, "Song" or "Hei", in a script."""
    region = "SC" if script == HANS else "TC"
    generic = "serif" if style == "Song" else "sans-serif"
    return f"'Townhall {style} {region}', '{_PACKAGED[style]} {region}', {generic}"
