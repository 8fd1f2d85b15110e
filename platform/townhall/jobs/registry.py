"""The kinds of jobs there are, by the name that their rows bear."""

from townhall.config import Settings
from townhall.jobs.conflicts import DECIDE, decide_kind
from townhall.jobs.kinds import Kind
from townhall.jobs.packages import PACKAGE, package_kind
from townhall.jobs.provisioning import PROVISION, provision_kind
from townhall.jobs.standards import standard_kinds


def kinds(settings: Settings) -> dict[str, Kind]:
    """Everything that a worker of this installation can do."""
    return {
        PACKAGE: package_kind(settings),
        PROVISION: provision_kind(),
        DECIDE: decide_kind(),
        **standard_kinds(),
    }
