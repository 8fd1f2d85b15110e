#!/usr/bin/env bash
# soak.sh PYTHON: the long tests at their full length, one process, figures printed. TOWNHALL_SEED takes another seed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export TOWNHALL_SOAK=1
exec "${1:?usage: soak.sh PYTHON}" -m pytest -rP --no-header -n 0 \
    tests/integration/test_matrix.py \
    tests/integration/test_pooled_connections.py \
    tests/integration/test_audit.py \
    tests/integration/test_api.py \
    tests/integration/test_attempts.py \
    tests/integration/test_providers.py \
    tests/integration/test_sessions.py \
    tests/integration/test_import_centre.py
