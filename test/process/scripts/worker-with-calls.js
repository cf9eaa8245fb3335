'use strict';

// A worker that says how many engines there are and what it finds, and keeps calls in flight until it is terminated.
// workerData: { folder, mode, seed }.

const path = require('node:path');
const { parentPort, workerData } = require('node:worker_threads');

const { open } = require('agentmemdb');
const { answersOf } = require('../storm-answers');
const { createRandom, randomMatrix, randomVector } = require('../vectors');

const DIMENSIONS = 64;
const { folder, mode, seed } = workerData;
const random = createRandom(seed);
const file = path.join(folder, 'storm.db');

/** Runs `start` again as soon as one of `width` calls has settled. */
async function keepInFlight(width, start) {
  const one = async () => {
    for (;;) await start();
  };
  const all = Array.from({ length: width }, one);
  parentPort.postMessage(facts);
  await Promise.all(all);
}

/** What the worker says: not much when it looks at nothing that all share. */
let facts = {};

async function look(db, collection) {
  facts = { answers: await answersOf(collection), engines: (await db.stats()).engines };
}

const search = (collection) => collection.search({ vector: randomVector(random, DIMENSIONS), exact: random() < 0.5 });
const add = (collection) => collection.add({ vector: randomVector(random, DIMENSIONS), text: 'from a worker', metadata: { seed } });
// Into a collection of its own: the storm would fill the shared one.
const bulk = (collection) => collection.upsertMany({ ids: BULK_IDS, vectors: BULK_VECTORS });
const BULK_IDS = Array.from({ length: 2000 }, (_, i) => `bulk-${i}`);
const BULK_VECTORS = mode === 'bulk' || mode === 'mixed' ? randomMatrix(random, BULK_IDS.length, DIMENSIONS) : undefined;

async function scanSome(collection) {
  let left = 300;
  for await (const { id } of collection.scan({ batchSize: 100 })) if (id === '' || --left === 0) break;
}

async function openAndLeave(target) {
  const db = await open(target);
  const collection = await db.collection('vectors', { dimensions: DIMENSIONS });
  await Promise.all([search(collection), collection.count(), db.stats()]);
  if (random() < 0.5) await db.close();
}

async function main() {
  if (mode === 'memory') return keepInFlight(3, () => openAndLeave(':memory:'));
  const db = await open(file);
  const shared = await db.collection('vectors', { dimensions: DIMENSIONS });
  await look(db, shared);
  if (mode === 'open') return keepInFlight(3, () => openAndLeave(file));
  if (mode === 'search') return keepInFlight(50, () => search(shared));
  const own = await db.collection('own', { dimensions: DIMENSIONS, hnsw: { minSize: 0 } });
  if (mode === 'add') return keepInFlight(20, () => add(own));
  if (mode === 'bulk') return keepInFlight(2, () => bulk(own));
  const calls = [
    () => search(shared),
    () => shared.searchMany({ vectors: randomMatrix(random, 20, DIMENSIONS) }),
    () => shared.find({ limit: 2000, include: ['vector'] }), // In parts.
    () => scanSome(shared),
    () => add(own),
    () => bulk(own),
    () => db.batch([{ type: 'upsert', collection: own, record: { id: 'one' } }, { type: 'delete', collection: own, id: 'one' }]),
    () => own.deleteWhere({ $id: { $lt: 'bulk-5' } }),
    () => own.indexed(),
    () => own.stats(),
  ];
  return keepInFlight(20, () => calls[Math.floor(random() * calls.length)]());
}

main();
