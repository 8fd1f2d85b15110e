#!/usr/bin/env bash
# soak.sh PYTHON: the scanners, then the long tests at their full length, one process, figures printed. TOWNHALL_SEED takes another seed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What the kernel is asked for is looked at with strace, here and nowhere else.
if ! command -v strace >/dev/null && [ "$(id -u)" = 0 ]; then
    env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends --quiet=2 strace
fi

scripts/scan.sh
export TOWNHALL_SOAK=1
exec "${1:?usage: soak.sh PYTHON}" -m pytest -rP --no-header -n 0 \
    tests/integration/test_matrix.py \
    tests/integration/test_signin.py \
    tests/integration/test_pooled_connections.py \
    tests/integration/test_job_tenants.py \
    tests/integration/test_job_workers.py \
    tests/integration/test_audit.py \
    tests/integration/test_api.py \
    tests/integration/test_attempts.py \
    tests/integration/test_exhaustion.py \
    tests/documents/test_isolation.py \
    tests/integration/test_intake_cost.py \
    tests/integration/test_libreoffice.py \
    tests/integration/test_libreoffice_word.py \
    tests/integration/test_markup.py \
    tests/browser/test_canaries.py \
    tests/integration/test_providers.py \
    tests/integration/test_signed_in.py \
    tests/integration/test_provision.py \
    tests/integration/test_rollout_killed.py \
    tests/integration/test_web_items.py \
    tests/documents/test_templates.py \
    tests/documents/test_stamping.py \
    tests/integration/test_import_centre.py \
    tests/integration/test_succession_safety.py
