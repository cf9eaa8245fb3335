'use strict';

// terminate-storm.js <folder> [rounds] [seed]: starts workers that keep calls of every kind in flight and terminates each in
// mid-call, while this thread writes and searches too. Prints { rounds, byMode, engines } when everything is still right.

const assert = require('node:assert');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');

const { open } = require('agentmemdb');
const { createRandom, randomMatrix, randomVector } = require('../vectors');

const DIMENSIONS = 64;
const ROWS = 4000;
const PARALLEL = 4;
const MODES = ['search', 'add', 'bulk', 'open', 'memory', 'mixed'];

async function terminateOne(folder, mode, random) {
  const workerData = { folder, mode, seed: Math.floor(random() * 1e9) };
  const worker = new Worker(path.join(__dirname, 'worker-with-calls.js'), { workerData });
  const failed = new Promise((_, reject) => worker.once('error', reject));
  // Mostly once calls are in flight, sometimes while the addon loads or the file opens.
  if (random() < 0.85) await Promise.race([new Promise((resolve) => worker.once('message', resolve)), failed]);
  await Promise.race([sleep(15 * random()), failed]);
  await worker.terminate();
}

async function main([folder, rounds = 200, seed = 1]) {
  const random = createRandom(Number(seed));
  const db = await open(path.join(folder, 'storm.db'));
  const collection = await db.collection('vectors', { dimensions: DIMENSIONS, hnsw: { minSize: 1000 } });
  const vectors = randomMatrix(random, ROWS, DIMENSIONS);
  const { ids } = await collection.addMany({ vectors });

  const byMode = {};
  let left = Number(rounds);
  const storm = async () => {
    while (left-- > 0) {
      const mode = MODES[left % MODES.length];
      await terminateOne(folder, mode, random);
      byMode[mode] = (byMode[mode] ?? 0) + 1;
    }
  };
  let done = false;
  const busy = async () => {
    while (!done) {
      const { id } = await collection.add({ vector: randomVector(random, DIMENSIONS) });
      assert(await collection.has(id));
      assert(await collection.delete(id));
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
  const { engines, queue } = await db.stats();
  assert(queue.workersMax <= queue.workerLimit, `${queue.workersMax} workers, limit ${queue.workerLimit}`);
  await db.close();
  console.log(JSON.stringify({ rounds: Number(rounds), byMode, engines }));
}

main(process.argv.slice(2));
