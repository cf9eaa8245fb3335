'use strict';

// close-behind-busy-pool.js: the pool is full of other work, so that our workers wait in its queue; calls are aborted and the
// engine closed before they begin. Prints { rejected, engines }.

const crypto = require('node:crypto');
const { setTimeout: sleep } = require('node:timers/promises');

const { open } = require('agentmemdb');

const POOL_THREADS = 4;

function fillPool() {
  const job = () => new Promise((resolve) => crypto.pbkdf2('password', 'salt', 100_000, 64, 'sha512', resolve));
  return Promise.all(Array.from({ length: POOL_THREADS }, job));
}

/** Returns how many of the calls were rejected with the reason of their signal. */
async function once(start) {
  const db = await open(':memory:');
  const collection = await db.collection('c', { dimensions: 2 });
  await collection.add({ id: 'a', vector: [1, 2] });
  await sleep(20); // Background slices end.
  const filled = fillPool();
  const controller = new AbortController();
  const calls = start(collection, controller.signal);
  controller.abort(new Error('enough'));
  db.closeSync();
  const results = await Promise.allSettled(calls);
  await filled;
  await sleep(20);
  return results.filter(({ reason }) => reason === controller.signal.reason).length;
}

async function main() {
  const rejected = await once((collection, signal) => [
    collection.add({ id: 'b', vector: [1, 2] }, { signal }),
    collection.addMany([{ id: 'c' }, { id: 'd' }], { signal }),
    collection.search({ vector: [1, 2], signal }),
    collection.indexed({ signal }),
  ]);
  const db = await open(':memory:');
  console.log(JSON.stringify({ rejected, engines: (await db.stats()).engines }));
  await db.close();
}

main();
