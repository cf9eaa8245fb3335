'use strict';

// Random calls: whatever is passed, the answer is a result or an AgentMemError, never another error and never a crash.

const { inspect } = require('node:util');
const vm = require('node:vm');
const { AgentMemError, integer, open, openSync, pick, seeded, useDatabases } = require('./support/database');
const wrong = require('./support/wrong-values');

const databases = useDatabases();
const CALLS = 20_000;

const RECORD = { id: 'a', vector: [1, 2, 3, 4], text: 't', metadata: { a: [1, { b: 'x' }] } };
const COLUMNS = { ids: ['a', 'b'], vectors: new Float32Array(8).fill(1), texts: ['x', 'y'], metadatas: [{}, { a: 1 }] };
const QUERY = { vector: [1, 2, 3, 4], k: 3, ef: 20, exact: false, include: ['text', 'vector'], explain: true };
const OPTIONS = { dimensions: 4, metric: 'cosine', hnsw: { M: 16, efConstruction: 200, minSize: 5000 } };
const LATER = { timeoutMs: 60_000 };

// [method, right arguments, right arguments of the sync twin if it takes any]
const RIGHT = {
  collection: [
    ['add', [RECORD, LATER], [RECORD]],
    ['upsert', [RECORD, LATER], [RECORD]],
    ['addMany', [[RECORD, { id: 'b' }], LATER], [[RECORD, { vector: [1, 1, 1, 1] }]]],
    ['upsertMany', [COLUMNS, LATER], [COLUMNS]],
    ['get', ['a', { include: ['text'], ...LATER }], ['a', { include: ['text'] }]],
    ['has', ['a', LATER], ['a']],
    ['delete', ['a', LATER], ['a']],
    ['search', [{ ...QUERY, ...LATER }], [QUERY]],
    ['count', [undefined, LATER]],
    ['indexed', [LATER]],
    ['stats', [LATER]],
  ],
  database: [
    ['collection', ['c', { ...OPTIONS, ...LATER }], ['c', OPTIONS]],
    ['createCollection', ['new', { ...OPTIONS, ...LATER }], ['new', OPTIONS]],
    ['getCollection', ['c', LATER], ['c']],
    ['deleteCollection', ['c', LATER], ['c']],
    ['listCollections', [LATER]],
    ['stats', [LATER]],
  ],
};

// Wrong in every place there is: no place takes a symbol, a bigint, a function, a Map, a RegExp or a NaN.
const WRONG = [
  () => Symbol('s'),
  () => 5n,
  () => () => 5,
  () => new Map([['a', 1]]),
  () => vm.runInNewContext('new Map([["a", 1]])'),
  () => NaN,
  () => /a/,
  () => new Float64Array(4),
];

/** A copy of the arguments with one place, at any depth, taken by something wrong. */
function spoil(random, args) {
  const copy = args.map(clone);
  let holder = copy;
  for (;;) {
    const key = pick(random, Object.keys(holder));
    const inner = holder[key];
    const canGoDown = typeof inner === 'object' && inner !== null && !ArrayBuffer.isView(inner) && Object.keys(inner).length > 0;
    if (canGoDown && random() < 0.8) {
      holder = inner;
      continue;
    }
    holder[key] = pick(random, WRONG)();
    return copy;
  }
}

function clone(value) {
  if (Array.isArray(value)) return value.map(clone);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clone(inner)]));
}

const shown = (method, args) => `${method}(${args.map((arg) => inspect(arg, { depth: 6 })).join(', ')})`;

const outcomeOf = (call) =>
  new Promise((resolve) => {
    call().then(
      (value) => resolve({ value }),
      (error) => resolve({ error }),
    );
  });

function twinOutcomeOf(call) {
  try {
    return { value: call() };
  } catch (error) {
    return { error };
  }
}

test(
  'right arguments with something wrong anywhere are refused with ERR_INVALID_ARGUMENT, by both forms, and change nothing',
  seeded(async (random) => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 4 });
    await c.addMany([{ id: 'a', vector: [1, 2, 3, 4], text: 'x' }, { id: 'b' }]);
    const before = [c.countSync(), db.statsSync().changeVersion];

    const check = (told, { value, error }) => {
      const right = error instanceof AgentMemError && error.code === 'ERR_INVALID_ARGUMENT' && typeof error.argument === 'string';
      if (!right) throw new Error(`${told()} gave ${error?.stack ?? JSON.stringify(value)}`);
    };
    const one = async () => {
      const [target, table] = random() < 0.7 ? [c, RIGHT.collection] : [db, RIGHT.database];
      const [method, args, twinArgs] = pick(random, table);
      const spoilt = spoil(random, args);
      check(() => shown(method, spoilt), await outcomeOf(() => target[method](...spoilt)));
      if (twinArgs === undefined) return;
      const spoiltTwin = spoil(random, twinArgs);
      check(() => shown(`${method}Sync`, spoiltTwin), twinOutcomeOf(() => target[`${method}Sync`](...spoiltTwin)));
    };
    for (let i = 0; i < CALLS; i += 50) await Promise.all(Array.from({ length: 50 }, one));
    expect([c.countSync(), db.statsSync().changeVersion]).toEqual(before);
  }),
);

const KEYS = `id vector text metadata ids vectors texts metadatas k ef exact include explain timeoutMs dimensions metric hnsw M
  efConstruction minSize durability busyTimeoutMs maxPending signal x __proto__ length 0 constructor toString`.split(/\s+/);
const NAMED_VALUES = Object.values(wrong)
  .filter(Array.isArray)
  .flat()
  .map(([, value]) => value)
  .filter((value) => !(Array.isArray(value) && value.length > 1e5));

/** Anything: numbers, strings, lists and objects with known names, and all that stands in the tables of wrong values. */
function anything(random, depth = 0) {
  const kind = integer(random, depth > 3 ? 5 : 9);
  if (kind === 0) return pick(random, NAMED_VALUES);
  if (kind === 1) return pick(random, [0, 1, 2, 4, 10, 100, -1, 0.5, 2 ** 31, 1e10, NaN, -0]);
  if (kind === 2) return pick(random, ['a', 'c', 'text', 'vector', 'cosine', 'l2', 'full', '', '5', '__proto__', '\ud800']);
  if (kind === 3) return pick(random, [undefined, null, true, false]);
  if (kind === 4) return Float32Array.from({ length: integer(random, 9) }, () => random() - 0.5);
  if (kind === 5) return Array.from({ length: integer(random, 6) }, () => anything(random, depth + 1));
  const entries = Array.from({ length: integer(random, 5) }, () => [pick(random, KEYS), anything(random, depth + 1)]);
  return Object.fromEntries(entries);
}

test(
  'anything at all gives a result or an AgentMemError',
  seeded(async (random) => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 4 });
    const check = (told, { error }) => {
      if (error !== undefined && !(error instanceof AgentMemError)) throw new Error(`${told()} gave ${error?.stack ?? String(error)}`);
    };
    const one = async () => {
      const args = Array.from({ length: integer(random, 4) }, () => anything(random));
      const [target, table] = random() < 0.6 ? [c, RIGHT.collection] : [db, RIGHT.database];
      const [method] = pick(random, table);
      check(() => shown(method, args), await outcomeOf(() => target[method](...args)));
      if (method !== 'indexed') check(() => shown(`${method}Sync`, args), twinOutcomeOf(() => target[`${method}Sync`](...args)));
    };
    const opening = async () => {
      const args = [random() < 0.5 ? ':memory:' : pick(random, [5, null, {}, Symbol('s'), '']), anything(random)];
      const opened = await outcomeOf(() => open(...args));
      check(() => shown('open', args), opened);
      await opened.value?.close();
      const twin = twinOutcomeOf(() => openSync(...args));
      check(() => shown('openSync', args), twin);
      twin.value?.closeSync();
    };
    for (let i = 0; i < CALLS; i += 50) await Promise.all([opening(), ...Array.from({ length: 49 }, one)]);
    await db.deleteCollection('c').catch((error) => expect(error.code).toBe('ERR_NOT_FOUND'));
    expect((await db.collection('c')).name).toBe('c');
  }),
);
