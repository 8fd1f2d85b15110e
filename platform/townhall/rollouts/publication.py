"""Publishing a draft: with a simulation that still holds, or in spite of it for a reason (rule J6)."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from townhall.audit.act import Act
from townhall.centres.models import Centre
from townhall.rollouts.models import OPEN, Rollout, RolloutState
from townhall.rollouts.simulation import in_scope, size, staleness
from townhall.standards.models import Release
from townhall.standards.operations import (
    ReleaseRefused,
    make_published,
    published,
    withdraw_release,
)


def publication_fault(session: Session, release: Release) -> str | None:
    """Why a draft ought not to be published as things stand, in Chinese, or None."""
    stale = staleness(session, release) if size(session, release.pack) else None
    return f"{stale}，須先對全部中心模擬" if stale else None


def publish(session: Session, release: Release, *, act: Act, override: str = "") -> None:
    """Publish a draft. `override` is why it is published without a simulation that holds.

    Raises `ReleaseRefused`.
    """
    fault = publication_fault(session, release)
    if fault and not override.strip():
        raise ReleaseRefused([fault])
    make_published(session, release, act=act.because(override) if fault else act)


def withdraw(session: Session, release: Release, *, act: Act) -> None:
    """Withdraw a release that is not on its way. Raises `ReleaseRefused`."""
    if open_rollout(session, release.pack, release.id) is not None:
        raise ReleaseRefused(["這一版正在推行，請先結束推行"])
    withdraw_release(session, release, act=act)


def open_rollout(session: Session, pack_id: str, release_id: int | None = None) -> Rollout | None:
    """The rollout of a pack, or of one release of it, that has not ended."""
    found = select(Rollout).join(Release, Release.id == Rollout.release_id)
    found = found.where(Release.pack == pack_id, Rollout.state.in_(OPEN))
    if release_id is not None:
        found = found.where(Rollout.release_id == release_id)
    return session.scalars(found).one_or_none()


def settled_release(session: Session, pack_id: str) -> Release | None:
    """The release that a new centre gets: the newest that has gone all the way (rule J4).

    That is one whose rollout is completed, or that no centre still has to reach; before there is any centre, the
    newest one.
    """
    line = published(session, pack_id)
    oldest = session.scalar(
        select(func.min(Release.number)).where(
            Release.id.in_(in_scope(pack_id).with_only_columns(Centre.release_id).order_by(None))
        )
    )
    done = select(Rollout.release_id).where(Rollout.state == RolloutState.COMPLETED.value)
    completed = set(session.scalars(done))
    settled = (one for one in line if oldest is None or one.number <= oldest or one.id in completed)
    return next(settled, line[-1] if line else None)
