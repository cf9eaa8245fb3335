'use strict';

// open-and-close.js <folder> <in memory> <on file>: opens, uses and closes many times, some with calls in flight. Prints
// { engines, descriptors: [before, after], logsLeft: how often a -wal file was left behind }.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const { open, openSync } = require('agentmemdb');

const [folder, inMemory, onFile] = process.argv.slice(2);
const file = path.join(folder, 'again.db');

// Of this process, on Linux; elsewhere nothing is counted.
const descriptors = () => (fs.existsSync('/proc/self/fd') ? fs.readdirSync('/proc/self/fd').length : 0);

async function once(target, i) {
  const db = i % 10 === 9 ? openSync(target) : await open(target);
  const collection = await db.collection('vectors', { dimensions: 4, metric: 'l2' });
  const vector = [i, 1, 2, 3];
  const { id } = await collection.add({ vector });
  const pending = i % 2 === 0 ? [] : [collection.count(), collection.search({ vector, k: 1 }), collection.add({ vector: [-9, 0, 0, 0] })];
  if (i % 10 === 8) db.closeSync();
  else await db.close();
  if (pending.length > 0) {
    const [count, [hit], added] = await Promise.all(pending);
    assert(count >= 1 && hit.id === id && added.version > 1);
  }
  return i % 10 !== 8 && fs.existsSync(`${target}-wal`) ? 1 : 0;
}

async function main() {
  for (let i = 0; i < 20; i++) await once(i % 2 === 0 ? ':memory:' : file, i);
  const before = descriptors();
  let logsLeft = 0;
  for (let i = 0; i < Number(inMemory); i++) await once(':memory:', i);
  for (let i = 0; i < Number(onFile); i++) logsLeft += await once(file, i);
  const db = await open(':memory:');
  const { engines } = await db.stats();
  await db.close();
  console.log(JSON.stringify({ engines, descriptors: [before, descriptors()], logsLeft }));
}

main();
