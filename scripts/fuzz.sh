#!/usr/bin/env bash
# Runs each fuzz target, or those named, for so many seconds: scripts/fuzz.sh [--seconds 60] [filter image ...]
# --can: whether there is a compiler for it, and nothing else. FUZZ_CLANG: which (clang, clang-14).
# What a target has learnt stays in build/fuzz/corpus, and an input that makes it fail in build/fuzz/found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { echo "fuzz: $*" >&2; exit 1; }

# Prints the first clang that comes with libFuzzer.
fuzzing_clang() {
  local name cxx
  for name in ${FUZZ_CLANG:-clang clang-14}; do
    cxx=${name/clang/clang++}
    if echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
      "$cxx" -fsanitize=fuzzer,address -x c++ - -o /dev/null 2>/dev/null; then
      echo "$name"
      return
    fi
  done
  return 1
}

seconds=60
targets=()
while (($# > 0)); do
  case $1 in
    --can) fuzzing_clang >/dev/null && exit 0 || exit 1 ;;
    --seconds) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "--seconds needs a whole number"; seconds=$2; shift 2 ;;
    -*) fail "usage: scripts/fuzz.sh [--seconds 60] [target ...]" ;;
    *) [[ -f cpp_tests/fuzz/$1_fuzz.cc ]] || fail "there is no target $1"; targets+=("$1"); shift ;;
  esac
done
if ((${#targets[@]} == 0)); then
  for file in cpp_tests/fuzz/*_fuzz.cc; do targets+=("$(basename "$file" _fuzz.cc)"); done
fi

FUZZ_CLANG=$(fuzzing_clang) || fail "no clang with libFuzzer. To get it: apt-get install -y clang-14 libclang-rt-14-dev"
export FUZZ_CLANG
bash scripts/build.sh fuzz
rm -rf build/fuzz/seeds
build/fuzz/make_seeds build/fuzz/seeds

# Memory that cannot be had is an exception in the product: so it is here.
export ASAN_OPTIONS=${ASAN_OPTIONS:-allocator_may_return_null=1:detect_stack_use_after_return=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
# Databases are made and thrown away thousands of times: in memory, where there is a folder for that.
if [[ -d /dev/shm && -w /dev/shm ]]; then export TMPDIR=/dev/shm; fi

failed=()
for target in "${targets[@]}"; do
  corpus=build/fuzz/corpus/$target
  mkdir -p "$corpus" build/fuzz/found
  log=build/fuzz/$target.log
  status=0
  "build/fuzz/${target}_fuzz" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=131072 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/found/$target-" "$corpus" "build/fuzz/seeds/$target" >"$log" 2>&1 || status=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  covered=$(grep -oE ' cov: [0-9]+' "$log" | tail -n 1 | grep -oE '[0-9]+' || true)
  if ((status == 0)); then
    echo "fuzz: $target: ${runs:-0} inputs in $seconds s, ${covered:-0} edges covered, nothing found"
  else
    failed+=("$target")
    tail -n 60 "$log" >&2
    echo "fuzz: $target: FAILED; its input is in build/fuzz/found, all it said in $log" >&2
  fi
done
((${#failed[@]} == 0)) || fail "found something: ${failed[*]}"
