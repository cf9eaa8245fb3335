'use strict';

// write-and-look.js <file> <peer>: writes records of its own, tells of each when it has resolved, and looks for those that others
// tell of with its next search.

const { open } = require('agentmemdb');
const { serve, tell } = require('../peer');
const { createRandom, randomVector } = require('../vectors');

const DIMENSIONS = 16;
const IN_FLIGHT = 4;

const [file, peer] = process.argv.slice(2);
const vectorOf = (id) => randomVector(createRandom([...id].reduce((sum, char) => sum * 31 + char.charCodeAt(0), 7) % 1e9), DIMENSIONS);
const textOf = (id) => `written by ${id}`;

/** Looks that are under way, and what came of the others. */
const looks = { running: new Set(), times: [], missed: [] };

async function look(vectors, id) {
  const start = performance.now();
  const [hit] = await vectors.search({ vector: vectorOf(id), k: 1, include: ['text'] });
  looks.times.push(performance.now() - start);
  if (hit?.id !== id || hit.text !== textOf(id)) looks.missed.push(id);
}

/** Of one that was killed, what was under way may be there already. */
async function write(vectors, id) {
  try {
    await vectors.add({ id, vector: vectorOf(id), text: textOf(id) });
  } catch (error) {
    if (error.code !== 'ERR_ALREADY_EXISTS') throw error;
  }
  tell('wrote', id);
}

async function main() {
  const db = await open(file, { busyTimeoutMs: 60_000, maxPending: 1_000_000 });
  const vectors = await db.collection('vectors', { dimensions: DIMENSIONS, hnsw: { minSize: 500 } });
  serve({
    async writeAll(numbers) {
      const left = [...numbers].reverse();
      const one = async () => {
        while (left.length > 0) await write(vectors, `p${peer}-${left.pop()}`);
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, one));
    },
    look(id) {
      const running = look(vectors, id).finally(() => looks.running.delete(running));
      looks.running.add(running);
    },
    async finish() {
      await Promise.all(looks.running);
      const ids = [];
      let wrong = 0;
      for await (const { id, text } of vectors.scan({ include: ['text'] })) {
        ids.push(id);
        if (text !== textOf(id)) wrong++;
      }
      const { found } = await db.verify();
      return { count: await vectors.count(), scanned: ids.length, distinct: new Set(ids).size, wrong, found, missed: looks.missed, times: looks.times };
    },
    close: () => db.close(),
  });
}

main();
