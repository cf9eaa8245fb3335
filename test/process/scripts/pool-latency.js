'use strict';

// pool-latency.js <file>: how long fs.stat takes when nothing runs, beside 1,000 pending searches of this thread, and beside
// 1,000 of each of 8 worker threads. Prints { idle, alone, threads } as { p50, p99, max } in ms, the searches that each
// worker settled, and the scheduler's limit.

const fs = require('node:fs/promises');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const { open } = require('agentmemdb');
const { createRandom, randomMatrix, randomVector } = require('../vectors');

const ROWS = 20_000;
const DIMENSIONS = 128;
const PENDING = 1000;
const WORKERS = 8;
const MEASURE_MS = 1500;
const QUERY = randomVector(createRandom(2), DIMENSIONS);

/** Keeps PENDING exact searches pending until stop() is called; counts those that settled. */
function keepPending(collection) {
  const state = { settled: 0, stopped: false };
  const one = async () => {
    while (!state.stopped) {
      await collection.search({ vector: QUERY, exact: true, include: [] });
      state.settled++;
    }
  };
  const all = Promise.all(Array.from({ length: PENDING }, one));
  return {
    settled: () => state.settled,
    async stop() {
      state.stopped = true;
      await all;
    },
  };
}

/** One call a millisecond, as a service would make them: calls back to back would mostly be counted while the CPU is free. */
async function measureStat() {
  const times = [];
  const end = performance.now() + MEASURE_MS;
  while (performance.now() < end) {
    const start = performance.now();
    await fs.stat(__filename);
    times.push(performance.now() - start);
    await sleep(1);
  }
  times.sort((a, b) => a - b);
  const at = (share) => Number(times[Math.floor(share * (times.length - 1))].toFixed(3));
  return { p50: at(0.5), p99: at(0.99), max: at(1), samples: times.length };
}

async function inWorker({ file }) {
  const db = await open(file);
  const pending = keepPending(await db.collection('vectors'));
  parentPort.postMessage('busy');
  await new Promise((resolve) => parentPort.once('message', resolve));
  parentPort.postMessage(pending.settled());
  await pending.stop();
  await db.close();
  parentPort.close();
}

async function besideThreads(file) {
  const workers = Array.from({ length: WORKERS }, () => new Worker(__filename, { workerData: { file } }));
  const messages = () => Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
  await messages();
  const threads = await measureStat();
  for (const worker of workers) worker.postMessage('stop');
  const settled = await messages();
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))));
  return { threads, settled };
}

async function main(file) {
  const db = await open(path.resolve(file));
  const collection = await db.collection('vectors', { dimensions: DIMENSIONS });
  await collection.addMany({ vectors: randomMatrix(createRandom(1), ROWS, DIMENSIONS) });
  await collection.indexed();
  const idle = await measureStat();
  const pending = keepPending(collection);
  const alone = await measureStat();
  const perSecond = Math.round((pending.settled() * 1000) / MEASURE_MS);
  await pending.stop();
  const result = { idle, alone, perSecond, ...(await besideThreads(path.resolve(file))) };
  const { workerLimit, workersMax } = (await db.stats()).queue;
  await db.close();
  console.log(JSON.stringify({ ...result, workerLimit, workersMax }));
}

if (isMainThread) main(process.argv[2]);
else inWorker(workerData);
