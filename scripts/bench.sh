#!/usr/bin/env bash
# bench.sh PYTHON: runs the benchmarks one after another, since two at once would measure each other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

shopt -s nullglob
benchmarks=(tests/benchmarks/bench_*.py)
if [ ${#benchmarks[@]} = 0 ]; then
    echo "沒有基準測試（tests/benchmarks/bench_*.py）。"
    exit 0
fi
for benchmark in "${benchmarks[@]}"; do
    printf '\n== %s\n' "$benchmark"
    "${1:?usage: bench.sh PYTHON}" "$benchmark"
done
