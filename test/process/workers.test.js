'use strict';

// Worker threads: ended in mid-call, sharing one file, loading the addon first. AGENTMEMDB_STORM_ROUNDS: terminations
// (default 500). AGENTMEMDB_SEED: which calls and when.

const { runWell, useFolder, report } = require('./children');

const ROUNDS = Number(process.env.AGENTMEMDB_STORM_ROUNDS ?? 500);
const SEED = Number(process.env.AGENTMEMDB_SEED ?? Date.now() % 1e6);

const STORM_TIMEOUT_MS = 60_000 + 300 * ROUNDS;

const folder = useFolder();

test('8 workers on one path, terminated in mid-call, neither crash the process nor harm the database; each finds the same', async () => {
  const result = await runWell('terminate-storm.js', [folder.path, ROUNDS, SEED], { timeoutMs: STORM_TIMEOUT_MS });
  const { byMode, said } = result;
  report(`${ROUNDS} terminated, seed ${SEED}: ${JSON.stringify(byMode)}, 0 crashes; ${said} said first: 1 engine, and the same answers`);
  expect(result).toMatchObject({ rounds: ROUNDS, engines: 1 });
  expect(said).toBeGreaterThan(ROUNDS / 2);
}, STORM_TIMEOUT_MS);

test('a worker terminated in mid-call does no harm either without stack traces, and touches no freed memory', async () => {
  const rounds = Math.ceil(ROUNDS / 4);
  const options = { nodeArgs: ['--stack-trace-limit=0'], env: { MALLOC_PERTURB_: '165' } };
  const result = await runWell('terminate-storm.js', [folder.path, rounds, SEED + 1, 'memory'], options);
  expect(result).toMatchObject({ rounds, engines: 1 });
});

test('a worker that ends by an error or process.exit in mid-call ends as it would without us', async () => {
  expect(await runWell('throw-in-worker.js', [folder.path])).toEqual([
    { way: 'throw', exitCode: 1, error: 'at top level' },
    { way: 'exit', exitCode: 5, error: null },
    { way: 'callback', exitCode: 1, error: 'in a callback' },
    { way: 'rejection', exitCode: 1, error: 'a rejection' },
    { way: 'end', exitCode: 0, error: null },
  ]);
});

test('the addon may be loaded and unloaded in worker after worker before the main thread loads it', async () => {
  const result = await runWell('first-in-worker.js', [folder.file('first.db'), 12]);
  expect(result).toEqual({ best: 'from-12', count: 13, engines: 1 });
});

test('a worker that awaits close() lives until it is closed, even if background work alone is in the way', async () => {
  expect(await runWell('close-beside-load.js')).toEqual({ said: ['open', 'closed'], exitCode: 0 });
});

test('8 workers on one path share one engine and see what each other wrote', async () => {
  const { engines, records, each, exitCodes } = await runWell('share-path.js', [folder.file('shared.db')]);
  expect({ engines, records, exitCodes }).toEqual({ engines: 1, records: 480, exitCodes: Array(8).fill(0) });
  expect(each).toEqual(Array(8).fill({ engines: 1, missing: 0, notFound: 0, count: 480 }));
});
