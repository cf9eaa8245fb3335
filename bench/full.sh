#!/usr/bin/env bash
# Everything that docs/benchmarks.md shows, in parts that can run alone: about an hour on two cores. Results go to build/bench-results.
#   bash bench/full.sh            all parts, then publishes
#   bash bench/full.sh core ann   these parts only, nothing is published
# Nothing else should be running: the figures are ratios within one run, but a busy machine still blurs them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
results=build/bench-results
all=(ann core filters text reopen ingest mixed deletes sizes dims million kernels) # as they are published
mkdir -p "$results"

run_part() {
  local json=(--json "$results/$1.json")
  case $1 in
    # Nanoseconds per distance.
    kernels) node bench/kernels.js "${json[@]}" ;;
    # The C++ core against native hnswlib, with the widest kernels and with AVX2 ones.
    core) node bench/core.js "${json[@]}" ;;
    # All engines at 100,000 x 384: build, search at matched recall, 64 in flight, the curve.
    ann) node bench/ann.js --scenarios build,search,curve --n 100000 "${json[@]}" ;;
    # Filters need numbers in the rows, so the engines are built again: those that can filter.
    filters) node bench/ann.js --scenarios filters --n 100000 --engines ours,hnswlib-node,zvec --rounds 3 "${json[@]}" ;;
    # By words, and by words and vectors. LanceDB is installed apart: bench/README.md.
    text) node bench/text.js "${json[@]}" ;;
    # Open time and memory after it. The other engines take minutes to build: zvec is the one that was best.
    reopen) node bench/ann.js --scenarios reopen --n 100000 --engines ours,zvec "${json[@]}" ;;
    # Durable and searchable rows, beside SQLite alone and zvec: a second or two each, in which the disk has its moods.
    ingest) node bench/ann.js --scenarios ingest --n 100000 --engines ours,zvec --rounds 9 "${json[@]}" ;;
    # Searches beside writes.
    mixed) node bench/ann.js --scenarios mixed --n 100000 --engines ours --phase-ms 10000 "${json[@]}" ;;
    # Twenty rounds of deleting and re-inserting a tenth.
    deletes) node bench/ann.js --scenarios deletes --n 20000 --rounds 20 --engines ours,hnswlib-node "${json[@]}" ;;
    # The same engines where everything is small.
    sizes) node bench/ann.js --scenarios build,search,curve,reopen --n 10000 --rounds 3 "${json[@]}" ;;
    dims) node bench/ann.js --scenarios build,search --n 10000 --dims 128,768,1536 --rounds 3 "${json[@]}" ;;
    # A million: loads, builds, searches, reopens. Only ours: the others would take half an hour each.
    million) node bench/ann.js --scenarios build,search,curve,reopen --n 1000000 --dims 128 --engines ours --one-thread none --rounds 3 "${json[@]}" ;;
    *) echo "full: no part '$1'; the parts are: ${all[*]}" >&2; exit 2 ;;
  esac
}

parts=("$@")
[[ $# -gt 0 ]] || parts=("${all[@]}")
for part in "${parts[@]}"; do
  echo "== $part"
  started=$SECONDS
  run_part "$part"
  echo "== $part took $((SECONDS - started)) s"
done
if [[ $# -eq 0 ]]; then
  files=("${all[@]/%/.json}")
  node bench/publish.js "${files[@]/#/$results/}"
fi
