#!/usr/bin/env bash
# Sets up, builds, and runs every test. With CI=true also the C++ tests under the sanitizers, and what compiles or installs
# for minutes. The last line has the sums.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

passed=0
failed=0
skipped=0
summary=()

note() { summary+=("$(printf '  %-26s %s' "$1" "$2")"); }

finish() {
  echo
  echo "What was done:"
  printf '%s\n' "${summary[@]}"
  ((skipped == 0)) || echo "  $skipped tests were skipped (see above)"
  echo "tests: $passed passed, $failed failed"
  ((failed == 0))
  exit
}

# A step that is no test counts as one failure when it fails: 'failed' must never be 0 when something went wrong.
step() {
  local name=$1 start=$SECONDS
  shift
  echo
  echo "== $name"
  if "$@"; then
    note "$name" "done in $((SECONDS - start)) s"
  else
    note "$name" "FAILED"
    failed=$((failed + 1))
    return 1
  fi
}

run_ctest() {
  local name=$1 dir=$2 start=$SECONDS
  shift 2
  echo
  echo "== $name"
  local log=$dir/ctest.log status
  "$@" ctest --test-dir "$dir" --output-on-failure --parallel 2 2>&1 | tee "$log" | grep -Ev '^ *Start +[0-9]+:|\.\.+ +Passed '
  status=${PIPESTATUS[0]}
  local line ran=0 bad=0
  line=$(grep -E 'tests failed out of [0-9]+' "$log" | tail -n 1)
  if [[ $line =~ ([0-9]+)\ tests\ failed\ out\ of\ ([0-9]+) ]]; then
    bad=${BASH_REMATCH[1]}
    ran=${BASH_REMATCH[2]}
  fi
  # ctest counts a skipped test among the passed ones.
  local not_run
  not_run=$(grep -cE '\*\*\*(Skipped|Not Run \(Disabled\))' "$log")
  skipped=$((skipped + not_run))
  if ((status != 0 && bad == 0)) || ((ran == 0)); then bad=$((bad + 1)); ran=$((ran + 1)); fi
  count "$name" $((ran - bad - not_run)) "$bad" $((SECONDS - start))
}

run_jest() {
  local start=$SECONDS result=build/jest.json status
  echo
  echo "== JavaScript tests"
  mkdir -p build
  rm -f "$result"
  node node_modules/jest/bin/jest.js --json --outputFile="$result" >/dev/null
  status=$?
  local good=0 bad=0 pending=0
  if [[ -f $result ]]; then
    # A file that could not even be loaded has no tests to count: it counts as one failure.
    read -r good bad pending < <(node -e '
      const r = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
      const skipped = r.numPendingTests + r.numTodoTests;
      console.log(r.numPassedTests, r.numFailedTests + r.numRuntimeErrorTestSuites, skipped);' "$result")
  fi
  skipped=$((skipped + pending))
  if ((status != 0 && bad == 0)) || ((good + bad == 0)); then bad=$((bad + 1)); fi
  count "JavaScript tests" "$good" "$bad" $((SECONDS - start))
}

count() {
  note "$1" "$2 passed, $3 failed, in $4 s"
  passed=$((passed + $2))
  failed=$((failed + $3))
}

# ThreadSanitizer of older compilers cannot start under the address layout of newer kernels.
# shellcheck disable=SC2317  # called by name
fixed_layout() {
  if setarch -R true 2>/dev/null; then setarch -R "$@"; else "$@"; fi
}

export ASAN_OPTIONS=${ASAN_OPTIONS:-strict_string_checks=1:detect_stack_use_after_return=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}

step "Set-up" bash scripts/setup.sh || finish
step "Lint" bash scripts/lint.sh
step "Build of core and tests" bash scripts/build.sh core && run_ctest "C++ tests" build/core env
if [[ ${CI:-} == true ]]; then
  step "Build with ASan, UBSan" bash scripts/build.sh address && run_ctest "C++ tests, ASan, UBSan" build/address env
  step "Build with TSan" bash scripts/build.sh thread && run_ctest "C++ tests, TSan" build/thread fixed_layout
  if bash scripts/fuzz.sh --can; then
    step "Fuzz targets, 5 s each" bash scripts/fuzz.sh --seconds 5
    step "Fuzz targets of what users write, 60 s each" bash scripts/fuzz.sh --seconds 60 filter filter_string tokenizer
  else
    note "Fuzz targets" "NOT RUN: no clang with libFuzzer"
    skipped=$((skipped + 1))
  fi
fi
if step "Build of the addon" bash scripts/build.sh addon; then
  run_jest
  step "Package check" bash scripts/check-package.sh
  # A minute of compiling, and 300 MB of runtimes from the registry when nothing has them yet: not on every run at home.
  if [[ ${CI:-} == true ]]; then
    step "Package built from source" bash scripts/check-build.sh
    step "Runtimes and managers" bash scripts/check-runtimes.sh
  fi
fi
finish
