'use strict';

// Wrong arguments: every place of every method, with everything people put there. Each is refused by name, as a rejection
// from the asynchronous form and the same error thrown from the sync twin, and nothing has changed afterwards.

const { AgentMemError, collect, open, useDatabases } = require('./support/database');
const { rightArguments, surface, wrongCalls } = require('./support/surface');

const databases = useDatabases();
// What is no method that takes arguments: test/states.test.js and test/database.observe.test.js look at these.
const OTHERS = ['path', 'isOpen', 'on', 'once', 'off', 'close', 'closeSync', Symbol.asyncDispose, 'name', 'dimensions', 'metric'];

let db;
let c;
let before;

const state = () => ({ records: c.countSync(), changeVersion: db.statsSync().changeVersion, collections: db.listCollectionsSync() });

beforeAll(async () => {
  db = await open(':memory:');
  c = await db.collection('c', { dimensions: 4 });
  await c.addMany([{ id: 'a', vector: [1, 2, 3, 4], text: 'x', metadata: { n: 1 } }, { id: 'b' }]);
  before = state();
});
afterAll(() => db.close());

const METHODS = surface().map(({ type, name }) => [type, name]);
const methodOf = (type, name) => surface(c, databases.file()).find((method) => method.type === type && method.name === name);

test('the table of methods has every public one', () => {
  const publicNames = [db, c].flatMap((object) => Reflect.ownKeys(Object.getPrototypeOf(object)));
  const known = new Set([...METHODS.map(([, name]) => name), ...OTHERS, 'constructor']);
  expect(publicNames.filter((name) => !known.has(name))).toEqual([]);
  expect([...known].filter((name) => !publicNames.includes(name))).toEqual([]);
});

/** The error of a call that must not succeed; of an asynchronous one, its rejection: it must not throw. */
async function refusalOf(method, target, args) {
  if (method.isIterated) return collect(target[method.name](...args)).then(String, (error) => error);
  if (method.isAsync) return target[method.name](...args).then(String, (error) => error);
  try {
    return String(target[method.name](...args));
  } catch (error) {
    return error;
  }
}

// What lib/ finds in a column it names by column, what the addon finds by record.
const byRecord = (argument) => argument.replace(/^records\.(id|text|metadata|expiresAt)s\[(\d+)\]/, 'records[$2].$1');

describe.each(METHODS)('%s.%s', (type, name) => {
  test('refuses everything that is wrong, by name, and nothing has changed', async () => {
    const method = methodOf(type, name);
    for (const call of method.calls) {
      for (const { what, args, argument } of wrongCalls(call)) {
        const error = await refusalOf(method, type === 'Database' ? db : c, args);
        const told = { what, code: error.code, argument: error.argument, isOurs: error instanceof AgentMemError };
        const named = [argument, argument && byRecord(argument)].find((each) => each === error.argument) ?? argument ?? error.argument;
        expect(told).toEqual({ what, code: 'ERR_INVALID_ARGUMENT', argument: named, isOurs: true });
        expect(error.message).toContain(named);
        expect(state()).toEqual(before);
      }
    }
  });

  test('takes what is right', async () => {
    const own = await databases.open(databases.file());
    const collection = await own.collection('c', { dimensions: 4 });
    await collection.addMany([{ id: 'a', vector: [1, 2, 3, 4] }]);
    const method = surface(collection, databases.file()).find((each) => each.type === type && each.name === name);
    for (const call of method.calls) {
      const error = await refusalOf(method, type === 'Database' ? own : collection, rightArguments(call));
      expect([undefined, 'ERR_CONFLICT', 'ERR_ALREADY_EXISTS', 'ERR_NOT_FOUND']).toContain(error.code);
    }
  });
});

test('an unknown field whose name is long or odd is refused, too', async () => {
  for (const key of ['x'.repeat(1e6), '\ud800', '\0', 'é', 'toString', 'createdAt']) {
    const error = await c.add({ [key]: 1 }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  }
  expect(state()).toEqual(before);
});

describe('a matrix that is', () => {
  const detached = new Float32Array(4).fill(1);
  structuredClone(detached, { transfer: [detached.buffer] });

  test.each([
    ['on shared memory', new Float32Array(new SharedArrayBuffer(16)).fill(1)],
    ['detached', detached],
    ['on memory that can grow', new Float32Array(new ArrayBuffer(16, { maxByteLength: 32 })).fill(0)],
    ['of another shape', new Float32Array(5).fill(1)],
  ])('%s is refused', async (_, vectors) => {
    for (const method of ['addMany', 'upsertMany']) {
      const error = await c[method]({ ids: ['x'], vectors }).catch((thrown) => thrown);
      expect(error.code).toBe('ERR_INVALID_ARGUMENT');
      expect(error.argument).toMatch(/^records(\.vectors|\[0\]\.vector)$/);
    }
    expect(state()).toEqual(before);
  });
});
