"""How a centre is named after its unit (domain 2.6)."""

_OFFICE = "辦事處"


def bare(name: str) -> str:
    """The name of the unit without the words of its office: 黃草街道辦事處 is 黃草街道 (domain 2.6)."""
    return name.removesuffix(_OFFICE).removesuffix("办事处")


def name_by_rule(rule: str, unit_name: str) -> str:
    """A centre's name by the rule of its standard, e.g. 「{unit_name}便民服務中心」."""
    return rule.replace("{unit_name}", bare(unit_name))
