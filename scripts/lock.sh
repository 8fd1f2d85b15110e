#!/usr/bin/env bash
# Writes requirements/runtime.txt, test.txt, scan.txt and bench.txt from pyproject.toml, pinned and hashed.
# Pins that still fit are kept; `make lock UPGRADE=1` takes the newest that pyproject.toml allows.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly root=$PWD

readonly uv_version=0.13.9
readonly tools=.tools/lock
if [ ! -x "$tools/bin/uv" ] || [ "$("$tools/bin/uv" --version | cut -d' ' -f2)" != "$uv_version" ]; then
    python3 -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/requirements"
cp pyproject.toml "$work/"
if [ -z "${UPGRADE:-}" ]; then
    cp requirements/*.txt "$work/requirements/" 2>/dev/null || true
fi
# Added to the copy only: without it every line would also answer for Windows and PyPy.
readonly linux="implementation_name == 'cpython' and platform_python_implementation == 'CPython' and sys_platform == 'linux'"
printf '\n[tool.uv]\nenvironments = ["%s"]\n' "$linux" >>"$work/pyproject.toml"
# What an editable install needs, so that it can be built without a second, unlocked environment.
printf 'hatchling\neditables\n' >"$work/build.in"

# compile LOCK ARGUMENT...: the condition above is taken out again, or a line would not install where it is false.
compile() {
    local lock=requirements/$1.txt
    shift
    (cd "$work" && "$root/$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-strip-extras --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file "$lock" "$@" >/dev/null)
    sed -i -e "s/ ; $linux / /" -e "s/ and $linux / /" "$work/$lock"
}

compile runtime pyproject.toml build.in --extra postgresql
# test.txt holds only what runtime.txt lacks. A line with a marker does not always apply: it stays in both.
mapfile -t shared < <(sed -nE 's/^([a-z0-9._-]+)(\[[a-z0-9,-]+\])?==[^ ;]+ \\$/--no-emit-package=\1/p' "$work/requirements/runtime.txt")
compile test --group pyproject.toml:test --constraint requirements/runtime.txt "${shared[@]}"
# An environment of its own: it shares nothing with the other two.
compile scan --group pyproject.toml:scan
compile bench --group pyproject.toml:bench

for lock in runtime test scan bench; do
    {
        echo "# Written by \`make lock\` from pyproject.toml; not edited by hand."
        cat "$work/requirements/$lock.txt"
    } >"requirements/$lock.txt"
done
