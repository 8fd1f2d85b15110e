"""Every mapped class, imported for its effect on the metadata and listed for whoever walks them."""

from townhall.accounts.models import (
    Attempt,
    Identity,
    LoginSession,
    Membership,
    Pass,
    RecoveryCode,
    SpentToken,
    User,
)
from townhall.approvals.models import Approval
from townhall.audit.models import AuditRecord
from townhall.budget.models import BudgetLine
from townhall.centres.models import (
    Centre,
    DecisionRule,
    Outbox,
    Post,
    Question,
    Regime,
    Revision,
    ServiceItem,
    Sign,
    Window,
)
from townhall.counties.models import CountyDraft
from townhall.database import Base
from townhall.documents.models import Paper
from townhall.fixtures.models import Fixture
from townhall.halls.models import HallObject, WallSlot, Zone
from townhall.jobs.models import Job
from townhall.lookups.models import Holiday, Supplier
from townhall.pictures.models import Picture
from townhall.rollouts.models import Rollout, RolloutCentre, SimulatedCentre, Simulation
from townhall.standards.models import CountyOverlay, Release
from townhall.units.models import Unit
from townhall.units.succession import Succession

TENANT_OWNED = (
    Centre,
    Revision,
    Window,
    ServiceItem,
    Zone,
    HallObject,
    WallSlot,
    Sign,
    Fixture,
    Picture,
    Regime,
    Post,
    BudgetLine,
    AuditRecord,
    Approval,
    Question,
    Outbox,
    Job,
    SimulatedCentre,
    RolloutCentre,
    CountyDraft,
    Paper,
)
HOST_OWNED = (
    *(Unit, Succession, Release, CountyOverlay, Simulation, Rollout, DecisionRule, Holiday, Supplier),
    *(User, Membership, Identity, LoginSession, Pass, RecoveryCode, SpentToken, Attempt),
)

__all__ = ["HOST_OWNED", "TENANT_OWNED", "Base"]
