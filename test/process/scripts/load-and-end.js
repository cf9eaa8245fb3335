'use strict';

// load-and-end.js <file>: loads 20,000 vectors and ends without close(). Prints { linked, tail } as it ends.

const { open } = require('agentmemdb');
const { createRandom, randomMatrix } = require('../vectors');

const ROWS = 20_000;
const DIMENSIONS = 64;

async function main(file) {
  const db = await open(file);
  const collection = await db.collection('vectors', { dimensions: DIMENSIONS, hnsw: { minSize: 0 } });
  const ids = Array.from({ length: ROWS }, (_, i) => `v${i}`);
  await collection.addMany({ ids, vectors: randomMatrix(createRandom(1), ROWS, DIMENSIONS) });
  const loaded = performance.now();
  process.on('exit', () => {
    const { linked, tail } = collection.statsSync().index;
    console.log(JSON.stringify({ linked, tail, endedAfterMs: Math.round(performance.now() - loaded) }));
  });
}

main(process.argv[2]);
