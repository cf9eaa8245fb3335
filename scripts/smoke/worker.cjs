'use strict';

// The thread that smoke.cjs starts: a second handle on the same file.

const { workerData } = require('node:worker_threads');
const { open } = require('agentmemdb');

async function main() {
  const db = await open(workerData);
  const notes = await db.getCollection('notes');
  await notes.add({ id: 'from a worker', text: 'written in another thread' });
  await db.close();
}

main();
