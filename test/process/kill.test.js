'use strict';

// kill -9 in the middle of mixed work. `npm run test:crash -- --runs N`, or AGENTMEMDB_KILL_RUNS: how often (default 50).
// AGENTMEMDB_SEED: which writes and when.

const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');

const { open } = require('agentmemdb');
const { startScript, startPeer, runWell, lastLine, useFolder, report } = require('./children');
const { checkRun, checkBackup } = require('./crash-check');
const { createRandom } = require('./vectors');
const { chainOf, CHAINS, COLLECTIONS } = require('./write-plan');

const RUNS = Number(process.env.AGENTMEMDB_KILL_RUNS ?? 50);
const SEED = Number(process.env.AGENTMEMDB_SEED ?? Date.now() % 1e6);
const RUNS_PER_FILE = 10;
const SEARCHES_PER_RUN = 100;
const WRITER = CHAINS; // The chain of the companion that writes.

const folder = useFolder();

const firstOutput = (child) => new Promise((resolve) => child.stdout.once('data', resolve));

/** What a run is like: which process is killed doing what, and who else is there. */
function drawRun(run, random) {
  const mode = ['write', 'close', 'write', 'close', 'load'][run % 5];
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

/** Waits for the moment to kill. Returns what it is called. */
async function momentToKill(child, ended, file, { mode }, random) {
  // Sometimes while it starts, opens or recovers.
  if (random() < 0.15) return sleep(250 * random(), 'starting');
  await Promise.race([firstOutput(child), ended]);
  if (mode === 'write') return sleep(300 * random(), 'writing');
  await Promise.race([saying(child, mode === 'load' ? 'p' : 'c'), ended]);
  if (random() < 0.7) {
    await Promise.race([imageBegins(file, 1500), ended]);
    return sleep(6 * random(), 'saving');
  }
  return sleep((mode === 'load' ? 600 : 30) * random(), 'closing');
}

/** Lets a child write for a while and kills it. Returns { acknowledged, moment }: how many writes of each chain were. */
async function writeAndKill(file, plan, random) {
  const { child, ended } = startScript('write-until-killed.js', [file, SEED, plan.run, plan.mode, plan.durability]);
  const moment = await momentToKill(child, ended, file, plan, random);
  child.kill('SIGKILL');
  const { signal, stdout, stderr } = await ended;
  expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
  const acknowledged = Array(CHAINS).fill(0);
  // A line that was cut short by the kill is no acknowledgment.
  for (const line of stdout.split('\n').slice(0, -1)) if (/^\d$/.test(line)) acknowledged[Number(line)]++;
  return { acknowledged, moment };
}

/** The same, with a reader and a writer that live on. They say themselves whether they see what they ought to. */
async function writeAndKillBesideOthers(file, plan, random) {
  const others = [WRITER, 'reader'].map((chain) => startPeer('companion.js', [file, SEED, plan.run, chain, plan.durability]));
  await Promise.all(others.map(({ ready }) => ready));
  const { acknowledged, moment } = await writeAndKill(file, plan, random);
  const [writes] = await Promise.all(others.map(({ ask }) => ask('stop')));
  const facts = { ...plan, acknowledged: [...acknowledged, writes], ended: [WRITER] };
  for (const { ask } of others) expect(await ask('check', facts)).toEqual({ lost: [], half: [], found: 0, differences: [] });
  await Promise.all(others.map(({ ask }) => ask('close')));
  const ends = await Promise.all(others.map(({ ended }) => ended));
  for (const { code, signal, stderr } of ends) expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  return { ...facts, moment };
}

/** An exact search for the vector of a stored record finds that record, at no distance. */
async function expectFound(collection, records, random) {
  const sample = [...records.values()].filter(({ vector }) => vector && random() < SEARCHES_PER_RUN / records.size);
  const hits = await Promise.all(sample.map(({ vector }) => collection.search({ vector, k: 1, exact: true, include: [] })));
  expect(hits.map(([hit]) => hit?.id)).toEqual(sample.map(({ id }) => id));
  for (const [hit] of hits) expect(Math.abs(hit.distance)).toBeLessThan(1e-5);
}

/** Every backup of the run that was acknowledged is whole; one that was not has no name yet. They are removed. */
async function checkBackups(file, { seed, run, load, acknowledged }) {
  let checked = 0;
  for (const [i, writes] of acknowledged.entries()) {
    const chain = chainOf(seed, run, i, load);
    for (let made = 0; made < writes; made++) {
      const write = chain.next();
      if (write.kind !== 'backup') continue;
      const db = await open(`${file}.${write.name}`, { readOnly: true });
      expect({ backup: write.name, differences: await checkBackup(db, chain), ...(await db.verify()) }).toMatchObject({ differences: [], ok: true });
      await db.close();
      checked++;
    }
  }
  for (const name of fs.readdirSync(folder.path)) if (name.includes('.backup')) fs.rmSync(folder.file(name));
  return checked;
}

async function openWithCollections(file) {
  const db = await open(file, { maxPending: 1_000_000 });
  for (const [name, options] of Object.entries(COLLECTIONS)) await db.collection(name, options);
  return db;
}

/** Opens what was left behind. `earlier`: how many records of shared collections other runs have left there. */
async function checkFile(file, facts, earlier, random) {
  const db = await openWithCollections(file);
  const { stored, lost, half } = await checkRun(db, facts);
  const log = await db.getCollection('log');
  for (const [name, before] of Object.entries(earlier)) {
    earlier[name] = stored.reduce((sum, chain) => sum + chain.get(name).size, before);
    const stats = await (await db.getCollection(name)).stats();
    if (lost.length === 0 && half.length === 0) expect({ name, ...stats }).toMatchObject({ records: earlier[name], damaged: 0 });
  }
  if (lost.length === 0) for (const chain of stored) await expectFound(log, chain.get('log'), random);
  const { found, differences } = await db.verify();
  await db.close();
  return { lost, half, differences: differences.slice(0, 3), found };
}

test(`a write acknowledged before a kill is there after reopen, and a bulk write or batch is whole or absent (${RUNS} kills)`, async () => {
  const random = createRandom(SEED);
  const wrong = [];
  const moments = {};
  const sums = { writes: 0, lost: 0, half: 0, unclean: 0, backups: 0, withOthers: 0 };
  let file;
  let earlier;
  for (let run = 0; run < RUNS; run++) {
    if (run % RUNS_PER_FILE === 0) {
      if (file) for (const name of fs.readdirSync(folder.path)) fs.rmSync(folder.file(name), { recursive: true });
      file = folder.file(`killed-${run}.db`);
      earlier = { log: 0, facts: 0 };
      await (await openWithCollections(file)).close();
    }
    const plan = drawRun(run, random);
    const facts = plan.withOthers
      ? await writeAndKillBesideOthers(file, plan, random)
      : { ...plan, ...(await writeAndKill(file, plan, random)) };
    const { lost, half, found, differences } = await checkFile(file, facts, earlier, random);
    if (lost.length + half.length + found > 0) wrong.push({ plan, moment: facts.moment, lost: lost.slice(0, 3), half, differences });
    moments[facts.moment] = (moments[facts.moment] ?? 0) + 1;
    sums.writes += facts.acknowledged.reduce((sum, n) => sum + n);
    sums.lost += lost.length;
    sums.half += half.length;
    sums.unclean += found > 0 ? 1 : 0;
    sums.backups += await checkBackups(file, facts);
    sums.withOthers += plan.withOthers ? 1 : 0;
  }
  report(`${RUNS} kills, seed ${SEED}: ${sums.writes} acknowledged writes, ${sums.lost} lost, ${sums.half} half batches, verify() unclean ${sums.unclean} times;`);
  report(`  while ${Object.entries(moments).map(([moment, n]) => `${moment} ${n}`).join(', ')}; ${sums.withOthers} beside others, ${sums.backups} backups checked`);
  expect({ seed: SEED, wrong }).toEqual({ seed: SEED, wrong: [] });
  expect(sums.writes).toBeGreaterThan(0);
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
