'use strict';

// companion.js <file> <seed> <run> <chain | reader> <durability> <mode>: uses a file while another process is killed on it: writes a chain,
// or opens it only to read and searches. mode: of the other process. Asked to stop, it resolves to an item for each of its writes that was
// acknowledged: its version, beside one that goes back to snapshots; asked to check, to what it finds of the run, in its own memory, beside
// verify(); asked to close, it ends.

const { open } = require('agentmemdb');
const { checkRun } = require('../crash-check');
const { serve } = require('../peer');
const { createRandom, randomVector } = require('../vectors');
const { chainOf, carryOut, versionOf, searchByWords } = require('../write-plan');

const [file, seed, run, chain, durability, mode] = process.argv.slice(2);

/** Calls `step` until it is told to stop. Returns { stop() }, which resolves to what came of each. */
function repeat(step) {
  let stopped = false;
  const steps = (async () => {
    const made = [];
    while (!stopped) made.push(await step());
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
  const hits = random() < 0.3
    ? await searchByWords(db, `text ${Math.floor(100 * random())}`)
    : await log.search({ vector: randomVector(random, 16), exact: random() < 0.5 });
  if (new Set(hits.map(({ id }) => id)).size !== hits.length) throw new Error(`a record twice in ${JSON.stringify(hits)}`);
}

async function write(db, chain) {
  const isBeside = mode === 'restore';
  const answer = await carryOut(db, file, chain.next(isBeside));
  return isBeside ? versionOf(answer) : 0;
}

async function main() {
  const isReader = chain === 'reader';
  const db = await open(file, { readOnly: isReader, durability, busyTimeoutMs: 60_000 });
  const random = createRandom(Number(seed));
  const writes = isReader ? undefined : chainOf(Number(seed), Number(run), Number(chain));
  const work = repeat(() => (isReader ? search(db, random) : write(db, writes)));
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
