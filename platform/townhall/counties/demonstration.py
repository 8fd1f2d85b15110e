"""The demonstration's county: it gives up what release 2 withdraws, and leaves one question open."""

from sqlalchemy.orm import Session

from provisioning.marks import Choice
from townhall.audit.act import Act
from townhall.centres.deciding import Decision
from townhall.counties.operations import county_desk, decide_question, publish
from townhall.units.models import Unit


def follow_withdrawals(session: Session, county: Unit, *, act: Act) -> None:
    """Let the county follow the newest release in what it withdraws, and publish that."""
    withdrawn = [mark.id for mark in county_desk(session, county).says.questions if mark.theirs is None]
    for identifier in withdrawn:
        decide_question(session, county, identifier, Decision(Choice.TAKE_STANDARD), act=act)
    if withdrawn:
        publish(session, county, act=act)
