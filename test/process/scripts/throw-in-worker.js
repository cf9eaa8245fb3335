'use strict';

// throw-in-worker.js <folder>: workers end by an error at top level, by process.exit and by an error in a callback, each with
// calls in flight. Prints how each ended: [{ way, exitCode, error }].

const path = require('node:path');
const { Worker, isMainThread, workerData } = require('node:worker_threads');

const { open, openSync } = require('agentmemdb');
const { createRandom, randomMatrix, randomVector } = require('../vectors');

const DIMENSIONS = 32;
const WAYS = ['throw', 'exit', 'callback', 'rejection', 'end'];

function startCalls(file) {
  const random = createRandom(1);
  const db = openSync(file);
  const collection = db.collectionSync('vectors', { dimensions: DIMENSIONS, hnsw: { minSize: 0 } });
  const calls = [collection.addMany({ vectors: randomMatrix(random, 3000, DIMENSIONS) }), open(file), db.stats()];
  for (let i = 0; i < 100; i++) {
    calls.push(collection.search({ vector: randomVector(random, DIMENSIONS), exact: true }));
    calls.push(collection.add({ vector: randomVector(random, DIMENSIONS) }));
  }
  calls.push(collection.indexed());
  return Promise.all(calls);
}

function inWorker({ way, file }) {
  const calls = startCalls(file);
  if (way === 'throw') throw new Error('at top level');
  if (way === 'exit') process.exit(5);
  if (way === 'callback') setTimeout(() => { throw new Error('in a callback'); }, 5);
  if (way === 'rejection') Promise.reject(new Error('a rejection'));
  return calls;
}

async function run(way, file) {
  let error = null;
  const worker = new Worker(__filename, { workerData: { way, file } });
  worker.on('error', ({ message }) => {
    error = message;
  });
  const exitCode = await new Promise((resolve) => worker.on('exit', resolve));
  return { way, exitCode, error };
}

async function main(folder) {
  const results = [];
  for (const way of WAYS) results.push(await run(way, path.join(folder, `${way}.db`)));
  console.log(JSON.stringify(results));
}

if (isMainThread) main(process.argv[2]);
else inWorker(workerData);
