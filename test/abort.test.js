'use strict';

// Signals and deadlines: before a call, while it waits, while it runs, and when it is over.

const { getEventListeners } = require('node:events');
const { AgentMemError, collect, errorOf, integer, occupyWriter, open, seeded, turnOfTheLoop, useDatabases } = require('./support/database');
const { rightArguments, surface } = require('./support/surface');

const databases = useDatabases();

const listenersOf = (signal) => getEventListeners(signal, 'abort').length;

describe('a signal that is aborted already', () => {
  test('rejects every method with its reason, and nothing is done', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 4 });
    await c.addMany([{ id: 'a', vector: [1, 2, 3, 4] }, { id: 'b' }]);
    const before = await db.stats();
    const reason = new Error('not today');
    const signal = AbortSignal.abort(reason);
    for (const { type, name, isAsync, isIterated, calls } of surface(c, databases.file())) {
      if (!isAsync) continue;
      for (const call of calls) {
        const target = type === 'Database' ? db : c;
        const answer = target[name](...rightArguments(call, { signal }));
        expect(await errorOf(isIterated ? collect(answer) : answer)).toBe(reason);
      }
    }
    expect(await errorOf(open(databases.file(), { signal }))).toBe(reason);
    expect(await db.stats()).toMatchObject({ records: 2, collections: 1, changeVersion: before.changeVersion });
    expect(listenersOf(signal)).toBe(0);
  });

  test.each([['nothing given', undefined], ['a string', 'stop'], ['null', null], ['0', 0]])('the reason may be anything: %s', async (_, reason) => {
    const db = await databases.open();
    const signal = AbortSignal.abort(reason);
    const thrown = await db.stats({ signal }).then(
      () => 'resolved',
      (error) => ({ error }),
    );
    expect(thrown).toEqual({ error: signal.reason });
    if (reason === undefined) expect(thrown.error.name).toBe('AbortError');
  });
});

describe('a call that waits', () => {
  test('rejects as soon as it is aborted, long before its turn, and leaves nothing', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    const load = await occupyWriter(db);
    const controller = new AbortController();
    const late = c.add({ id: 'late' }, { signal: controller.signal });
    controller.abort(new Error('changed my mind'));
    expect((await errorOf(late)).message).toBe('changed my mind');
    expect(load.isDone).toBe(false);
    await load.done;
    expect([await c.has('late'), await c.count()]).toEqual([false, 0]);
  });

  test('reads as well: those that were aborted reject, the others are answered', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 64, metric: 'l2' });
    const vectors = new Float32Array(20_000 * 64).fill(1);
    vectors.fill(0, 0, 64);
    const { ids } = await c.addMany({ vectors });
    const controller = new AbortController();
    const query = { vector: new Float32Array(64), k: 1, exact: true };
    const calls = Array.from({ length: 400 }, (_, i) => c.search({ ...query, signal: i % 2 ? controller.signal : undefined }));
    const settled = Promise.allSettled(calls);
    controller.abort();
    const results = await settled;
    expect(results.filter((_, i) => i % 2 === 0).every((result) => result.value?.[0].id === ids[0])).toBe(true);
    const aborted = results.filter((result) => result.status === 'rejected');
    for (const { reason } of aborted) expect(reason).toBe(controller.signal.reason);
    expect(aborted.length).toBeGreaterThan(0);
    expect(listenersOf(controller.signal)).toBe(0);
  });

  test('leaves room in the queue when it is aborted', async () => {
    const db = await databases.open(':memory:', { maxPending: 3 });
    const c = await db.collection('c');
    const controller = new AbortController();
    const waiting = Array.from({ length: 3 }, (_, i) => c.add({ id: `r${i}` }, i === 0 ? {} : { signal: controller.signal }));
    const settled = Promise.allSettled(waiting);
    expect((await errorOf(c.count())).code).toBe('ERR_QUEUE_FULL');
    controller.abort();
    await settled;
    expect(await c.count()).toBeGreaterThanOrEqual(1);
  });
});

describe('a bulk call', () => {
  const records = (count) => Array.from({ length: count }, (_, i) => ({ id: `r${i}`, vector: [i, 1], text: 'some text', metadata: { i } }));

  test('that is aborted while its records are read rejects, and stores nothing', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2 });
    const controller = new AbortController();
    const call = c.addMany(records(100_000), { signal: controller.signal });
    await turnOfTheLoop();
    controller.abort(new Error('enough'));
    expect((await errorOf(call)).message).toBe('enough');
    expect([await c.count(), (await c.stats()).vectors]).toEqual([0, 0]);
    expect(listenersOf(controller.signal)).toBe(0);
  });

  test(
    'aborted at any moment either resolves with everything stored or rejects with nothing',
    seeded(async (random) => {
      const db = await databases.open();
      const c = await db.collection('c', { dimensions: 2 });
      const batch = records(4000);
      let stored = 0;
      for (let round = 0; round < 30; round++) {
        const controller = new AbortController();
        const own = batch.map((record) => ({ ...record, id: `${round}/${record.id}` }));
        const call = c.addMany(own, { signal: controller.signal });
        const timer = setTimeout(() => controller.abort(), integer(random, 60));
        const result = await call.then(
          () => 'stored',
          (error) => error,
        );
        clearTimeout(timer);
        if (result === 'stored') stored++;
        else expect(result).toBe(controller.signal.reason);
        expect(await c.count()).toBe(stored * 4000);
        expect(await c.has(`${round}/r3999`)).toBe(result === 'stored');
      }
    }),
  );

  test('that runs out of time while its records are read is ERR_TIMEOUT, and stores nothing', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2 });
    expect(await errorOf(c.addMany(records(100_000), { timeoutMs: 5 }))).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(await c.count()).toBe(0);
  });
});

test('a long indexed() stops when it is aborted, and can be called again', async () => {
  const db = await databases.open();
  const c = await db.collection('c', { dimensions: 128, metric: 'l2', hnsw: { M: 48, efConstruction: 2000, minSize: 0 } });
  await c.addMany({ vectors: Float32Array.from({ length: 1500 * 128 }, (_, i) => Math.sin(i * 1.3 + (i % 61))) });
  const controller = new AbortController();
  const call = c.indexed({ signal: controller.signal });
  await turnOfTheLoop();
  controller.abort();
  expect(await errorOf(call)).toBe(controller.signal.reason);
  expect((await c.stats()).index.tail).toBeGreaterThan(0);
  await c.indexed();
  expect((await c.stats()).index.tail).toBe(0);
});

describe('the listeners', () => {
  test('1,000 calls with one signal have one between them, and none when all are settled', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    const warnings = [];
    const onWarning = (warning) => warnings.push(warning.name);
    process.on('warning', onWarning);
    const { signal } = new AbortController();
    for (let round = 0; round < 2; round++) {
      const calls = Array.from({ length: 1000 }, () => c.count(undefined, { signal }));
      expect(listenersOf(signal)).toBe(1);
      await Promise.all(calls);
      expect(listenersOf(signal)).toBe(0);
    }
    await turnOfTheLoop();
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  test('an abort reaches all 1,000, and each rejects with the same reason', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    const load = await occupyWriter(db);
    const controller = new AbortController();
    const calls = Array.from({ length: 1000 }, (_, i) => c.add({ id: `late ${i}` }, { signal: controller.signal }));
    const settled = Promise.allSettled(calls);
    controller.abort();
    for (const result of await settled) expect(result.reason).toBe(controller.signal.reason);
    await load.done;
    expect(await c.count()).toBe(0);
  });

  test('refused calls leave none behind', async () => {
    const db = await databases.open(':memory:', { maxPending: 1 });
    const c = await db.collection('c', { dimensions: 1 });
    const { signal } = new AbortController();
    const first = c.count(undefined, { signal });
    const refused = [c.count(undefined, { signal }), c.search({ vector: [1], k: '5', signal }), c.get(5, { signal }), c.count(undefined, { signal, timeoutMs: 0 })];
    const codes = await Promise.all(refused.map(async (call) => (await errorOf(call)).code));
    expect(codes).toEqual(['ERR_QUEUE_FULL', ...Array(3).fill('ERR_INVALID_ARGUMENT')]);
    await first;
    expect(listenersOf(signal)).toBe(0);
  });
});

test('an abort after the call is settled changes nothing', async () => {
  const db = await databases.open();
  const c = await db.collection('c');
  const controller = new AbortController();
  const { signal } = controller;
  const written = await c.add({ id: 'a' }, { signal });
  controller.abort();
  expect(await c.get('a')).toMatchObject({ id: 'a', version: written.version });
  expect(await errorOf(c.count(undefined, { signal }))).toBe(signal.reason);
  expect(await c.count()).toBe(1);
});

test('one signal may end calls of several databases', async () => {
  const handles = [await databases.open(), await databases.open()];
  const loads = await Promise.all(handles.map(occupyWriter));
  const controller = new AbortController();
  const calls = Promise.allSettled(handles.map((db) => db.createCollection('late', { signal: controller.signal })));
  controller.abort();
  expect((await calls).map((result) => result.reason)).toEqual([controller.signal.reason, controller.signal.reason]);
  await Promise.all(loads.map((load) => load.done));
  for (const db of handles) expect((await db.listCollections()).map((info) => info.name)).toEqual(['occupied']);
});

describe('timeoutMs', () => {
  test('a call whose time is up while it waits is ERR_TIMEOUT before its turn comes, and nothing of it is stored', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    const load = await occupyWriter(db);
    const error = await errorOf(c.add({ id: 'late' }, { timeoutMs: 3 }));
    expect({ code: error.code, isDone: load.isDone }).toEqual({ code: 'ERR_TIMEOUT', isDone: false });
    expect(error).toBeInstanceOf(AgentMemError);
    await load.done;
    expect([await c.has('late'), await c.count()]).toEqual([false, 0]);
  });

  test('leaves a call alone that is done in time', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    await Promise.all(Array.from({ length: 100 }, (_, i) => c.add({ id: `r${i}` }, { timeoutMs: 60_000 })));
    expect(await c.count(undefined, { timeoutMs: 60_000 })).toBe(100);
  });

  test('and a signal together: whichever comes first', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    const load = await occupyWriter(db);
    const controller = new AbortController();
    const aborted = c.add({ id: 'x' }, { signal: controller.signal, timeoutMs: 60_000 });
    controller.abort();
    expect(await errorOf(aborted)).toBe(controller.signal.reason);
    const late = c.add({ id: 'y' }, { signal: new AbortController().signal, timeoutMs: 1 });
    expect((await errorOf(late)).code).toBe('ERR_TIMEOUT');
    await load.done;
  });
});
