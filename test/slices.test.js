'use strict';

// Long work on the event loop is cut up: inputs of any size go in many small steps, and calls that are long take turns.

const { createHook } = require('node:async_hooks');
const { availableParallelism } = require('node:os');
const { setTimeout: sleep } = require('node:timers/promises');
const { turnOfTheLoop, useDatabases } = require('./support/database');
const { build } = require('../lib/slices');

const databases = useDatabases();

const MIB = 2 ** 20;

/** How many steps of ours the loop has seen during a call. */
async function stepsOf(db, call) {
  const before = db.statsSync().queue.loopSteps;
  await call();
  return db.statsSync().queue.loopSteps - before;
}

describe('what goes in', () => {
  const texts = Array.from({ length: 40 }, (_, i) => `${i}${'x'.repeat(MIB)}`);
  const wide = { list: Array.from({ length: 100_000 }, (_, i) => i) }; // More than a slice takes, however fast it is.

  test.each([
    ['records', (c) => c.addMany(texts.map((text) => ({ text })))],
    ['columns', (c) => c.upsertMany({ texts })],
    ['a batch', (c, db) => db.batch(texts.map((text) => ({ type: 'add', collection: c, record: { text } })))],
    ['patches', (c, db) => db.batch(texts.map((text) => ({ type: 'patch', collection: c, id: 'a', fields: { text } })))],
    ['metadata', (c) => c.addMany(texts.map((_, i) => ({ metadata: { ...wide, i } })))],
  ])('as %s of a few records that are large takes a step for each', async (_, write) => {
    const db = await databases.open();
    const c = await db.collection('c');
    await c.add({ id: 'a' });
    expect(await stepsOf(db, () => write(c, db))).toBeGreaterThanOrEqual(texts.length);
    expect((await c.find({ limit: 10_000 })).records.length).toBeGreaterThan(0);
  });

  test('keeps a large text as it was given, ASCII or not', async () => {
    const c = await (await databases.open()).collection('c');
    const given = ['', 'plain'.repeat(MIB), 'é'.repeat(MIB), 'ÿþ'.repeat(1000), '😀'.repeat(1000), '日本語', 'nul \0 inside', '\u0080', '\u007f'];
    await c.addMany(given.map((text, i) => ({ id: `m${i}`, text })));
    await Promise.all(given.map((text, i) => c.add({ id: `s${i}`, text })));
    for (const prefix of ['m', 's']) {
      for (const [i, text] of given.entries()) expect((await c.get(`${prefix}${i}`)).text === text).toBe(true);
    }
  });
});

test('calls that are long take turns: one slice in a turn of the loop, whoever it belongs to', async () => {
  let turn = 0;
  let counting = true;
  const count = async () => {
    for (; counting; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const slices = [];
  const makeBuilder = (name) => () => ({
    left: 4,
    batch: { drop: () => slices.push(`${name} dropped`) },
    get done() {
      return this.left === 0;
    },
    slice() {
      this.left--;
      slices.push({ name, turn });
    },
  });
  const counted = count();
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => build(makeBuilder(name), () => {}, () => name)));
  await turnOfTheLoop();
  counting = false;
  await counted;
  const made = slices.filter((each) => each.name !== undefined);
  expect(made).toHaveLength(20);
  expect(new Set(made.map((each) => each.turn)).size).toBe(20);
  expect(slices.filter((each) => typeof each === 'string').sort()).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `${name} dropped`));
});

// How often the loop was kept awake during `work`.
async function turnsKept(work) {
  let turns = 0;
  const hook = createHook({ init: (id, type) => (turns += type === 'Immediate') }).enable();
  try {
    await work();
    return turns;
  } finally {
    hook.disable();
  }
}

const READS = { has: (c) => c.has('a'), 'search with a filter': (c) => c.search({ vector: [1, 0], filter: { n: 1 }, k: 1 }) };

test.each(Object.keys(READS))('the loop is kept awake while a read is about to be done, and not once all are: %s', async (name) => {
  const db = await databases.open();
  const c = await db.collection('c', { dimensions: 2 });
  await c.add({ id: 'a', vector: [1, 0], metadata: { n: 1 } });
  const turns = await turnsKept(async () => {
    for (let i = 0; i < 100; i++) await READS[name](c);
  });
  expect(turns > 0).toBe(availableParallelism() > 1); // Where the loop has a core of its own.
  await turnOfTheLoop();
  expect(await turnsKept(() => sleep(50))).toBe(0);
});

test('the loop sleeps while a caller waits who asks once in a while', async () => {
  const db = await databases.open();
  const c = await db.collection('c');
  await c.add({ id: 'a' });
  const turns = await turnsKept(async () => {
    for (let i = 0; i < 20; i++) {
      await sleep(5);
      expect(await c.has('a')).toBe(true);
    }
  });
  expect(turns).toBeLessThan(5); // What tests before left behind is cleared away meanwhile.
});
