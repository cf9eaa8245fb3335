'use strict';

// companion.js <file> <seed> <run> <chain | reader> <durability>: uses a file while another process is killed on it: writes a chain, or
// opens it only to read and searches. Asked to stop, it resolves to how many of its writes were acknowledged; asked to check, to what
// it finds of the run, in its own memory, beside verify(); asked to close, it ends.

const { open } = require('agentmemdb');
const { checkRun } = require('../crash-check');
const { serve } = require('../peer');
const { createRandom, randomVector } = require('../vectors');
const { chainOf, carryOut } = require('../write-plan');

const [file, seed, run, chain, durability] = process.argv.slice(2);

/** Calls `step` until it is told to stop. Returns { stop() }, which resolves to how often that was. */
function repeat(step) {
  let stopped = false;
  const steps = (async () => {
    let made = 0;
    for (; !stopped; made++) await step();
    return made;
  })();
  steps.catch(() => {}); // stop() tells.
  return {
    stop() {
      stopped = true;
      return steps;
    },
  };
}

async function search(db, random) {
  const log = await db.getCollection('log');
  const hits = await log.search({ vector: randomVector(random, 16), exact: random() < 0.5 });
  if (new Set(hits.map(({ id }) => id)).size !== hits.length) throw new Error(`a record twice in ${JSON.stringify(hits)}`);
}

async function main() {
  const isReader = chain === 'reader';
  const db = await open(file, { readOnly: isReader, durability, busyTimeoutMs: 60_000 });
  const random = createRandom(Number(seed));
  const writes = isReader ? undefined : chainOf(Number(seed), Number(run), Number(chain));
  const work = repeat(() => (isReader ? search(db, random) : carryOut(db, file, writes.next())));
  serve({
    stop: () => work.stop(),
    async check(what) {
      const { lost, half } = await checkRun(db, what);
      const { found, differences } = await db.verify();
      return { lost, half, found, differences: differences.slice(0, 3) };
    },
    close: () => db.close(),
  });
}

main();
