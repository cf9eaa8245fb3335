'use strict';

// load-beside-searches.js <file> columns|records|adds <rows>: (--expose-gc) loads <rows> x 384 by one upsertMany of columns or
// of records, or by 1,000 adds in flight at a time, with 64 searches in flight. Prints { loopStepMaxMs, loopSteps, delay, loadMs,
// searches, count, missing, notFound, memory: { growthMiB, dataMiB } }.

const { setTimeout: sleep } = require('node:timers/promises');

const { open } = require('agentmemdb');
const { watchLoop } = require('../../../examples/support/timing');
const { createRandom, randomMatrix, rowOf } = require('../vectors');

const DIMENSIONS = 384;
const FIRST = 1000;
const SEARCHES_IN_FLIGHT = 64;
const ADDS_IN_FLIGHT = 1000;
const SAMPLE_EVERY = 1000;
const LOOK_EVERY_MS = 10;
const [file, form] = process.argv.slice(2);
const ROWS = Number(process.argv[4]);

const idOf = (i) => `id-${i}`;
const textOf = (i) => `text of ${idOf(i)}`;
const recordOf = (matrix, i) => ({ id: idOf(i), vector: rowOf(matrix, i, DIMENSIONS), text: textOf(i), metadata: { id: idOf(i), length: idOf(i).length } });
const numbers = (count) => Array.from({ length: count }, (_, i) => i);
const MiB = (bytes) => Math.round(bytes / 2 ** 20);

/** Runs `count` loops that take the numbers below `end` in turn. */
async function inFlight(count, from, end, run) {
  let next = from;
  const one = async () => {
    while (next < end) await run(next++);
  };
  await Promise.all(numbers(count).map(one));
}

/** What loads everything. The input is made now, as the caller has it before the clock starts. */
function makeLoad(collection, matrix) {
  if (form === 'adds') return () => inFlight(ADDS_IN_FLIGHT, FIRST, ROWS, (i) => collection.add(recordOf(matrix, i)));
  if (form === 'records') {
    const records = numbers(ROWS).map((i) => recordOf(matrix, i));
    return () => collection.upsertMany(records);
  }
  const ids = numbers(ROWS).map(idOf);
  const columns = { ids, vectors: matrix, texts: numbers(ROWS).map(textOf), metadatas: ids.map((id) => ({ id, length: id.length })) };
  return () => collection.upsertMany(columns);
}

/** Keeps searches in flight, and looks at the memory, until `load` is done. */
async function beside(collection, matrix, load) {
  let done = false;
  let searches = 0;
  const one = async (i) => {
    while (!done) {
      await collection.search({ vector: rowOf(matrix, i, DIMENSIONS), k: 10 });
      searches++;
    }
  };
  globalThis.gc();
  const before = process.memoryUsage.rss();
  let peak = before;
  const look = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const looking = setInterval(look, LOOK_EVERY_MS);
  const running = numbers(SEARCHES_IN_FLIGHT).map(one);
  const { ms, delay } = await watchLoop(load);
  look();
  clearInterval(looking);
  done = true;
  await Promise.all(running);
  return { loadMs: Math.round(ms), delay, searches, growthMiB: MiB(peak - before) };
}

/** Every record by its id, and by exact search one in a thousand. */
async function check(collection, matrix) {
  let missing = 0;
  let notFound = 0;
  for (let i = 0; i < ROWS; i += SAMPLE_EVERY) {
    const ids = numbers(Math.min(SAMPLE_EVERY, ROWS - i)).map((j) => idOf(i + j));
    missing += (await Promise.all(ids.map((id) => collection.has(id)))).filter((has) => !has).length;
    const [hit] = await collection.search({ vector: rowOf(matrix, i, DIMENSIONS), k: 1, exact: true });
    if (hit?.id !== idOf(i) || hit.text !== textOf(i) || hit.metadata.id !== idOf(i)) notFound++;
  }
  return { missing, notFound, count: await collection.count() };
}

async function main() {
  const matrix = randomMatrix(createRandom(1), ROWS, DIMENSIONS);
  const db = await open(file);
  const collection = await db.collection('vectors', { dimensions: DIMENSIONS });
  // Something to find from the beginning.
  await collection.addMany(numbers(FIRST).map((i) => recordOf(matrix, i)));
  const load = makeLoad(collection, matrix);
  await sleep(10);
  const { growthMiB, ...loaded } = await beside(collection, matrix, load);
  const { loopStepMaxMs, loopSteps } = (await db.stats()).queue;
  const memory = { growthMiB, dataMiB: MiB((await collection.stats()).index.memoryBytes) };
  const found = await check(collection, matrix);
  await db.close();
  console.log(JSON.stringify({ loopStepMaxMs, loopSteps, ...loaded, ...found, memory }));
}

main();
