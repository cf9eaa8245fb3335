#!/usr/bin/env bash
# Packs the npm package and checks it as a user meets it: types and exports, then an installation in an empty folder with no
# compiler within reach, no install scripts and no network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

# With the addon of one platform, which is most of it.
SIZE_MAX_KB=2600

say() { echo "package: $*"; }
fail() { say "$*" >&2; exit 1; }

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

tarball=$(bash scripts/pack.sh)
size_kb=$(du -k "$tarball" | cut -f1)
((size_kb <= SIZE_MAX_KB)) || fail "the tarball has $size_kb KB; $SIZE_MAX_KB are allowed"

say "publint"
node node_modules/publint/src/cli.js run "$tarball" --strict
say "attw"
node node_modules/@arethetypeswrong/cli/dist/index.js "$tarball" --no-definitely-typed --no-emoji --format ascii

mkdir "$dir/bin" "$dir/home" "$dir/app"
ln -s "$(command -v node)" "$dir/bin/node"
ln -s "$(command -v npm)" "$dir/bin/npm"
ln -s "$(command -v npx)" "$dir/bin/npx"
ln -s "$(command -v sh)" "$dir/bin/sh"
alone() { env -i PATH="$dir/bin" HOME="$dir/home" "$@"; }
if alone "$(command -v sh)" -c 'command -v cc c++ g++ gcc cmake' >/dev/null; then
  fail "a compiler is still within reach: this check would prove nothing"
fi

cd "$dir/app"
echo '{ "name": "empty-app", "version": "1.0.0", "private": true }' >package.json
alone npm install --offline --ignore-scripts --no-audit --no-fund --silent "$tarball"

cp "$root"/scripts/smoke/* .
say "require() in an empty folder"
alone node smoke.cjs
say "import in an empty folder"
alone node smoke.mjs
# Nobody has installed the peer of this one: importing it must work, and using it must say what is missing.
said=$(alone node -e 'require("agentmemdb/otel").instrument()' 2>&1) && fail "agentmemdb/otel works without its peer"
grep -q 'npm install @opentelemetry/api' <<<"$said" || fail "agentmemdb/otel does not say what is missing: $said"
say "npx agentmemdb"
[[ $(alone npx --offline agentmemdb --version) == "$(node -p 'require("agentmemdb/package.json").version')" ]]

cd "$root"
say "$(basename "$tarball"), $size_kb KB: types, exports, require and import are right"
