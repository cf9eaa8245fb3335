'use strict';

// Every method in every state of its handle: what it does when its arguments are right, and when they are not.

const { AgentMemError, collect, useDatabases } = require('./support/database');
const { rightArguments, surface, wrongCalls } = require('./support/surface');

const databases = useDatabases();

/** `enter` returns how to leave: to be called when the calls have been made, and awaited. */
const STATES = {
  open: { code: ({ needsFile }) => (needsFile ? 'ERR_UNSUPPORTED' : 'ok') },
  busy: { options: { maxPending: 1 }, enter: keepBusy, code: ({ isAsync }) => (isAsync ? 'ERR_QUEUE_FULL' : 'ok') },
  closing: { enter: beginToClose, code: () => 'ERR_CLOSED' },
  closed: { prepare: ({ db }) => db.close(), code: () => 'ERR_CLOSED' },
  'read-only': { prepare: openReadOnly, code: ({ writes }) => (writes ? 'ERR_READ_ONLY' : 'ok') },
};

/** One call is pending, and that is as many as may be; another follows at once, for what takes turns of the loop before it asks the addon. */
function keepBusy({ db }) {
  let isLeft = false;
  const calls = (async () => {
    while (!isLeft) await db.listCollections();
  })();
  return () => {
    isLeft = true;
    return calls;
  };
}

function beginToClose({ db }) {
  const closed = Promise.all([db.listCollections(), db.close()]);
  return () => closed;
}

async function worldIn({ options, prepare }) {
  const world = { db: await databases.open(':memory:', options) };
  await fill(world);
  await prepare?.(world);
  return world;
}

async function fill(world) {
  world.c = await world.db.collection('c', { dimensions: 4 });
  await world.c.addMany([{ id: 'a', vector: [1, 2, 3, 4], text: 'x', metadata: { n: 1 } }, { id: 'b' }]);
}

async function openReadOnly(world) {
  const file = databases.file();
  const writing = { db: await databases.open(file, { durability: 'normal' }) };
  await fill(writing);
  await writing.db.close();
  world.db = await databases.open(file, { readOnly: true });
  world.c = await world.db.getCollection('c');
}

const METHODS = surface().map(({ type, name }) => [type, name]);
const methodOf = ({ c }, type, name) => surface(c, databases.file()).find((method) => method.type === type && method.name === name);

/** Makes a call; resolves to its code or 'ok'. An asynchronous one must not throw. */
function codeOf({ db, c }, { type, name, isAsync, isIterated }, args) {
  const target = type === 'Database' ? db : c;
  const fulfilled = () => 'ok';
  const rejected = (error) => (error instanceof AgentMemError ? error.code : String(error));
  if (isIterated) return collect(target[name](...args)).then(fulfilled, rejected);
  if (isAsync) return target[name](...args).then(fulfilled, rejected);
  try {
    target[name](...args);
    return 'ok';
  } catch (error) {
    return rejected(error);
  }
}

describe.each(Object.keys(STATES))('in the state "%s"', (stateName) => {
  const state = STATES[stateName];

  test.each(METHODS)('%s.%s does what is documented', async (type, name) => {
    const { length } = methodOf({}, type, name).calls;
    for (let i = 0; i < length; i++) {
      const world = await worldIn(state);
      const method = methodOf(world, type, name);
      const leave = state.enter?.(world);
      const code = await codeOf(world, method, rightArguments(method.calls[i]));
      await leave?.();
      expect({ call: i, code }).toEqual({ call: i, code: state.code(method) });
    }
  });

  test.each(METHODS)('%s.%s refuses what is wrong, too', async (type, name) => {
    const world = await worldIn(state);
    const method = methodOf(world, type, name);
    const expected = ['ERR_INVALID_ARGUMENT', state.code(method)].filter((code) => code !== 'ok');
    const calls = method.calls.flatMap((call) => [...wrongCalls(call)]);
    const leave = state.enter?.(world);
    const codes = await Promise.all(calls.map(({ args }) => codeOf(world, method, args)));
    await leave?.();
    for (const [i, code] of codes.entries()) {
      if (!expected.includes(code)) throw new Error(`${calls[i].what}: ${code}, expected ${expected.join(' or ')}`);
    }
  });

  test.each(['close', 'closeSync', Symbol.asyncDispose])('%p closes, and does so again', async (name) => {
    const world = await worldIn(state);
    const leave = state.enter?.(world);
    const closed = [world.db[name](), world.db[name]()];
    expect(world.db.isOpen).toBe(false);
    await Promise.all([leave?.(), ...closed]);
  });

  test('events and properties are there', async () => {
    const world = await worldIn(state);
    const { db, c } = world;
    const leave = state.enter?.(world);
    const listener = () => {};
    for (const name of ['on', 'once', 'off']) {
      expect(db[name]('change', listener)).toBe(db);
      expect(() => db[name]('nothing', listener)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', argument: 'event' }));
      expect(() => db[name]('drain', null)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', argument: 'listener' }));
    }
    expect([db.isOpen, c.name, c.dimensions, c.metric]).toEqual([!stateName.startsWith('clos'), 'c', 4, 'cosine']);
    expect(typeof db.path).toBe('string');
    await leave?.();
  });
});
