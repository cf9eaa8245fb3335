'use strict';

// share-path.js <file>: 8 workers and this thread open one path at the same time, write, and look for what the others wrote.
// Prints { engines, each: [{ engines, missing, notFound, count }] }.

const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const { open } = require('agentmemdb');
const { createRandom, randomMatrix, rowOf } = require('../vectors');

const WORKERS = 8;
const RECORDS = 60;
const DIMENSIONS = 16;

const vectorsOf = (worker) => randomMatrix(createRandom(worker + 1), RECORDS, DIMENSIONS);
const idOf = (worker, i) => `w${worker}-${i}`;

async function write(collection, worker) {
  const vectors = vectorsOf(worker);
  const half = RECORDS / 2;
  const singles = Array.from({ length: half }, (_, i) => collection.add({ id: idOf(worker, i), vector: rowOf(vectors, i, DIMENSIONS) }));
  const ids = Array.from({ length: half }, (_, i) => idOf(worker, half + i));
  await Promise.all([...singles, collection.addMany({ ids, vectors: vectors.slice(half * DIMENSIONS) })]);
}

/** How many records of all workers are missing, and how many an exact search does not find. */
async function look(collection) {
  const result = { missing: 0, notFound: 0, count: await collection.count() };
  for (let worker = 0; worker < WORKERS; worker++) {
    const vectors = vectorsOf(worker);
    for (let i = 0; i < RECORDS; i++) {
      if (!(await collection.has(idOf(worker, i)))) result.missing++;
      const [hit] = await collection.search({ vector: rowOf(vectors, i, DIMENSIONS), k: 1, exact: true, include: [] });
      if (hit?.id !== idOf(worker, i)) result.notFound++;
    }
  }
  return result;
}

async function inWorker({ file, worker }) {
  const db = await open(file);
  const collection = await db.collection('shared', { dimensions: DIMENSIONS, hnsw: { minSize: 100 } });
  await write(collection, worker);
  parentPort.postMessage('written');
  await new Promise((resolve) => parentPort.once('message', resolve));
  const result = await look(collection);
  parentPort.postMessage({ ...result, engines: (await db.stats()).engines });
  await db.close();
  parentPort.close();
}

async function main(file) {
  const workers = Array.from({ length: WORKERS }, (_, worker) => new Worker(__filename, { workerData: { file, worker } }));
  const nextMessages = () => Promise.all(workers.map((worker) => new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
  })));
  await nextMessages();
  for (const worker of workers) worker.postMessage('look');
  const ended = Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))));
  const each = await nextMessages();
  const db = await open(file);
  const { engines, records } = await db.stats();
  await db.close();
  console.log(JSON.stringify({ engines, records, each, exitCodes: await ended }));
}

if (isMainThread) main(process.argv[2]);
else inWorker(workerData);
