#!/usr/bin/env bash
# Installs the packed package in an empty folder, takes its compiled addon away, and compiles one with `npx agentmemdb build`. It
# takes a minute or two, and needs the npm registry (or its packages in npm's cache).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

say() { echo "build from source: $*"; }
fail() { say "$*" >&2; exit 1; }

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tarball=$(bash scripts/pack.sh)

cd "$dir"
echo '{ "name": "empty-app", "version": "1.0.0", "private": true }' >package.json
npm install --ignore-scripts --no-audit --no-fund --silent "$tarball"
cp "$root"/scripts/smoke/* .
node smoke.cjs
rm -r node_modules/agentmemdb/prebuilds

said=$(node smoke.cjs 2>&1) && fail "it ran without an addon"
grep -q 'ERR_UNSUPPORTED' <<<"$said" || fail "the wrong error: $said"
grep -q 'To compile it here: npx agentmemdb build' <<<"$said" || fail "the error does not say what helps: $said"
said=$(npx agentmemdb build </dev/null 2>&1) && fail "it downloaded without being told to"
grep -q 'npx agentmemdb build --yes' <<<"$said" || fail "it does not say how to agree: $said"

start=$SECONDS
npm_config_prefer_offline=true npx agentmemdb build --yes
say "took $((SECONDS - start)) s"
node smoke.cjs
node smoke.mjs
