#!/usr/bin/env bash
# scan.sh: bandit, our own semgrep rules, detect-secrets and a dated snapshot of advisories, each at 0 findings.
# Each of them must first find a fault planted for it, or its 0 would mean nothing. Nothing is asked of a network.
# scan.sh prepare: makes the environment of the scanners and stops.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly tools=.tools/scan
readonly python=$tools/bin/python
readonly sources=(platform provisioning tenant_templates migrations scripts)
# semgrep starts its parts by name; SEMGREP_… keep it from looking for settings and news elsewhere.
export PATH=$PWD/$tools/bin:$PATH SEMGREP_SEND_METRICS=off SEMGREP_ENABLE_VERSION_CHECK=0

prepare() {
    local stamp=$tools/scan.stamp
    if [ "$(cat "$stamp" 2>/dev/null)" = "$(sha256sum <requirements/scan.txt)" ]; then return; fi
    rm -rf "$tools"
    python3 -m venv "$tools"
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/scan.txt
    sha256sum <requirements/scan.txt >"$stamp"
}

# must_fail NAME COMMAND...: a scanner that is quiet about a planted fault is no scanner.
must_fail() {
    local name=$1
    shift
    if "$@" >/dev/null 2>&1; then
        echo "$name did not find the fault planted for it" >&2
        exit 1
    fi
}

# Files that git knows or would take; the lists of hashes are long, random and no secrets.
files() {
    git ls-files --cached --others --exclude-standard --deduplicate |
        grep --invert-match --extended-regexp '^(requirements/.*\.txt|tests/oidc/package-lock\.json|docs/images/.*|.*/static/vendor/.*)$'
}

# It warns of a `nosec` that one of several nodes in a line does not need.
bandit() { "$python" -m bandit --quiet --configfile pyproject.toml --recursive "$@" 2> >(grep -v WARNING >&2); }

secrets() { "$tools/bin/detect-secrets-hook" --no-verify "$@"; }

rules() { "$tools/bin/semgrep" "$@" --quiet --metrics=off --disable-version-check; }

prepare
if [ "${1:-}" = prepare ]; then exit; fi

planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
printf 'import subprocess\nsubprocess.call("ls", shell=True)\n' >"$planted/shell.py"
printf 'pass%s = "%s"\n' word 'gX7!kQ2z-v9Lw' >"$planted/secret.py"

must_fail bandit bandit "$planted"
bandit "${sources[@]}"
echo "bandit: 0 findings in ${sources[*]}"

must_fail detect-secrets secrets "$planted/secret.py"
mapfile -t known < <(files)
secrets "${known[@]}"
echo "detect-secrets: 0 findings in ${#known[@]} files"

# Every rule has planted faults beside it, marked `ruleid`: a rule that misses one, or hits an `ok`, fails here.
rules --test scripts/semgrep/ >/dev/null
must_fail semgrep rules scan --error --config scripts/semgrep scripts/semgrep
rules scan --error --config scripts/semgrep --exclude scripts/semgrep "${sources[@]}"
echo "semgrep: $(cat scripts/semgrep/*.yaml | grep --count '^  - id:') rules of our own, 0 findings"

"$python" scripts/advisories.py requirements/runtime.txt requirements/test.txt requirements/scan.txt
