'use strict';

// first-in-worker.js <file> [workers]: the addon is loaded in one worker after another, each ending before the next begins,
// and by this thread only at last. Prints { found, engines }.

const { Worker, isMainThread, workerData } = require('node:worker_threads');

async function use(file, i) {
  const { open } = require('agentmemdb');
  const db = await open(file);
  const collection = await db.collection('vectors', { dimensions: 4 });
  await collection.upsert({ id: `from-${i}`, vector: [1, i, 0, 0] });
  const hits = await collection.search({ vector: [1, i, 0, 0], k: 1 });
  const result = { best: hits[0].id, count: await collection.count(), engines: (await db.stats()).engines };
  // One in three leaves its handle open.
  if (i % 3 !== 0) await db.close();
  return result;
}

async function main([file, workers = 12]) {
  for (let i = 0; i < Number(workers); i++) {
    const worker = new Worker(__filename, { workerData: { file, i } });
    const exitCode = await new Promise((resolve, reject) => worker.on('error', reject).on('exit', resolve));
    if (exitCode !== 0) throw new Error(`worker ${i} ended with ${exitCode}`);
  }
  console.log(JSON.stringify(await use(file, Number(workers))));
}

if (isMainThread) main(process.argv.slice(2));
else use(workerData.file, workerData.i);
