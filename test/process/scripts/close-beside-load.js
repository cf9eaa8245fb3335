'use strict';

// close-beside-load.js: a worker thread closes its database while a background slice of it waits for a thread that this one's
// bulk load has taken; nothing else keeps the worker alive. Prints what the worker said.

const { Worker, isMainThread, parentPort } = require('node:worker_threads');

const { open } = require('agentmemdb');
const { createRandom, randomMatrix } = require('../vectors');

const DIMENSIONS = 256;

async function inWorker() {
  const db = await open(':memory:');
  const collection = await db.collection('c', { dimensions: 4, hnsw: { minSize: 0 } });
  parentPort.postMessage('open');
  await new Promise((resolve) => parentPort.once('message', resolve));
  collection.addManySync({ vectors: randomMatrix(createRandom(1), 500, 4) });
  // Each write asks for linking; that waits while the other thread loads.
  while ((await db.stats()).queue.waiting === 0) {
    collection.addSync({ vector: [1, 2, 3, 4] });
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await db.close();
  parentPort.postMessage('closed');
}

async function main() {
  const db = await open(':memory:');
  const collection = await db.collection('c', { dimensions: DIMENSIONS });
  const vectors = randomMatrix(createRandom(1), 20_000, DIMENSIONS);
  const worker = new Worker(__filename);
  const said = [];
  worker.on('message', (message) => {
    said.push(message);
    worker.postMessage('go');
  });
  const ended = new Promise((resolve) => worker.on('exit', resolve));
  let running = true;
  const load = async () => {
    while (running) await collection.upsertMany({ ids: Array.from({ length: 20_000 }, (_, i) => `${i}`), vectors });
  };
  const loading = Promise.all([load(), load(), load()]);
  const exitCode = await ended;
  running = false;
  await loading;
  await db.close();
  console.log(JSON.stringify({ said, exitCode }));
}

if (isMainThread) main();
else inWorker();
