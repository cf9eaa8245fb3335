'use strict';

// load-beside-searches.js <file> records|columns: loads 50,000 x 384 by one upsertMany with 64 searches in flight. Prints
// { loopStepMaxMs, loopSteps, delay: { p99Ms, maxMs }, loadMs, searches, count, missing, notFound }.

const { setTimeout: sleep } = require('node:timers/promises');

const { open } = require('agentmemdb');
const { watchLoop } = require('../../../examples/support/timing');
const { createRandom, randomMatrix, rowOf } = require('../vectors');

const ROWS = 50_000;
const DIMENSIONS = 384;
const FIRST = 1000;
const IN_FLIGHT = 64;
const SAMPLE_EVERY = 1000;
const [file, form] = process.argv.slice(2);

const idOf = (i) => `id-${i}`;

/** The records as a caller has them: made before the clock starts. */
function makeInput(matrix) {
  if (form === 'columns') {
    const ids = Array.from({ length: ROWS }, (_, i) => idOf(i));
    return { ids, vectors: matrix, texts: ids.map((id) => `text of ${id}`), metadatas: ids.map((id) => ({ id, length: id.length })) };
  }
  return Array.from({ length: ROWS }, (_, i) => ({
    id: idOf(i),
    vector: rowOf(matrix, i, DIMENSIONS),
    text: `text of ${idOf(i)}`,
    metadata: { id: idOf(i), length: idOf(i).length },
  }));
}

async function loadBesideSearches(collection, matrix, input) {
  let done = false;
  let searches = 0;
  const one = async (i) => {
    while (!done) {
      await collection.search({ vector: rowOf(matrix, i, DIMENSIONS), k: 10 });
      searches++;
    }
  };
  const running = Array.from({ length: IN_FLIGHT }, (_, i) => one(i));
  const { ms, delay } = await watchLoop(() => collection.upsertMany(input));
  done = true;
  await Promise.all(running);
  return { loadMs: Math.round(ms), delay, searches };
}

async function main() {
  const matrix = randomMatrix(createRandom(1), ROWS, DIMENSIONS);
  const db = await open(file);
  const collection = await db.collection('vectors', { dimensions: DIMENSIONS });
  // Something to find from the beginning; the load replaces these.
  await collection.addMany({ ids: Array.from({ length: FIRST }, (_, i) => idOf(i)), vectors: matrix.slice(0, FIRST * DIMENSIONS) });
  const input = makeInput(matrix);
  await sleep(10);
  const loaded = await loadBesideSearches(collection, matrix, input);
  const { loopStepMaxMs, loopSteps } = (await db.stats()).queue;

  let missing = 0;
  let notFound = 0;
  for (let i = 0; i < ROWS; i += SAMPLE_EVERY) {
    const ids = Array.from({ length: SAMPLE_EVERY }, (_, j) => idOf(i + j));
    missing += (await Promise.all(ids.map((id) => collection.has(id)))).filter((has) => !has).length;
    const [hit] = await collection.search({ vector: rowOf(matrix, i, DIMENSIONS), k: 1, exact: true });
    if (hit?.id !== idOf(i) || hit.text !== `text of ${idOf(i)}` || hit.metadata.id !== idOf(i)) notFound++;
  }
  const count = await collection.count();
  await db.close();
  console.log(JSON.stringify({ loopStepMaxMs, loopSteps, ...loaded, count, missing, notFound }));
}

main();
