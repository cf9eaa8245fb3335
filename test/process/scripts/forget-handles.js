'use strict';

// forget-handles.js: fills databases in memory, one after the other, and forgets them without close(). Prints
// { opened, enginesMax }: how many there were in all, and at once.

const { setTimeout: sleep } = require('node:timers/promises');

const { open } = require('agentmemdb');

const OPENED = 20;
const DIMENSIONS = 8192;
const vectors = new Float32Array(1000 * DIMENSIONS).fill(1);

/** Small objects enough for V8 to look through the young ones a few times: what is still held then counts as old, and
 *  only a collection of everything finds that it is garbage. */
function growOld() {
  let last = {};
  for (let i = 0; i < 1e6; i++) last = { i, text: `${i}`, before: i % 100 ? last : undefined };
  return last;
}

async function fillAndForget() {
  const db = await open(':memory:');
  await (await db.collection('c', { dimensions: DIMENSIONS })).addMany({ vectors });
  growOld();
  return (await db.stats()).engines;
}

async function main() {
  let enginesMax = 0;
  for (let i = 0; i < OPENED; i++) {
    enginesMax = Math.max(enginesMax, await fillAndForget());
    await sleep(1);
  }
  console.log(JSON.stringify({ opened: OPENED, enginesMax }));
}

main();
