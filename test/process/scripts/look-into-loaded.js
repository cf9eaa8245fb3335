'use strict';

// look-into-loaded.js <file>: opens what load-and-end.js left. Prints what is there, before and after linking has gone on.

const { open } = require('agentmemdb');
const { createRandom, randomMatrix, rowOf } = require('../vectors');

const ROWS = 100_000;
const DIMENSIONS = 384;
const EVERY = 2000;

async function notFound(collection, vectors, options) {
  let wrong = 0;
  for (let i = 0; i < ROWS; i += EVERY) {
    const [hit] = await collection.search({ vector: rowOf(vectors, i, DIMENSIONS), k: 1, include: [], ...options });
    if (hit?.id !== `v${i}`) wrong++;
  }
  return wrong;
}

async function main(file) {
  const vectors = randomMatrix(createRandom(1), ROWS, DIMENSIONS);
  const db = await open(file);
  const collection = await db.collection('vectors');
  const count = await collection.count();
  const exact = await notFound(collection, vectors, { exact: true });
  const tail = await notFound(collection, vectors, {});
  // Linking goes on by itself: nobody asks for it here.
  const { linked } = (await collection.stats()).index;
  let more = linked;
  while (more <= linked) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    more = (await collection.stats()).index.linked;
  }
  console.log(JSON.stringify({ count, notFound: { exact, tail } }));
  // Ends without close() too.
}

main(process.argv[2]);
