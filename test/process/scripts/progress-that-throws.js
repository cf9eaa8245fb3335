'use strict';

// progress-that-throws.js <file>: calls whose onProgress throws: a long one, and short ones that have come off when it is called. Prints
// what came of each, whether it is done, and what was thrown on its own.

const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');

const { open } = require('agentmemdb');

const [file] = process.argv.slice(2);
const ROWS = 60_000;
const DIMENSIONS = 64;

const uncaught = [];
process.on('uncaughtException', (error) => uncaught.push(error.message));

async function main() {
  const db = await open(file);
  const c = await db.collection('c', { dimensions: DIMENSIONS });
  await c.add({ id: 'a' });
  const calls = [];
  const run = async (call, start, isDone) => {
    const onProgress = () => {
      throw new Error(`thrown by ${call}`);
    };
    const outcome = await start({ onProgress }).then(() => 'came off', (error) => error.message);
    await sleep(1); // What is thrown on its own has a turn of its own.
    calls.push({ call, outcome, isDone: await isDone() });
  };
  const vectors = new Float32Array(ROWS * DIMENSIONS).fill(1);
  await run('addMany', (options) => c.addMany({ vectors }, options), async () => (await c.count()) > 1);
  await run('backup', (options) => db.backup(`${file}.copy`, options), () => fs.existsSync(`${file}.copy`));
  await run('createSnapshot', (options) => db.createSnapshot('s', options), async () => (await db.listSnapshots()).length > 0);
  await db.close();
  console.log(JSON.stringify({ calls, uncaught }));
}

main();
