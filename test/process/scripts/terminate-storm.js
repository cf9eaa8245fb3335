'use strict';

// terminate-storm.js <folder> [rounds] [seed] [modes]: starts workers, 8 at a time, that keep calls of every kind in flight, and terminates
// each in mid-call, while this thread writes and searches too. Each says first how many engines it counts, and what it finds.
// Prints { rounds, byMode, engines, said } when everything is still right; `said`: how many workers came to say something.

const assert = require('node:assert');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');

const { open } = require('agentmemdb');
const { answersOf } = require('../storm-answers');
const { createRandom, randomMatrix, randomVector } = require('../vectors');

const DIMENSIONS = 64;
const ROWS = 4000;
const PARALLEL = 8;
const MODES = ['search', 'add', 'bulk', 'open', 'mixed'];

/** Resolves to what the worker said, or undefined. */
async function terminateOne(folder, mode, random) {
  const workerData = { folder, mode, seed: Math.floor(random() * 1e9) };
  const worker = new Worker(path.join(__dirname, 'worker-with-calls.js'), { workerData });
  const failed = new Promise((_, reject) => worker.once('error', reject));
  let said;
  const speaks = new Promise((resolve) => worker.once('message', (message) => resolve(said = message)));
  // Mostly once calls are in flight, sometimes while the addon loads or the file opens.
  if (random() < 0.85) await Promise.race([speaks, failed]);
  await Promise.race([sleep(15 * random()), failed]);
  await worker.terminate();
  return said;
}

async function main([folder, rounds = 200, seed = 1, more = '']) {
  const modes = [...MODES, ...more.split(',').filter(Boolean)];
  const random = createRandom(Number(seed));
  const db = await open(path.join(folder, 'storm.db'));
  const collection = await db.collection('vectors', { dimensions: DIMENSIONS, hnsw: { minSize: 1000 } });
  const vectors = randomMatrix(random, ROWS, DIMENSIONS);
  const { ids } = await collection.addMany({ vectors });
  const passing = await db.collection('passing', { dimensions: DIMENSIONS });
  const right = { engines: 1, answers: await answersOf(collection) };

  const byMode = {};
  let said = 0;
  let left = Number(rounds);
  const storm = async () => {
    while (left-- > 0) {
      const mode = modes[left % modes.length];
      const facts = await terminateOne(folder, mode, random);
      // A database in memory is an engine more.
      if (facts && !more.includes('memory')) assert.deepStrictEqual(facts, right);
      else if (facts?.answers) assert.deepStrictEqual(facts.answers, right.answers);
      said += facts === undefined ? 0 : 1;
      byMode[mode] = (byMode[mode] ?? 0) + 1;
    }
  };
  let done = false;
  const busy = async () => {
    while (!done) {
      const { id } = await passing.add({ vector: randomVector(random, DIMENSIONS) });
      assert(await passing.has(id));
      assert(await passing.delete(id));
      await sleep(1);
    }
  };
  const running = busy();
  await Promise.all(Array.from({ length: PARALLEL }, storm));
  done = true;
  await running;

  for (let i = 0; i < 50; i++) {
    const vector = vectors.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS);
    const [hit] = await collection.search({ vector, k: 1, exact: true, include: [] });
    assert.strictEqual(hit.id, ids[i]);
  }
  assert.deepStrictEqual(await answersOf(collection), right.answers);
  const { ok, differences } = await db.verify();
  assert(ok, JSON.stringify(differences.slice(0, 3)));
  const { engines, queue } = await db.stats();
  assert(queue.workersMax <= queue.workerLimit, `${queue.workersMax} workers, limit ${queue.workerLimit}`);
  await db.close();
  console.log(JSON.stringify({ rounds: Number(rounds), byMode, engines, said }));
}

main(process.argv.slice(2));
