"""The demonstration's rollout: release 2 on its way, two waves done, the last waiting for a person."""

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from provisioning.specs import Pack
from provisioning.waves import REST, Wave
from townhall.audit.act import Act
from townhall.rollouts.operations import Limits, start
from townhall.rollouts.publication import publish
from townhall.rollouts.running import run
from townhall.rollouts.simulation import simulate
from townhall.standards.models import Release
from townhall.standards.operations import draft_release

TRIAL = 4  # townships of the first wave

SessionMaker = sessionmaker[Session]


def publish_next(readers: SessionMaker, sessions: SessionMaker, pack: Pack, *, act: Act) -> int | None:
    """Draft, simulate and publish a release; gives its id, None when it is there already."""
    if _there(sessions, pack):
        return None
    with sessions.begin() as session:
        release = draft_release(session, pack, act=act).id
    simulate(readers, sessions, release, act=act)
    with sessions.begin() as session:
        publish(session, session.get_one(Release, release), act=act)
    return release


def roll_out(sessions: SessionMaker, release: int, codes: list[str], *, act: Act) -> None:
    """Bring the first two waves on. `codes` are those of the townships of the first county, in which the trial is."""
    with sessions.begin() as session:
        row = session.get_one(Release, release)
        rollout = start(session, row, _waves(codes), Limits(), act=act).id
    run(sessions, rollout, act=act, through=2)


def _there(sessions: SessionMaker, pack: Pack) -> bool:
    wanted = select(Release.id).filter_by(pack=pack.header.id, number=pack.header.release)
    with sessions() as session:
        found = session.scalar(wanted) is not None
        session.rollback()
        return found


def _waves(codes: list[str]) -> list[Wave]:
    trial = tuple(codes[:TRIAL])
    county = codes[0][:6]
    return [
        Wave("試點", trial),
        Wave("試點所在縣市", (county, *(f"!{code}" for code in trial))),
        Wave("全州", (REST,)),
    ]
