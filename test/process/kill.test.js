'use strict';

// kill -9 in the middle of writing. AGENTMEMDB_KILL_RUNS: how often (default 10). AGENTMEMDB_SEED: which writes and when.

const { setTimeout: sleep } = require('node:timers/promises');

const { open } = require('agentmemdb');
const { startScript, runWell, lastLine, useFolder, report } = require('./children');
const { createRandom } = require('./vectors');
const { chainsOf } = require('./write-plan');

const RUNS = Number(process.env.AGENTMEMDB_KILL_RUNS ?? 10);
const SEED = Number(process.env.AGENTMEMDB_SEED ?? Date.now() % 1e6);
const SEARCHES_PER_RUN = 300;

const folder = useFolder();

const firstOutput = (child) => new Promise((resolve) => child.stdout.once('data', resolve));

/** Lets a child write for a while and kills it. Returns how many writes of each chain were acknowledged. */
async function writeAndKill(file, run, random) {
  const { child, ended } = startScript('write-until-killed.js', [file, SEED, run]);
  // Mostly while it writes, sometimes while it starts, opens or recovers.
  if (random() < 0.8) {
    await Promise.race([firstOutput(child), ended]);
    await sleep(400 * random());
  } else {
    await sleep(250 * random());
  }
  child.kill('SIGKILL');
  const { signal, stdout, stderr } = await ended;
  expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
  const acknowledged = [0, 0, 0, 0];
  // A line that was cut short by the kill is no acknowledgment.
  for (const line of stdout.split('\n').slice(0, -1)) acknowledged[Number(line)]++;
  return acknowledged;
}

/** A record as it is compared, whether it was given or read. */
function comparable(record) {
  return record && { id: record.id, vector: [...record.vector], text: record.text, metadata: record.metadata };
}

function isSame(a, b) {
  return JSON.stringify(comparable(a)) === JSON.stringify(comparable(b));
}

/** Checks one chain against the file. Returns the records that are there: after all acknowledged writes, or after these and the
 *  one that was under way, as a whole. */
async function checkChain(collection, chain, acknowledged) {
  for (let i = 0; i < acknowledged; i++) chain.next();
  const without = new Map(chain.records);
  const underWay = chain.next();
  const ids = [...new Set([...without.keys(), ...chain.records.keys()])];
  const include = ['vector', 'text', 'metadata'];
  const stored = await Promise.all(ids.map((id) => collection.get(id, { include })));
  const differences = (expected) => ids.filter((id, i) => !isSame(stored[i], expected.get(id)));
  if (differences(chain.records).length === 0) return chain.records;
  const lost = differences(without);
  if (lost.length > 0) {
    throw new Error(`seed ${SEED}: ${lost.length} records are wrong, first ${lost[0]}; under way was ${underWay.method}`);
  }
  return without;
}

/** An exact search for the vector of a stored record finds that record, at no distance. */
async function expectFound(collection, records, random) {
  const sample = [...records.values()].filter(() => random() < SEARCHES_PER_RUN / records.size);
  const hits = await Promise.all(sample.map(({ vector }) => collection.search({ vector, k: 1, exact: true, include: [] })));
  expect(hits.map(([hit]) => hit.id)).toEqual(sample.map(({ id }) => id));
  for (const [hit] of hits) expect(Math.abs(hit.distance)).toBeLessThan(1e-5);
}

test('a write acknowledged before a kill is there after reopen, and a bulk write is whole or absent', async () => {
  const file = folder.file('killed.db');
  const random = createRandom(SEED);
  let writes = 0;
  let records = 0;
  for (let run = 0; run < RUNS; run++) {
    const acknowledged = await writeAndKill(file, run, random);
    writes += acknowledged.reduce((sum, n) => sum + n);

    const db = await open(file, { maxPending: 1_000_000 });
    const collection = await db.collection('log', { dimensions: 16, hnsw: { minSize: 0 } });
    const chains = chainsOf(SEED, run);
    const stored = await Promise.all(chains.map((chain, i) => checkChain(collection, chain, acknowledged[i])));
    const all = new Map(stored.flatMap((map) => [...map]));
    if (all.size > 0) await expectFound(collection, all, random);
    records += all.size;
    expect(await collection.count()).toBe(records);
    expect(await collection.stats()).toMatchObject({ records, vectors: records, damaged: 0 });
    await db.close();
  }
  report(`${RUNS} kills, seed ${SEED}: ${writes} acknowledged writes, 0 lost, ${records} records`);
  expect(writes).toBeGreaterThan(0);
}, 30_000 + 5000 * RUNS);

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
