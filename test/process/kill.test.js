'use strict';

// kill -9 in the middle of mixed work. `npm run test:crash -- --runs N`, or AGENTMEMDB_KILL_RUNS: how often (default 50).
// AGENTMEMDB_SEED: which writes and when.

const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');

const { startScript, runWell, lastLine, useFolder, report } = require('./children');
const { Crashes } = require('./crash-run');
const { createRandom } = require('./vectors');

const RUNS = Number(process.env.AGENTMEMDB_KILL_RUNS ?? 50);
const SEED = Number(process.env.AGENTMEMDB_SEED ?? Date.now() % 1e6);
const RUNS_PER_FILE = 10;

const folder = useFolder();

const firstOutput = (child) => new Promise((resolve) => child.stdout.once('data', resolve));

/** What a run is like: which process is killed doing what, and who else is there. */
function drawRun(run, random) {
  const mode = ['write', 'close', 'restore', 'write', 'close', 'load', 'restore'][run % 7];
  return { seed: SEED, run, mode, load: mode === 'load', durability: random() < 0.5 ? 'full' : 'normal', withOthers: run % 3 === 2 };
}

/** Resolves once the child prints `word`, or ends. */
function saying(child, word) {
  return new Promise((resolve) => {
    child.stdout.on('data', (text) => {
      if (text.includes(word)) resolve();
    });
    child.once('close', resolve);
  });
}

/** Resolves when a file of an index image is made, or after `timeoutMs`. */
function imageBegins(file, timeoutMs) {
  fs.mkdirSync(`${file}-index`, { recursive: true });
  const watcher = fs.watch(`${file}-index`);
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    watcher.once('change', () => resolve(clearTimeout(timer)));
  }).finally(() => watcher.close());
}

/** What all chains do together, and what that is called; most often going back. */
function pickTogether(random) {
  const draw = random();
  if (draw < 0.6) return ['R', 'going back'];
  return draw < 0.9 ? ['S', 'taking a snapshot'] : ['D', 'deleting a snapshot'];
}

/** Waits for the moment to kill. Returns what it is called. */
async function momentToKill(child, ended, file, { mode }, random) {
  // Sometimes while it starts, opens or recovers.
  if (random() < 0.15) return sleep(250 * random(), 'starting');
  await Promise.race([firstOutput(child), ended]);
  if (mode === 'write') return sleep(300 * random(), 'writing');
  if (mode === 'restore') {
    const [word, called] = pickTogether(random);
    await sleep(200 * random());
    await Promise.race([saying(child, word), ended]);
    return sleep(30 * random(), called);
  }
  await Promise.race([saying(child, mode === 'load' ? 'p' : 'c'), ended]);
  if (random() < 0.7) {
    await Promise.race([imageBegins(file, 1500), ended]);
    return sleep(6 * random(), 'saving');
  }
  return sleep((mode === 'load' ? 600 : 30) * random(), 'closing');
}

test(`a write acknowledged before a kill is there after reopen, and a bulk write or batch is whole or absent (${RUNS} kills)`, async () => {
  const random = createRandom(SEED);
  const crashes = new Crashes(folder, random, RUNS_PER_FILE);
  for (let run = 0; run < RUNS; run++) {
    const plan = drawRun(run, random);
    const file = await crashes.file();
    await crashes.run(plan, (child, ended) => momentToKill(child, ended, file, plan, random));
  }
  report(`seed ${SEED}`);
  crashes.lines().forEach(report);
  expect({ seed: SEED, wrong: crashes.wrong }).toEqual({ seed: SEED, wrong: [] });
  expect(crashes.sums.writes).toBeGreaterThan(0);
}, 60_000 + 10_000 * RUNS);

test('recall after kill -9 is what it was before', async () => {
  const file = folder.file('recall.db');
  const { child, ended } = startScript('hold-recall.js', [file, 'load']);
  await Promise.race([firstOutput(child), ended]);
  await sleep(100);
  child.kill('SIGKILL');
  const { signal, stdout, stderr } = await ended;
  expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });

  const before = lastLine(stdout);
  const after = await runWell('hold-recall.js', [file, 'reopen']);
  report(`${before.name}: recall@10 at ef 50 ${before.recall} before kill -9, ${after.recall} after`);
  expect(before).toMatchObject({ exact: 1, strategy: 'hnsw' });
  expect(before.recall).toBeGreaterThanOrEqual(0.98);
  expect(after).toEqual(before);
});
