"""Rules I2 and P on a real host: all units or none, and two people for it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import select

from provisioning.refusals import SuccessionRefused
from tests.fixtures.host import Host
from tests.fixtures.soak import SEED, SOAK
from tests.fixtures.standards import MOMENT
from tests.fixtures.succession import ACT, director, division, done, edit, merger, specs
from tests.integration.test_provision import failing_at
from townhall.accounts.models import Membership, Role
from townhall.approvals.operations import ApprovalRefused, decide, propose
from townhall.audit.act import Act
from townhall.centres.models import Centre
from townhall.centres.rows import require_centre
from townhall.centres.status import Status
from townhall.successions.operations import carry_out
from townhall.successions.reading import plan_succession, wish_of
from townhall.successions.steps import MERGER, kinds
from townhall.units.models import Unit
from townhall.units.succession import Succession, ended

STEP = 17  # of the statements that fail, how many are passed over in the short run


def everything(host: Host) -> Any:
    """What the tenants have, and what the host keeps of who holds what and who has ended."""
    with host.sessions() as session:
        held = session.execute(select(Membership.user_id, Membership.unit_id).order_by(Membership.id)).all()
        gone = session.execute(select(Succession.code, Succession.successor)).all()
    return host.state(), [*map(tuple, held)], [*map(tuple, gone)]


@pytest.mark.parametrize("act", ["merge", "split"])
def test_rule_i2_a_failure_at_any_statement_leaves_all_units_as_they_were(
    host: Host, towns: tuple[Unit, Unit, Unit], act: str
) -> None:
    a, b, c = towns
    wish = merger(c, a, b) if act == "merge" else division(a, b, c)
    before, failed = everything(host), []
    # The last step goes beyond the last statement: then nothing fails and all of it is there.
    for statement in range(1 if SOAK else 1 + SEED % STEP, 999, 1 if SOAK else STEP):
        with suppress(OSError), failing_at(host.engine, statement) as texts:
            with host.sessions.begin() as session:
                done(session, wish)
            break
        failed += texts
        assert everything(host) == before
    after = everything(host)
    assert len(failed) > (60 if SOAK else 60 // STEP)
    print(f"{act}: failed at {len(failed)} statements, each time all three units as they were")
    assert after[2]
    assert after != before
    if SOAK:
        written = {text.split()[2].strip('"') for text in failed if text.startswith("INSERT INTO")}
        assert {"revision", "succession", "audit_record", "picture", "membership", "question"} <= written


def test_rule_i4_of_two_mergers_of_one_township_at_once_only_one_is_carried_out(
    host: Host, towns: tuple[Unit, Unit, Unit]
) -> None:
    a, b, c = towns
    wishes = [merger(b, a), merger(c, a)]
    with host.sessions() as session:
        seen = [plan_succession(session, wish, MOMENT).hash for wish in wishes]
        before = sum(spec.envelope for spec in specs(session, a, b, c))

    def attempt(number: int) -> bool:
        try:
            with host.sessions.begin() as session:
                carry_out(session, ACT, wishes[number], seen[number])
        except SuccessionRefused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, range(2))) == [False, True]
    with host.sessions() as session:
        found = ended(session, a.code)
        assert found is not None
        assert len(found.successors) == 1
        own = require_centre(session, a.code).envelope
        assert sum(spec.envelope for spec in specs(session, b, c)) == before
        assert require_centre(session, found.successors[0].code).envelope == 2 * own


def admin(login: str) -> Act:
    return Act(login, f"{login}（虛構）", Role.PREFECTURE_ADMIN.value, "522300000000", MOMENT, "調整")


def test_two_people_of_the_prefecture_merge_townships(host: Host, towns: tuple[Unit, Unit, Unit]) -> None:
    a, b, c = towns
    with host.sessions.begin() as session:
        wish = merger(c, a, b)
        content = {"wish": wish.data(), "plan": plan_succession(session, wish, MOMENT).hash}
        assert wish_of(content["wish"]) == wish
        made = propose(session, admin("one"), kinds(), "522300000000", MERGER, content)
        assert ended(session, a.code) is None
        for who, text in ((admin("one"), "提出人不能"), (director(c), "您的角色不能")):
            with pytest.raises(ApprovalRefused, match=text):
                decide(session, who, kinds(), made, approve=True, comment="")
        decide(session, admin("two"), kinds(), made, approve=True, comment="")
        assert ended(session, a.code) is not None
        assert Status(session.get_one(Centre, b.code).status) is Status.ENDED


def test_what_has_changed_since_it_was_proposed_is_not_approved(
    host: Host, towns: tuple[Unit, Unit, Unit]
) -> None:
    a, b, _ = towns
    with host.sessions.begin() as session:
        wish = merger(b, a)
        content = {"wish": wish.data(), "plan": plan_succession(session, wish, MOMENT).hash}
        made = propose(session, admin("one"), kinds(), "522300000000", MERGER, content)
        edit(session, a, ("profile", None, "slogan", "另一宗旨"))
        with pytest.raises(ApprovalRefused, match="計劃已過期"):
            decide(session, admin("two"), kinds(), made, approve=True, comment="")
        with pytest.raises(ApprovalRefused, match="請先填寫"):
            propose(session, admin("one"), kinds(), b.code, MERGER)
