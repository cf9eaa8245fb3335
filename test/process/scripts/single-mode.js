'use strict';

// single-mode.js <file>: opens it, lets a worker thread and other processes try, closes it, and lets another process try again.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const { open } = require('agentmemdb');

async function look(file, options) {
  try {
    const db = await open(file, { busyTimeoutMs: 50, ...options });
    const { engines, storageMode } = await db.stats();
    const count = await (await db.collection('c')).count();
    await db.close();
    return { engines, storageMode, count };
  } catch ({ code, message }) {
    return { code, message };
  }
}

function elsewhere(file, options = {}) {
  const output = execFileSync(process.execPath, [__filename, 'look', file, JSON.stringify(options)], { encoding: 'utf8' });
  return JSON.parse(output);
}

async function main(file) {
  const db = await open(file);
  const collection = await db.collection('c', { dimensions: 2, metric: 'l2', hnsw: { minSize: 0 } });
  await collection.addMany(Array.from({ length: 20 }, (_, i) => ({ id: `r${i}`, vector: [i, 1] })));
  await collection.indexed();
  const worker = new Worker(__filename, { workerData: file });
  const said = {
    storageMode: (await db.stats()).storageMode,
    sharedMemory: fs.existsSync(`${file}-shm`),
    worker: await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject)),
    other: elsewhere(file),
    readOnly: elsewhere(file, { readOnly: true }),
    found: (await collection.search({ vector: [7.1, 1], k: 1 })).map((hit) => hit.id),
    verified: (await db.verify()).ok,
  };
  await db.close();
  console.log(JSON.stringify({ ...said, afterwards: elsewhere(file) }));
}

if (!isMainThread) look(workerData).then((result) => parentPort.postMessage(result));
else if (process.argv[2] === 'look') look(process.argv[3], JSON.parse(process.argv[4])).then((result) => console.log(JSON.stringify(result)));
else {
  main(process.argv[2]).catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}
