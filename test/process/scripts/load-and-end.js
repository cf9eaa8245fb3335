'use strict';

// load-and-end.js <file>: loads 100,000 vectors and ends without close(). Prints { linked, tail, loadedAt } as it ends; loadedAt:
// when its last line was done, as milliseconds since the epoch.

const { open } = require('agentmemdb');
const { createRandom, randomMatrix } = require('../vectors');

const ROWS = 100_000;
const DIMENSIONS = 384;

async function main(file) {
  const db = await open(file);
  const collection = await db.collection('vectors', { dimensions: DIMENSIONS, hnsw: { minSize: 0 } });
  const ids = Array.from({ length: ROWS }, (_, i) => `v${i}`);
  await collection.addMany({ ids, vectors: randomMatrix(createRandom(1), ROWS, DIMENSIONS) });
  const loadedAt = Date.now();
  process.on('exit', () => {
    const { linked, tail } = collection.statsSync().index;
    console.log(JSON.stringify({ linked, tail, loadedAt }));
  });
}

main(process.argv[2]);
