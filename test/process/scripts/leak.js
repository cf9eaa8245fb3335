'use strict';

// leak.js <folder> [scale]: (--expose-gc) a million searches, 10,000 times open, search and close (9,000 in memory, 1,000 on a
// file, some with calls in flight), and rounds of 1,000 calls that one signal aborts; `scale` of all that. Prints the resident
// memory after each of 20 parts in MiB, and what is left at the end: warnings, engines, logs, and before and after file
// descriptors, threads and active resources.

const assert = require('node:assert');
const { getEventListeners } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { setImmediate: turn } = require('node:timers/promises');

const { open, openSync } = require('agentmemdb');
const { createRandom, randomMatrix, randomVector, rowOf } = require('../vectors');

const [folder, scale = 1] = process.argv.slice(2);
const PARTS = 20;
const SEARCHES = 1_000_000 * scale;
const IN_MEMORY = 9000 * scale;
const ON_FILE = 1000 * scale;
const ABORTED_AT_ONCE = 1000;
const DIMENSIONS = 8;
const QUERIES = 100;
const file = path.join(folder, 'again.db');
const random = createRandom(1);

const warnings = [];
process.on('warning', (warning) => warnings.push(String(warning)));

async function settledMiB() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await turn();
  }
  return Math.round((10 * process.memoryUsage.rss()) / 2 ** 20) / 10;
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

/** A part of the searches: half by searchMany, a quarter in flight one by one, a quarter by the sync twin. */
async function search(collection, queries) {
  const rounds = Math.ceil(SEARCHES / PARTS / QUERIES / 4);
  const vectors = Array.from({ length: QUERIES }, (_, i) => rowOf(queries, i, DIMENSIONS));
  for (let round = 0; round < rounds; round++) {
    const many = [...(await collection.searchMany({ vectors: queries, k: 3 })), ...(await collection.searchMany({ vectors: queries, k: 3, include: [] }))];
    const single = await Promise.all(vectors.map((vector) => collection.search({ vector, k: 3 })));
    const twins = vectors.map((vector) => collection.searchSync({ vector, k: 3, include: ['text', 'vector'] }));
    assert([...many, ...single, ...twins].every((hits) => hits.length === 3));
  }
}

/** Opens, uses and closes once, in one of ten ways. Returns whether a log was left behind. */
async function once(target, i) {
  const db = i % 10 === 9 ? openSync(target, { durability: 'normal' }) : await open(target, { durability: 'normal' });
  const collection = await db.collection('vectors', { dimensions: 4, metric: 'l2', hnsw: { minSize: 0 } });
  const vector = [i, 1, 2, 3];
  const id = `r${i % 500}`;
  await collection.upsert({ id, vector });
  const pending = i % 2 === 0 ? [] : [collection.count(), collection.search({ vector, k: 1, exact: true }), collection.upsert({ id: 'far', vector: [-9, 0, 0, 0] })];
  assert.strictEqual((await collection.search({ vector, k: 1, exact: true }))[0].id, id);
  if (i % 10 === 8) db.closeSync();
  else await db.close();
  if (pending.length > 0) {
    const [count, [hit], written] = await Promise.all(pending);
    assert(count >= 1 && hit.id === id && written.version > 1);
  }
  return i % 10 !== 8 && fs.existsSync(`${target}-wal`);
}

/** Returns how many of 1,000 calls with one signal were aborted. */
async function abortMany(collection, vector) {
  const controller = new AbortController();
  const { signal } = controller;
  const start = [
    () => collection.search({ vector, exact: true, signal }),
    () => collection.get('r1', { signal }),
    () => collection.upsert({ id: 'r1', vector }, { signal }),
    () => collection.count({ a: 1 }, { signal, timeoutMs: 60_000 }),
  ];
  const calls = Array.from({ length: ABORTED_AT_ONCE }, (_, i) => start[i % start.length]());
  assert.strictEqual(getEventListeners(signal, 'abort').length, 1);
  controller.abort();
  const results = await Promise.allSettled(calls);
  assert(results.every(({ status, reason }) => status === 'fulfilled' || reason === signal.reason));
  assert.strictEqual(getEventListeners(signal, 'abort').length, 0);
  return results.filter(({ status }) => status === 'rejected').length;
}

const count = (directory) => (fs.existsSync(directory) ? fs.readdirSync(directory).length : 0);
// Of this process; descriptors and threads on Linux only.
const held = () => ({
  descriptors: count('/proc/self/fd'),
  threads: count('/proc/self/task'),
  resources: process.getActiveResourcesInfo().sort(),
});

async function main() {
  await once(':memory:', 0); // What is made once for the process is there before.
  await once(file, 0);
  const before = held();
  const db = await open(':memory:');
  const collection = await db.collection('vectors', { dimensions: DIMENSIONS, hnsw: { minSize: 50 } });
  await collection.addMany({ vectors: randomMatrix(random, 200, DIMENSIONS), texts: Array(200).fill('some text') });
  await collection.indexed();
  const queries = randomMatrix(random, QUERIES, DIMENSIONS);
  const searches = await measure(() => search(collection, queries));
  let aborted = 0;
  const aborts = await measure(async () => {
    aborted += await abortMany(collection, randomVector(random, DIMENSIONS));
  });
  await db.close();
  let made = 0;
  let logsLeft = 0;
  const openings = (target, times) => async () => {
    for (let i = 0; i < times / PARTS; i++) if (await once(target, made++)) logsLeft++;
  };
  const inMemory = await measure(openings(':memory:', IN_MEMORY));
  const onFile = await measure(openings(file, ON_FILE));

  const last = await open(':memory:');
  const { engines } = await last.stats();
  await last.close();
  await turn();
  console.log(JSON.stringify({ searches, aborts, inMemory, onFile, aborted, warnings, engines, logsLeft, before, after: held() }));
}

main();
