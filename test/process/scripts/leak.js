'use strict';

// leak.js (--expose-gc): 20,000 searches, 2,000 open and close, 1,000 calls aborted by one signal. After each: the resident
// memory of five parts in MiB, warnings, and what is still active. Prints { searches, opens, aborts, warnings, ... }.

const assert = require('node:assert');
const { getEventListeners } = require('node:events');
const { setImmediate: turn } = require('node:timers/promises');

const { open } = require('agentmemdb');
const { createRandom, randomMatrix, randomVector } = require('../vectors');

const PARTS = 5;
const DIMENSIONS = 64;
const IN_FLIGHT = 50;
const random = createRandom(1);

const warnings = [];
process.on('warning', (warning) => warnings.push(String(warning)));

async function settledMiB() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await turn();
  }
  return Math.round(process.memoryUsage.rss() / 2 ** 20);
}

/** Does `work` for every part and returns the resident memory after each. */
async function measure(work) {
  const sizes = [];
  for (let part = 0; part < PARTS; part++) {
    await work();
    sizes.push(await settledMiB());
  }
  return sizes;
}

async function search(collection) {
  for (let i = 0; i < 20_000 / PARTS / IN_FLIGHT; i++) {
    const calls = Array.from({ length: IN_FLIGHT }, () => collection.search({ vector: randomVector(random, DIMENSIONS), k: 5 }));
    for (const hits of await Promise.all(calls)) assert.strictEqual(hits.length, 5);
  }
}

async function openAndClose() {
  for (let i = 0; i < 2000 / PARTS; i++) {
    const db = await open(':memory:');
    const collection = await db.collection('c', { dimensions: 8, hnsw: { minSize: 0 } });
    await collection.addMany({ vectors: randomMatrix(random, 20, 8) });
    await db.close();
  }
}

/** Returns how many of 1,000 / PARTS calls with one signal were aborted. */
async function abortMany(collection) {
  const controller = new AbortController();
  const { signal } = controller;
  const vector = randomVector(random, DIMENSIONS);
  const calls = Array.from({ length: 1000 / PARTS }, () => collection.search({ vector, exact: true, signal }));
  assert.strictEqual(getEventListeners(signal, 'abort').length, 1);
  controller.abort();
  const results = await Promise.allSettled(calls);
  assert(results.every(({ status, reason }) => status === 'fulfilled' || reason === signal.reason));
  assert.strictEqual(getEventListeners(signal, 'abort').length, 0);
  return results.filter(({ status }) => status === 'rejected').length;
}

async function main() {
  const before = process.getActiveResourcesInfo().sort();
  const db = await open(':memory:');
  const collection = await db.collection('vectors', { dimensions: DIMENSIONS, hnsw: { minSize: 500 } });
  await collection.addMany({ vectors: randomMatrix(random, 3000, DIMENSIONS), texts: Array(3000).fill('some text') });
  await collection.indexed();
  const searches = await measure(() => search(collection));
  let aborted = 0;
  const aborts = await measure(async () => {
    aborted += await abortMany(collection);
  });
  await db.close();
  const opens = await measure(openAndClose);

  const last = await open(':memory:');
  const { engines } = await last.stats();
  await last.close();
  await turn();
  const after = process.getActiveResourcesInfo().sort();
  console.log(JSON.stringify({ searches, opens, aborts, aborted, warnings, engines, before, after }));
}

main();
