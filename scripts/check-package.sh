#!/usr/bin/env bash
# Packs the npm package and checks it as a user meets it: types and exports, then an installation in an empty folder with no
# compiler within reach, no install scripts and no network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

say() { echo "package: $*"; }

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

bash scripts/build.sh prebuild
npm pack --ignore-scripts --silent --pack-destination "$dir" >/dev/null
tarball=$(ls "$dir"/*.tgz)

say "publint"
node node_modules/publint/src/cli.js run "$tarball" --strict
say "attw"
node node_modules/@arethetypeswrong/cli/dist/index.js "$tarball" --no-definitely-typed --no-emoji --format ascii

mkdir "$dir/bin" "$dir/home" "$dir/app"
ln -s "$(command -v node)" "$dir/bin/node"
ln -s "$(command -v npm)" "$dir/bin/npm"
alone() { env -i PATH="$dir/bin" HOME="$dir/home" "$@"; }
if alone "$(command -v sh)" -c 'command -v cc c++ g++ gcc cmake' >/dev/null; then
  say "a compiler is still within reach: this check would prove nothing" >&2
  exit 1
fi

cd "$dir/app"
echo '{ "name": "empty-app", "version": "1.0.0", "private": true }' >package.json
alone npm install --offline --ignore-scripts --no-audit --no-fund --silent "$tarball"

cat >smoke.cjs <<'JS'
const assert = require('node:assert/strict');
const { open, openSync, Database, Collection, AgentMemError } = require('agentmemdb');

(async () => {
  const db = await open(':memory:');
  assert.ok(db instanceof Database);
  const notes = await db.createCollection('notes', { dimensions: 3 });
  assert.ok(notes instanceof Collection);
  await notes.add({ id: 'a', vector: [1, 0, 0], text: 'hello' });
  await notes.add({ id: 'b', vector: [0, 1, 0], text: 'world' });
  const hits = await notes.search({ vector: [0.9, 0.1, 0], k: 1 });
  assert.deepEqual([hits.length, hits[0].id, hits[0].text], [1, 'a', 'hello']);
  await db.close();
  await assert.rejects(notes.count(), (error) => AgentMemError.isError(error) && error.code === 'ERR_CLOSED');
  openSync(':memory:').closeSync();
  // Nobody has installed its peer here: importing must work, and using it must say what is missing.
  const { instrument } = require('agentmemdb/otel');
  assert.throws(instrument, (error) => error.code === 'ERR_UNSUPPORTED' && error.message.includes('npm install @opentelemetry/api'));
})();
JS
cat >smoke.mjs <<'JS'
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { open, openSync, Database, Collection, AgentMemError } from 'agentmemdb';
import { instrument } from 'agentmemdb/otel';

const db = await open(':memory:');
const notes = await db.createCollection('notes', { dimensions: 3 });
await notes.add({ id: 'a', vector: [1, 0, 0], text: 'hello' });
const hits = await notes.search({ vector: [1, 0, 0], k: 1 });
assert.equal(hits[0].id, 'a');
await db.close();

const require = createRequire(import.meta.url);
const required = require('agentmemdb');
assert.equal(instrument, require('agentmemdb/otel').instrument);
assert.deepEqual(
  [open, openSync, Database, Collection, AgentMemError],
  [required.open, required.openSync, required.Database, required.Collection, required.AgentMemError],
);
JS
say "require() in an empty folder"
alone node smoke.cjs
say "import in an empty folder"
alone node smoke.mjs

cd "$root"
say "$(basename "$tarball"), $(du -k "$tarball" | cut -f1) KB: types, exports, require and import are right"
