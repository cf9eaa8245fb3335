'use strict';

// write-until-killed.js <file> <seed> <run>: writes without end; prints the number of the chain after each acknowledged write.

const fs = require('node:fs');
const { open } = require('agentmemdb');
const { chainsOf, DIMENSIONS } = require('../write-plan');

const [file, seed, run] = process.argv.slice(2);

async function main() {
  const db = await open(file);
  const collection = await db.collection('log', { dimensions: DIMENSIONS, hnsw: { minSize: 0 } });
  await Promise.all(
    chainsOf(Number(seed), Number(run)).map(async (chain, i) => {
      for (;;) {
        const { method, argument } = chain.next();
        await collection[method](argument);
        // Straight into the pipe: once written it survives the process.
        fs.writeSync(1, `${i}\n`);
      }
    }),
  );
}

main();
