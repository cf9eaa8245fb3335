#!/usr/bin/env bash
# From a fresh checkout to answers: sets up, builds the addon and runs examples/quickstart.js with the arguments given.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { echo; echo "quickstart: $1 failed; the lines above say why." >&2; exit 1; }

started=$SECONDS
bash scripts/setup.sh || fail "setting up"
ready=$SECONDS
echo "build: the addon (about a minute the first time)"
bash scripts/build.sh addon || fail "building"
built=$SECONDS
echo
node examples/quickstart.js "$@" || fail "examples/quickstart.js"
echo
echo "quickstart: set up in $((ready - started)) s, built the addon in $((built - ready)) s, ran examples/quickstart.js in $((SECONDS - built)) s."
