"""Which tests answer for which module, the quick ones first."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A file and the tests that should notice a change in it, as pytest's arguments, in stages."""

    file: str
    stages: tuple[tuple[str, ...], ...]


def host(file: str, *stages: str) -> Target:
    return Target(f"platform/townhall/{file}", tuple(tuple(stage.split()) for stage in stages))


def engine(file: str, *stages: str) -> Target:
    return Target(f"provisioning/{file}", tuple(tuple(stage.split()) for stage in stages))


AUDIT = "tests/unit/test_audit_chain.py tests/integration/test_audit_records.py"
AUDITS = "tests/integration/test_audit.py tests/integration/test_audit_command.py"
ACCOUNTS = "tests/integration/test_accounts.py tests/integration/test_people.py"
SESSIONS = "tests/integration/test_sessions.py"
APPROVALS = "tests/integration/test_approvals.py tests/integration/test_lifecycle.py"
SCOPES, TENANCY = "tests/unit/test_scopes.py", "tests/integration/test_tenancy.py"
SETTINGS = "tests/integration/test_scope_settings.py"
POOLED = "tests/integration/test_pooled_connections.py"
ON_SQLITE, ON_POSTGRESQL = " -k not-postgresql", " -k postgresql"
PACKS = "tests/unit/test_plan.py tests/unit/test_bounds.py tests/unit/test_load.py"

TARGETS = (
    host("accounts/rights.py", "tests/unit/test_rights.py"),
    host("audit/act.py", AUDIT + ON_SQLITE),
    host("audit/chain.py", AUDIT + ON_SQLITE),
    host("audit/checkpoints.py", AUDIT + ON_SQLITE, AUDITS + ON_SQLITE),
    host("audit/models.py", AUDIT + ON_SQLITE, "tests/integration/test_migrations.py"),
    host("audit/operations.py", AUDIT + ON_SQLITE, AUDIT + ON_POSTGRESQL),
    host("approvals/operations.py", APPROVALS + ON_SQLITE),
    host("accounts/sessions.py", SESSIONS + ON_SQLITE),
    host("accounts/operations.py", ACCOUNTS + ON_SQLITE),
    host("tenancy.py", SCOPES, SETTINGS, TENANCY + ON_SQLITE, f"{TENANCY} {POOLED}{ON_POSTGRESQL}"),
    host("walls.py", "tests/integration/test_walls.py"),
    engine("resolve.py", PACKS),
    engine("policy.py", PACKS),
    engine("differences.py", PACKS),
    engine("overlay.py", PACKS),
    engine("plan.py", PACKS),
)
