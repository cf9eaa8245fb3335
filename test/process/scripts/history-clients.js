'use strict';

// history-clients.js <file> <process> <threads>: clients in threads of this process that call one another's records all at once, told
// to by { seed, round, clients, calls }. Resolves to all they did and saw: [{ key, client, kind, start, end, result, ... }].
//
// Key '*' is a hundred records that are written in one batch and deleted at once: whoever looks must see all of them alike.

const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const { open } = require('agentmemdb');
const { serve } = require('../peer');
const { createRandom, randomVector } = require('../vectors');

const DIMENSIONS = 4;
const KEYS = ['a', 'b', 'c', 'd', '*'];
const BATCH = 100;
const CODES = ['ERR_ALREADY_EXISTS', 'ERR_NOT_FOUND', 'ERR_CONFLICT'];

// One clock for all processes: it counts from when the machine was started.
const now = () => Number(process.hrtime.bigint());
const pick = (random, list) => list[Math.floor(random() * list.length)];
const nothing = { value: null };
const versionOf = ({ version }) => version;

/** Calls on one record: kind -> (collection, id, operation, random) -> result. */
const SINGLE = {
  async get(c, id) {
    const record = await c.get(id);
    return record ? { value: record.metadata.value, version: record.version } : nothing;
  },
  async search(c, id, _, random) {
    const vector = randomVector(random, DIMENSIONS);
    // By the filter, by comparing with all, or by the graph: there are few enough that each gives all.
    const query = pick(random, [{ filter: { $id: id }, k: 1 }, { exact: true, k: 10 }, { k: 10 }]);
    const hit = (await c.search({ vector, ...query })).find((each) => each.id === id);
    return hit ? { value: hit.metadata.value } : nothing;
  },
  add: (c, id, { value }, random) => c.add(recordOf(id, value, random)).then(versionOf),
  upsert: (c, id, { value }, random) => c.upsert(recordOf(id, value, random)).then(versionOf),
  patch: (c, id, { value, ifVersion }) => c.patch(id, { metadata: { value } }, { ifVersion }).then(versionOf),
  delete: (c, id, { ifVersion }) => c.delete(id, { ifVersion }),
};

const recordOf = (id, value, random) => ({ id, vector: randomVector(random, DIMENSIONS), metadata: { value } });

/** The same on all records of the batch. */
const MANY = {
  get: async (c) => alike((await c.find({ limit: 2 * BATCH })).records),
  async search(c, _, __, random) {
    const { value } = alike(await c.search({ vector: randomVector(random, DIMENSIONS), k: 2 * BATCH, exact: random() < 0.5 }));
    return { value };
  },
  async upsert(c, _, { value, db }, random) {
    const operations = Array.from({ length: BATCH }, (__, i) => ({ type: 'upsert', collection: c, record: recordOf(`b${i}`, value, random) }));
    return (await db.batch(operations))[0].version;
  },
  async delete(c) {
    const deleted = await c.deleteWhere({});
    if (deleted !== 0 && deleted !== BATCH) throw new Error(`deleted ${deleted} of a batch of ${BATCH}`);
    return deleted > 0;
  },
};

function alike(records) {
  if (records.length === 0) return nothing;
  const states = new Set(records.map(({ metadata, version }) => `${metadata.value} ${version}`));
  if (records.length !== BATCH || states.size !== 1) throw new Error(`saw ${records.length} of a batch of ${BATCH}: ${[...states].slice(0, 3)}`);
  return { value: records[0].metadata.value, version: records[0].version };
}

/** One client: one call after the other. */
async function client(db, collections, name, { seed, calls }) {
  const random = createRandom(seed);
  const seen = {};
  const history = [];
  for (let n = 0; n < calls; n++) {
    const key = pick(random, KEYS);
    const does = key === '*' ? MANY : SINGLE;
    const kind = pick(random, Object.keys(does));
    const operation = { key, client: name, kind, value: `${name}.${n}` };
    if ((kind === 'patch' || kind === 'delete') && does === SINGLE && random() < 0.7) {
      Object.assign(operation, { ifVersion: seen[key]?.version, seen: seen[key]?.value });
    }
    operation.start = now();
    operation.result = await does[kind](collections[key === '*' ? 'batch' : 'single'], key, { ...operation, db }, random).catch(({ code, message }) => {
      if (!CODES.includes(code)) throw new Error(`${kind} of ${key}: ${code} ${message}`);
      return code;
    });
    operation.end = now();
    if (typeof operation.result === 'number') seen[key] = { value: operation.value, version: operation.result };
    else if (operation.result?.version) seen[key] = operation.result;
    if (kind === 'search') operation.kind = 'get';
    history.push(operation);
  }
  return history;
}

async function openForRounds({ file, name }) {
  const db = await open(file, { durability: 'normal', busyTimeoutMs: 60_000 });
  return async function play({ seed, round, clients, calls }) {
    const options = { dimensions: DIMENSIONS, hnsw: { minSize: 0 } };
    const collections = { single: await db.collection(`single-${round}`, options), batch: await db.collection(`batch-${round}`, options) };
    const all = Array.from({ length: clients }, (_, i) => client(db, collections, `${name}.${i}`, { seed: seed + name * 1000 + i, calls }));
    return (await Promise.all(all)).flat();
  };
}

async function inThread() {
  const play = await openForRounds(workerData);
  parentPort.on('message', async (round) => parentPort.postMessage(await play(round)));
  parentPort.postMessage('ready');
}

function main([file, process, threads]) {
  const answerOf = (worker) => new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
  });
  const workers = Array.from({ length: Number(threads) }, (_, i) => new Worker(__filename, { workerData: { file, name: Number(process) * 10 + i } }));
  Promise.all(workers.map(answerOf)).then(() => serve({
    async play(round) {
      const answers = workers.map(answerOf);
      for (const worker of workers) worker.postMessage(round);
      return (await Promise.all(answers)).flat();
    },
    close: () => Promise.all(workers.map((worker) => worker.terminate())),
  }));
}

if (isMainThread) main(process.argv.slice(2));
else inThread();
