'use strict';

// Random calls: whatever is passed, the answer is a result or an AgentMemError, never another error and never a crash.

const { inspect } = require('node:util');
const vm = require('node:vm');
const { AgentMemError, collect, integer, open, openSync, pick, seeded, useDatabases } = require('./support/database');
const { rightArguments, surface } = require('./support/surface');
const wrong = require('./support/wrong-values');

const databases = useDatabases();
const WRONG_CALLS = 100_000;
const ANY_CALLS = 40_000;
const AT_ONCE = 50;

// Wrong in every place there is: no place takes a symbol, a bigint, a Map, a RegExp, a NaN, and but one a function.
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
const isRightThere = (key, value) => key === 'onProgress' && typeof value === 'function';

const isPlain = (value) => Array.isArray(value) || (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype);

/** A copy of the arguments with one place, at any depth, taken by something wrong. */
function spoil(random, args) {
  const copy = clone(args);
  let holder = copy;
  for (;;) {
    const key = pick(random, Object.keys(holder));
    const inner = holder[key];
    if (isPlain(inner) && Object.keys(inner).length > 0 && random() < 0.8) {
      holder = inner;
      continue;
    }
    const value = pick(random, WRONG)();
    if (isRightThere(key, value)) continue;
    holder[key] = value;
    return copy;
  }
}

function clone(value) {
  if (!isPlain(value)) return value;
  return Array.isArray(value) ? value.map(clone) : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clone(inner)]));
}

const shown = (name, args) => `${name}(${args.map((arg) => inspect(arg, { depth: 6 })).join(', ')})`;

/** Resolves to { value } or { error }. An asynchronous method must not throw. */
function outcomeOf({ name, isAsync, isIterated }, target, args) {
  if (!isAsync) return twinOutcomeOf(() => target[name](...args));
  const promise = isIterated ? collect(target[name](...args)) : target[name](...args);
  return promise.then((value) => ({ value }), (error) => ({ error }));
}

function twinOutcomeOf(call) {
  try {
    return { value: call() };
  } catch (error) {
    return { error };
  }
}

test(
  `${WRONG_CALLS} calls with something wrong anywhere are refused with ERR_INVALID_ARGUMENT, and change nothing`,
  seeded(async (random) => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 4 });
    await c.addMany([{ id: 'a', vector: [1, 2, 3, 4], text: 'x' }, { id: 'b' }]);
    const content = async () => [await collect(c.scan()), db.statsSync().changeVersion, db.listCollectionsSync()];
    const before = await content();
    const methods = surface(c, databases.file()).filter(({ calls }) => Object.keys(calls[0]).length > 0);

    const one = async () => {
      const method = pick(random, methods);
      const args = spoil(random, rightArguments(pick(random, method.calls)));
      const { value, error } = await outcomeOf(method, method.type === 'Database' ? db : c, args);
      const isRight = error instanceof AgentMemError && error.code === 'ERR_INVALID_ARGUMENT' && typeof error.argument === 'string';
      if (!isRight) throw new Error(`${shown(method.name, args)} gave ${error?.stack ?? JSON.stringify(value)}`);
    };
    for (let i = 0; i < WRONG_CALLS; i += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, one));
    expect(await content()).toEqual(before);
  }),
);

const KEYS = `id vector text metadata expiresAt ttlMs ids vectors texts metadatas k ef exact filter include explain limit cursor orderBy total indexes batchSize
  ifVersion onConflict type collection record fields concurrency timeoutMs dimensions metric hnsw M efConstruction minSize durability
  busyTimeoutMs maxPending signal $and $not $in x __proto__ length 0 constructor toString`.split(/\s+/);
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
  `${ANY_CALLS} calls with anything at all give a result or an AgentMemError`,
  seeded(async (random) => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 4 });
    const methods = surface(c, databases.file()).filter(({ name }) => name !== 'backup'); // Any string is a path.
    const check = (told, { error }) => {
      if (error !== undefined && !(error instanceof AgentMemError)) throw new Error(`${told()} gave ${error?.stack ?? String(error)}`);
    };
    const one = async () => {
      const args = Array.from({ length: integer(random, 4) }, () => anything(random));
      const method = pick(random, methods);
      check(() => shown(method.name, args), await outcomeOf(method, method.type === 'Database' ? db : c, args));
    };
    const opening = async () => {
      const args = [random() < 0.5 ? ':memory:' : pick(random, [5, null, {}, Symbol('s'), '']), anything(random)];
      const opened = await open(...args).then((value) => ({ value }), (error) => ({ error }));
      check(() => shown('open', args), opened);
      await opened.value?.close();
      const twin = twinOutcomeOf(() => openSync(...args));
      check(() => shown('openSync', args), twin);
      twin.value?.closeSync();
    };
    for (let i = 0; i < ANY_CALLS; i += AT_ONCE) await Promise.all([opening(), ...Array.from({ length: AT_ONCE - 1 }, one)]);
    await db.deleteCollection('c').catch((error) => expect(error.code).toBe('ERR_NOT_FOUND'));
    expect((await db.collection('c')).name).toBe('c');
  }),
);
