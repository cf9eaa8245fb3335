'use strict';

// collect-in-mid-call.js: (--expose-gc) handles that nobody can reach any more are collected while their calls run.
// Prints { rounds, engines } when every call has settled right and every engine is gone but one.

const assert = require('node:assert');
const { setTimeout: sleep } = require('node:timers/promises');

const { open } = require('agentmemdb');
const { createRandom, randomMatrix, randomVector } = require('../vectors');

const ROUNDS = 100;
const DIMENSIONS = 32;
const random = createRandom(1);

/** Starts calls and returns nothing but their promises: the handle is garbage at once, or after linking in every tenth round. */
async function startAndForget(round) {
  const db = await open(':memory:');
  const collection = await db.collection('vectors', { dimensions: DIMENSIONS, hnsw: { minSize: round % 10 === 0 ? 0 : 5000 } });
  const vectors = randomMatrix(random, 300, DIMENSIONS);
  const { ids } = await collection.addMany({ vectors });
  const calls = [];
  for (let i = 0; i < 20; i++) {
    const vector = vectors.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS);
    calls.push(collection.search({ vector, k: 1, exact: true }).then(([hit]) => assert.strictEqual(hit.id, ids[i])));
    calls.push(collection.add({ id: `n${i}`, vector: randomVector(random, DIMENSIONS) }).then(({ id }) => assert.strictEqual(id, `n${i}`)));
  }
  // A matrix that only the call holds.
  const more = collection.addMany({ vectors: randomMatrix(random, 500, DIMENSIONS) });
  calls.push(more.then(({ inserted }) => assert.strictEqual(inserted, 500)));
  return calls;
}

async function main() {
  for (let round = 0; round < ROUNDS; round++) {
    const calls = await startAndForget(round);
    globalThis.gc();
    if (round % 3 === 0) await sleep(1);
    globalThis.gc();
    await Promise.all(calls);
  }
  const db = await open(':memory:');
  // Background slices of collected handles end first, and engines are freed on pool threads.
  let engines = Infinity;
  for (let i = 0; i < 500 && engines > 1; i++) {
    globalThis.gc();
    await sleep(10);
    engines = (await db.stats()).engines;
  }
  await db.close();
  console.log(JSON.stringify({ rounds: ROUNDS, engines }));
}

main();
