'use strict';

// soak-peer.js <file> <role> <seed>: (--expose-gc) one process of the soak. 'singles' writes records one by one, of which some expire;
// 'bulk' writes and deletes many at once; 'reader' searches, counts and scans. Each stays among ids of its own, so that the number of
// records does too; only some of what expires is new each time.

const { setTimeout: sleep } = require('node:timers/promises');

const { open } = require('agentmemdb');
const { serve } = require('../peer');
const { createRandom, randomVector, randomMatrix } = require('../vectors');

const DIMENSIONS = 64;
const IDS = 5000;
const TTL_MAX_MS = 3000;

const [file, role, seed] = process.argv.slice(2);
const random = createRandom(Number(seed));
const integer = (end) => Math.floor(random() * end);
const pick = (list) => list[integer(list.length)];
const done = { calls: 0, passing: 0 };

const anId = () => `${role}-${integer(IDS)}`;
const textOf = (id, n) => `${id} has ${n}, `.padEnd(100 + (n % 300), 'and so on ');
const make = (id, n = integer(1e6)) => ({ id, vector: randomVector(random, DIMENSIONS), text: textOf(id, n), metadata: { role, n } });

function expectWhole({ id, text, metadata }) {
  if (text !== textOf(id, metadata.n)) throw new Error(`record ${id} is not whole: ${JSON.stringify({ text, metadata })}`);
}

const WRITES = {
  singles: [
    (c) => c.upsert(make(anId())),
    (c) => c.upsert({ ...make(anId()), ttlMs: 1 + integer(TTL_MAX_MS) }),
    (c) => c.add({ ...make(`${role}-for-now-${done.passing++}`), ttlMs: 1 + integer(TTL_MAX_MS) }),
    async (c) => {
      const [id, n] = [anId(), integer(1e6)];
      const fields = { text: textOf(id, n), metadata: { n }, expiresAt: null, ...(random() < 0.5 && { vector: randomVector(random, DIMENSIONS) }) };
      await c.patch(id, fields).catch((error) => error.code !== 'ERR_NOT_FOUND' && Promise.reject(error));
    },
    async (c) => {
      const id = anId();
      await c.delete(id);
      await c.upsert(make(id));
    },
  ],
  bulk: [
    (c) => c.upsertMany(Array.from({ length: 300 }, () => make(anId()))),
    (c) => {
      const ns = Array.from({ length: 500 }, () => integer(1e6));
      const ids = ns.map(anId);
      const texts = ids.map((id, i) => textOf(id, ns[i]));
      return c.upsertMany({ ids, vectors: randomMatrix(random, ids.length, DIMENSIONS), texts, metadatas: ns.map((n) => ({ role, n })) });
    },
    async (c, db) => {
      const ids = [...new Set(Array.from({ length: 50 }, anId))];
      await db.batch(ids.map((id) => ({ type: 'delete', collection: c, id })));
      await db.batch(ids.map((id) => ({ type: 'upsert', collection: c, record: make(id) })));
    },
    async (c) => {
      const from = integer(1e6);
      await c.deleteWhere({ role, n: { $gte: from, $lt: from + 20_000 } });
    },
  ],
};

const READS = [
  async (c) => (await c.search({ vector: randomVector(random, DIMENSIONS), k: 10 })).forEach(expectWhole),
  async (c) => (await c.search({ vector: randomVector(random, DIMENSIONS), filter: { n: { $lt: integer(1e6) } } })).forEach(expectWhole),
  async (c) => (await c.search({ text: `${pick(['singles', 'bulk'])}-${integer(IDS)} has` })).forEach(expectWhole),
  async (c) => (await c.search({ text: `has ${integer(1e6)}`, vector: randomVector(random, DIMENSIONS) })).forEach(expectWhole),
  (c) => c.count({ n: { $gte: integer(1e6) } }),
  (c) => c.get(`singles-${integer(IDS)}`).then((record) => record && expectWhole(record)),
];

/** A scan that is never in a hurry. */
async function scanSlowly(c) {
  let left = 2000;
  for await (const record of c.scan({ batchSize: 100, include: ['text', 'metadata'] })) {
    expectWhole(record);
    if (--left % 100 === 0) await sleep(20);
    if (left === 0) return;
  }
}

async function main() {
  const db = await open(file, { busyTimeoutMs: 60_000 });
  const c = await db.collection('records', { dimensions: DIMENSIONS, hnsw: { minSize: 1000 } });
  if (role !== 'reader') await c.upsertMany(Array.from({ length: IDS }, (_, i) => make(`${role}-${i}`)));
  await c.search({ text: 'has', k: 1 }); // From now on this process keeps its keyword index right.
  let stopped = false;
  const repeat = async (step) => {
    while (!stopped) {
      await step();
      done.calls++;
    }
  };
  let work;
  serve({
    start() {
      const width = role === 'singles' ? 4 : 1;
      const steps = role === 'reader' ? [() => pick(READS)(c), () => pick(READS)(c), () => scanSlowly(c)] : Array(width).fill(() => pick(WRITES[role])(c, db));
      work = Promise.all(steps.map(repeat));
      work.catch(() => {}); // stop() tells.
    },
    async sample() {
      for (let i = 0; i < 3; i++) globalThis.gc();
      const { fileBytes, walBytes, records, changeVersion } = await db.stats();
      return { rss: process.memoryUsage.rss(), fileBytes, walBytes, records, changeVersion, calls: done.calls };
    },
    async stop() {
      stopped = true;
      await work;
    },
    verify: () => db.verify(),
    close: () => db.close(),
  });
}

main();
