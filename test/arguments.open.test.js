'use strict';

// Wrong arguments of open(), and every limit: its value is taken, one past it is refused.

const fs = require('node:fs');
const path = require('node:path');

const { AgentMemError, errorOf, open, openSync, thrownBy, useDatabases } = require('./support/database');
const wrong = require('./support/wrong-values');

const databases = useDatabases();

describe('open refuses', () => {
  async function refuse(args, argument, twin = true) {
    const error = await errorOf(open(...args)); // Throwing before there is a promise fails the test, too: see below.
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
    expect(error).toBeInstanceOf(AgentMemError);
    if (twin) expect(thrownBy(() => openSync(...args))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
  }

  test('nothing by throwing: every refusal is a rejection', async () => {
    const calls = [() => open(), () => open(Symbol('s')), () => open('', 5), () => open('x', { durability: 1n })];
    const promises = calls.map((call) => call());
    for (const promise of promises) expect((await errorOf(promise)).code).toBe('ERR_INVALID_ARGUMENT');
  });

  test.each([['undefined', undefined], ...wrong.NOT_STRINGS, ['an empty string', ''], ['a string with NUL', 'a\0b'], ['half a surrogate pair', 'a\ud800'], ['a URL', new URL('file:///tmp/x.db')]])(
    'as path %s',
    (_, value) => refuse([value], 'path'),
  );

  test('wrong options, each by name, and makes no file', async () => {
    const file = databases.file();
    for (const [, value] of wrong.NOT_OBJECTS) await refuse([file, value], 'options');
    for (const durability of [null, 5, true, '', 'FULL', 'off', ['full'], {}]) await refuse([file, { durability }], 'options.durability');
    for (const busyTimeoutMs of [null, NaN, -1, 1.5, '5', Infinity, 2 ** 31, 5n, {}]) await refuse([file, { busyTimeoutMs }], 'options.busyTimeoutMs');
    for (const maxPending of [null, NaN, 0, -1, 1.5, '5', Infinity, 1e6 + 1, 5n, {}]) await refuse([file, { maxPending }], 'options.maxPending');
    for (const maxPendingBytes of [null, NaN, 0, -1, 1.5, '5', Infinity, 2 ** 54, 5n, {}]) {
      await refuse([file, { maxPendingBytes }], 'options.maxPendingBytes');
    }
    for (const maxBatch of [null, NaN, 0, -1, 1.5, '5', Infinity, 100_001, 5n, {}]) await refuse([file, { maxBatch }], 'options.maxBatch');
    for (const [, readOnly] of wrong.NOT_BOOLEANS) await refuse([file, { readOnly }], 'options.readOnly');
    for (const key of ['readonly', 'Durability', '', 'timeout']) await refuse([file, { [key]: 1 }], `options.${key}`);
    for (const [, signal] of wrong.SIGNALS) await refuse([file, { signal }], 'options.signal', false);
    for (const [, timeoutMs] of wrong.TIMEOUTS) await refuse([file, { timeoutMs }], 'options.timeoutMs', false);
    for (const options of [{ signal: new AbortController().signal }, { timeoutMs: 5 }]) {
      expect(thrownBy(() => openSync(file, options))).toMatchObject({ argument: `options.${Object.keys(options)[0]}` });
    }
    expect(fs.readdirSync(path.dirname(file))).toEqual([]);
  });
});

describe('a limit is taken at its value and refused one past it:', () => {
  const memory = async (options) => (await databases.open()).collection('c', options);
  const refused = (argument) => ({ code: 'ERR_INVALID_ARGUMENT', argument });

  test.each([
    [{ busyTimeoutMs: 0 }],
    [{ busyTimeoutMs: 2 ** 31 - 1 }],
    [{ maxPending: 1 }],
    [{ maxPending: 1e6 }],
    [{ maxPendingBytes: 1 }],
    [{ maxPendingBytes: 2 ** 53 }],
    [{ maxBatch: 1 }],
    [{ maxBatch: 100_000 }],
    [{ timeoutMs: 2 ** 31 - 1 }],
    [{ readOnly: false }],
    [{ readOnly: undefined, durability: undefined, busyTimeoutMs: undefined, maxPending: undefined, signal: undefined, timeoutMs: undefined }],
  ])('open with %j opens', async (options) => {
    expect((await databases.open(':memory:', options)).isOpen).toBe(true);
  });

  test.each([
    [{ dimensions: 1, hnsw: { M: 4, efConstruction: 8, minSize: 0 } }],
    [{ dimensions: 8192, hnsw: { M: 64, efConstruction: 4096, minSize: 2 ** 31 - 1 } }],
  ])('a collection with %j works', async (options) => {
    const c = await memory(options);
    const vector = new Float32Array(options.dimensions).fill(1);
    await c.addMany([{ id: 'a', vector }, { id: 'b', vector: Array.from(vector, (x) => -x) }]);
    await c.indexed();
    expect((await c.search({ vector })).map((hit) => hit.id)).toEqual(['a', 'b']);
    expect(await errorOf(c.search({ vector: new Float32Array(options.dimensions + 1).fill(1) }))).toMatchObject(refused('query.vector'));
  });

  test('an id of 512 bytes', async () => {
    const c = await memory();
    for (const id of ['x', 'x'.repeat(512), 'é'.repeat(256), '😀'.repeat(128)]) {
      await c.add({ id });
      expect(await c.has(id)).toBe(true);
      expect(await errorOf(c.add({ id: id.length > 1 ? `${id}x` : '' }))).toMatchObject(refused('record.id'));
    }
  });

  test('metadata of 1 MiB as JSON', async () => {
    const c = await memory();
    const around = JSON.stringify({ a: '' }).length;
    await c.add({ id: 'a', metadata: { a: 'x'.repeat(2 ** 20 - around) } });
    expect((await c.get('a')).metadata.a).toHaveLength(2 ** 20 - around);
    expect(await errorOf(c.add({ metadata: { a: 'x'.repeat(2 ** 20 - around + 1) } }))).toMatchObject(refused('record.metadata'));
  });

  test('metadata of 32 levels', async () => {
    const c = await memory();
    await c.add({ id: 'a', metadata: wrong.nested(32) });
    expect((await c.get('a')).metadata).toEqual(wrong.nested(32));
    expect((await errorOf(c.add({ metadata: wrong.nested(33) }))).code).toBe('ERR_INVALID_ARGUMENT');
  });

  test('integers of 2^53 in metadata', async () => {
    const c = await memory();
    await c.add({ id: 'a', metadata: { a: 2 ** 53, b: -(2 ** 53) } });
    expect((await c.get('a')).metadata).toEqual({ a: 2 ** 53, b: -(2 ** 53) });
    expect(await errorOf(c.add({ metadata: { a: 2 ** 53 + 2 } }))).toMatchObject(refused('record.metadata.a'));
  });

  test('a text of 16 MiB of UTF-8', async () => {
    const c = await memory();
    const text = 'é'.repeat(2 ** 23);
    await c.add({ id: 'a', text });
    expect((await c.get('a')).text === text).toBe(true);
    expect(await errorOf(c.add({ text: `${text}x` }))).toMatchObject(refused('record.text'));
  });

  test('k and ef of 10,000', async () => {
    const c = await memory({ dimensions: 1, metric: 'l2', hnsw: { minSize: 0 } });
    await c.addMany({ vectors: Float32Array.of(1, 2, 3) });
    await c.indexed();
    for (const k of [1, 10_000]) for (const ef of [1, 10_000]) expect(await c.search({ vector: [1], k, ef })).toHaveLength(Math.min(k, 3));
    expect(await errorOf(c.search({ vector: [1], k: 10_001 }))).toMatchObject(refused('query.k'));
    expect(await errorOf(c.search({ vector: [1], ef: 10_001 }))).toMatchObject(refused('query.ef'));
  });

  test('a norm of 1e18 for every metric, and of 1e-18 for cosine', async () => {
    const db = await databases.open();
    for (const metric of ['cosine', 'l2', 'ip']) {
      const c = await db.collection(metric, { dimensions: 2, metric });
      await c.add({ vector: [0, 9.99e17] });
      expect(await errorOf(c.add({ vector: [0, 1.01e18] }))).toMatchObject(refused('record.vector'));
      const tiny = [[0, 0], [1e-40, 0], [0, 0.99e-18]];
      for (const vector of tiny) {
        if (metric === 'cosine') expect(await errorOf(c.add({ vector }))).toMatchObject(refused('record.vector'));
        else await c.add({ vector });
      }
      await c.add({ vector: [0, 1.01e-18] });
      expect(await c.count()).toBe(metric === 'cosine' ? 2 : 5);
    }
  });

  test('timeoutMs of 1 and of 2^31 - 1', async () => {
    const c = await memory();
    expect(await c.count(undefined, { timeoutMs: 2 ** 31 - 1 })).toBe(0);
    const outcome = await c.count(undefined, { timeoutMs: 1 }).catch((error) => error.code);
    expect([0, 'ERR_TIMEOUT']).toContain(outcome);
  });
});
