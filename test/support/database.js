'use strict';

// What the tests of the database share: handles that are closed and folders that are removed after each test, seeds,
// vectors, and an exact search to compare with.

const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const agentmemdb = require('../../lib');
const { createRandom, gaussian } = require('../../examples/support/random');

const SEED = Number(process.env.AGENTMEMDB_SEED ?? crypto.randomInt(2 ** 31));

/** A test body that gets random numbers; when it fails, the message says how to repeat it. */
function seeded(body) {
  return async () => {
    try {
      await body(createRandom(SEED));
    } catch (error) {
      const told = `${error.message}\n\nTo repeat it: AGENTMEMDB_SEED=${SEED}`;
      error.stack = error.stack.replace(error.message, () => told);
      error.message = told;
      throw error;
    }
  };
}

const integer = (random, end) => Math.floor(random() * end);
const pick = (random, list) => list[integer(random, list.length)];

/** Call once in a test file. What is opened through it is closed, and its folders are removed, after each test. */
function useDatabases() {
  const handles = [];
  const folders = [];
  const keep = (handle) => {
    handles.push(handle);
    return handle;
  };
  const folder = () => {
    folders.push(fs.mkdtempSync(path.join(os.tmpdir(), 'agentmemdb-test-')));
    return folders.at(-1);
  };

  afterEach(async () => {
    await Promise.all(handles.splice(0).map((handle) => handle.close()));
    for (const each of folders.splice(0)) fs.rmSync(each, { recursive: true, force: true });
  });

  return {
    open: async (file = ':memory:', options) => keep(await agentmemdb.open(file, options)),
    openSync: (file = ':memory:', options) => keep(agentmemdb.openSync(file, options)),
    folder,
    /** The path of a file that does not exist yet, in a folder of its own. */
    file: (name = 'memory.db') => path.join(folder(), name),
  };
}

/** The error that `call` throws or rejects with. A call that succeeds fails the test. */
async function errorOf(call) {
  let value;
  try {
    value = await (typeof call === 'function' ? call() : call);
  } catch (error) {
    return error;
  }
  throw new Error(`expected an error, got ${JSON.stringify(value)}`);
}

/** Like errorOf, for a function that must throw before it returns. */
function thrownBy(call) {
  let value;
  try {
    value = call();
  } catch (error) {
    return error;
  }
  throw new Error(`expected it to throw, got ${JSON.stringify(value)}`);
}

/** Runs a script as somebody whom permissions stop, root or not. Returns what it printed. */
function asNobody(script) {
  const user = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
  return execFileSync(process.execPath, ['-e', script], { ...user, encoding: 'utf8' }).trim();
}

/** All that an asynchronous iterable gives. */
async function collect(iterable) {
  const all = [];
  for await (const each of iterable) all.push(each);
  return all;
}

const turnOfTheLoop = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Returns when a load of 100,000 records is being written: until `load.done` resolves, every other write has to wait. */
async function occupyWriter(db) {
  const collection = await db.collection('occupied');
  const load = { isDone: false, done: undefined };
  load.done = collection.addMany({ ids: Array.from({ length: 100_000 }, (_, i) => `r${i}`) }).finally(() => {
    load.isDone = true;
  });
  const { queue } = db.statsSync();
  while (queue.running + queue.waiting === 0) {
    if (load.isDone) throw new Error(`the load was over before it was seen running: ${JSON.stringify(await load.done)}`);
    await turnOfTheLoop();
    Object.assign(queue, db.statsSync().queue);
  }
  return load;
}

function randomVector(random, dimensions) {
  return Float32Array.from({ length: dimensions }, () => gaussian(random));
}

/** `rows` vectors around `clusters` centres, row after row: what embeddings look like, more than noise does. */
function clusteredVectors(random, rows, dimensions, clusters = 40) {
  const centres = Array.from({ length: clusters }, () => randomVector(random, dimensions));
  const matrix = new Float32Array(rows * dimensions);
  for (let row = 0; row < rows; row++) {
    const centre = pick(random, centres);
    for (let i = 0; i < dimensions; i++) matrix[row * dimensions + i] = centre[i] + 0.4 * gaussian(random);
  }
  return matrix;
}

const rowOf = (matrix, dimensions, row) => matrix.subarray(row * dimensions, (row + 1) * dimensions);

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function euclidean(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}

// index.d.ts: what distance and score are, by metric.
const METRICS = {
  cosine: {
    distance: (a, b) => 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
    score: (distance) => 1 - distance,
  },
  l2: { distance: euclidean, score: (distance) => 1 / (1 + distance) },
  ip: { distance: (a, b) => -dot(a, b), score: (distance) => -distance },
};

/** The oracle: the k nearest of `records` ([{ id, vector }], oldest first), nearest first, of equals the newest first. */
function exactHits(records, vector, k, metric) {
  const { distance, score } = METRICS[metric];
  const found = records.map((record, age) => ({ id: record.id, age, distance: distance(record.vector, vector) }));
  found.sort((a, b) => a.distance - b.distance || b.age - a.age);
  return found.slice(0, k).map((hit) => ({ id: hit.id, distance: hit.distance, score: score(hit.distance) }));
}

/** Compares hits with the oracle's: numbers within what float32 keeps, and ids except where two are that close. */
function expectHits(hits, records, vector, k, metric) {
  const expected = exactHits(records, vector, k, metric);
  const byId = new Map(records.map((record) => [record.id, record]));
  expect(hits).toHaveLength(expected.length);
  expect(new Set(hits.map((hit) => hit.id)).size).toBe(hits.length);
  hits.forEach((hit, rank) => {
    const near = (got, wanted) => Math.abs(got - wanted) <= 1e-5 * Math.max(1, Math.abs(wanted));
    const own = METRICS[metric].distance(byId.get(hit.id).vector, vector);
    const facts = { rank, hit, own, expected: expected[rank] };
    expect({ ...facts, ok: near(hit.distance, own) && near(hit.distance, expected[rank].distance) }).toEqual({ ...facts, ok: true });
    expect({ ...facts, ok: near(hit.score, expected[rank].score) }).toEqual({ ...facts, ok: true });
  });
}

/** The share of the k nearest that were found, over all queries. A hit counts when it is as near as the k-th nearest,
 *  so that it does not matter which of two equally near ones comes first.
 *  found  hits by query.   reach  distance of the k-th nearest by query. */
function recall(found, reach, k) {
  const right = found.map((hits, i) => hits.slice(0, k).filter((hit) => hit.distance <= reach[i] * (1 + 1e-6)).length);
  return right.reduce((sum, each) => sum + each, 0) / (found.length * k);
}

module.exports = {
  ...agentmemdb,
  SEED,
  seeded,
  integer,
  pick,
  useDatabases,
  errorOf,
  thrownBy,
  asNobody,
  collect,
  turnOfTheLoop,
  occupyWriter,
  randomVector,
  clusteredVectors,
  rowOf,
  dot,
  euclidean,
  exactHits,
  expectHits,
  recall,
};
