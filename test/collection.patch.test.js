'use strict';

// Changing records: patch, ifVersion, onConflict, expiry, and batches across collections.

const { errorOf, useDatabases } = require('./support/database');

const databases = useDatabases();
const ALL = { include: ['text', 'metadata', 'vector'] };

const sleep = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

async function collectionWith(...records) {
  const c = await (await databases.open()).collection('c', { dimensions: 2 });
  await c.addMany(records);
  return c;
}

describe('patch', () => {
  test('changes the fields given and keeps the others', async () => {
    const c = await collectionWith({ id: 'a', vector: [1, 0], text: 'old', metadata: { x: 1, y: { z: 1 }, gone: true } });
    const before = await c.get('a');
    const written = await c.patch('a', { metadata: { gone: null, y: { w: 2 }, new: [1] } });
    const after = await c.get('a', ALL);
    expect(after).toMatchObject({ id: 'a', text: 'old', createdAt: before.createdAt, version: written.version });
    expect(Object.entries(after.metadata)).toEqual([['x', 1], ['y', { w: 2 }], ['new', [1]]]);
    expect([...after.vector]).toEqual([1, 0]);
    expect(after.version).toBeGreaterThan(before.version);
  });

  test('null removes text, vector and metadata', async () => {
    const c = await collectionWith({ id: 'a', vector: [1, 0], text: 't', metadata: { x: 1 } });
    await c.patch('a', { text: null, vector: null, metadata: null });
    expect(Object.keys(await c.get('a', ALL)).sort()).toEqual(['createdAt', 'id', 'updatedAt', 'version']);
    expect(await c.search({ vector: [1, 0] })).toEqual([]);
    expect(await c.count()).toBe(1);
  });

  test('a new vector is found, the old one is not', async () => {
    const c = await collectionWith({ id: 'a', vector: [1, 0] }, { id: 'b', vector: [0.7, 0.7] });
    await c.patch('a', { vector: [0, 1] });
    expect((await c.search({ vector: [0, 1], k: 1 }))[0]).toMatchObject({ id: 'a', score: 1 });
    c.patchSync('a', { text: 'and the vector stays' });
    expect((await c.search({ vector: [0, 1], k: 1 }))[0]).toMatchObject({ id: 'a', score: 1, text: 'and the vector stays' });
  });

  test('of a record that is not there is ERR_NOT_FOUND', async () => {
    const c = await collectionWith();
    expect(await errorOf(c.patch('a', { text: 'x' }))).toMatchObject({ code: 'ERR_NOT_FOUND', id: 'a' });
  });

  test('with another version than ifVersion is ERR_CONFLICT and changes nothing', async () => {
    const c = await collectionWith({ id: 'a', text: 'first' });
    const { version } = await c.get('a');
    await c.patch('a', { text: 'second' }, { ifVersion: version });
    expect(await errorOf(c.patch('a', { text: 'third' }, { ifVersion: version }))).toMatchObject({ code: 'ERR_CONFLICT', id: 'a' });
    expect(await errorOf(c.delete('a', { ifVersion: version }))).toMatchObject({ code: 'ERR_CONFLICT' });
    expect((await c.get('a')).text).toBe('second');
  });

  test('the version that one write resolved to is not that of another in the same transaction', async () => {
    const c = await collectionWith();
    const [mine, theirs] = await Promise.all([c.upsert({ id: 'a', text: 'mine' }), c.upsert({ id: 'a', text: 'theirs' })]);
    expect(theirs.version).toBeGreaterThan(mine.version);
    expect(await errorOf(c.patch('a', { text: 'over mine' }, { ifVersion: mine.version }))).toMatchObject({ code: 'ERR_CONFLICT' });
    expect((await c.get('a')).text).toBe('theirs');
  });

  test('of two conditional writes at once exactly one succeeds', async () => {
    const c = await collectionWith({ id: 'a', metadata: { n: 0 } });
    for (let round = 0; round < 20; round++) {
      const { version } = await c.get('a');
      const tries = [1, 2, 3].map((n) => c.patch('a', { metadata: { n } }, { ifVersion: version }));
      const done = await Promise.allSettled(tries);
      expect(done.filter((each) => each.status === 'fulfilled').length).toBe(1);
      expect(done.filter((each) => each.reason?.code === 'ERR_CONFLICT').length).toBe(2);
    }
  });

  test.each([
    [{ foo: 1 }, 'fields.foo'],
    [{ vector: [1] }, 'fields.vector'],
    [{ text: 5 }, 'fields.text'],
    [{ metadata: { big: 2n } }, 'fields.metadata.big'],
    [{ ttlMs: 0 }, 'fields.ttlMs'],
    [{ ttlMs: 5, expiresAt: 5 }, 'fields.ttlMs'],
    ['x', 'fields'],
  ])('refuses %p', async (fields, argument) => {
    const c = await collectionWith({ id: 'a', text: 'kept' });
    const { version } = await c.get('a');
    expect(await errorOf(c.patch('a', fields))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
    expect((await c.get('a')).version).toBe(version);
  });
});

describe('expiry', () => {
  test('hides a record from every read, and gives its id back', async () => {
    const file = databases.file();
    const db = await databases.open(file);
    const c = await db.collection('c', { dimensions: 2 });
    await c.addMany([{ id: 'stays', vector: [1, 0] }, { id: 'goes', vector: [0, 1], ttlMs: 1e7 }, { id: 'later', expiresAt: new Date(Date.now() + 1e7) }]);
    expect(await c.count()).toBe(3);
    await c.patch('goes', { ttlMs: 1 });
    await sleep(20);
    for (const collection of [c, await (await databases.open(file)).getCollection('c')]) {
      expect(await collection.get('goes')).toBeUndefined();
      expect(await collection.has('goes')).toBe(false);
      expect(await collection.count()).toBe(2);
      expect((await collection.search({ vector: [0, 1] })).map((hit) => hit.id)).toEqual(['stays']);
      expect((await collection.find()).records.map((record) => record.id)).toEqual(['stays', 'later']);
      expect(await collection.count({ $expiresAt: { $exists: true } })).toBe(1);
    }
    expect(await errorOf(c.patch('goes', { text: 'x' }))).toMatchObject({ code: 'ERR_NOT_FOUND' });
    await c.add({ id: 'goes', vector: [0, 1], text: 'again' });
    expect(await c.get('goes')).toMatchObject({ text: 'again' });
    expect(await c.count()).toBe(3);
  });

  test('is there after reopening, and can be changed and removed', async () => {
    const file = databases.file();
    const db = await databases.open(file);
    const c = await db.collection('c');
    const at = Date.now() + 1e7;
    await c.add({ id: 'a', expiresAt: at });
    expect((await c.get('a')).expiresAt).toBe(at);
    await db.close();
    const again = await (await databases.open(file)).getCollection('c');
    expect((await again.get('a')).expiresAt).toBe(at);
    await again.patch('a', { expiresAt: null });
    expect(await again.get('a')).not.toHaveProperty('expiresAt');
    await again.patch('a', { expiresAt: 5 });
    expect(await again.has('a')).toBe(false);
    expect(await again.delete('a')).toBe(false);
  });

  test('is as good as deletion: stats do not count it, and what takes its id is the newest record', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2 });
    await c.addMany([{ id: 'gone', vector: [1, 0], expiresAt: 5 }, { id: 'b', vector: [1, 0] }, { id: 'none', expiresAt: 5 }]);
    expect(await c.stats()).toMatchObject({ records: 1, vectors: 1 });
    expect((await db.stats()).records).toBe(1);
    await c.add({ id: 'gone', vector: [1, 0] });
    expect((await c.search({ vector: [1, 0] })).map((hit) => hit.id)).toEqual(['gone', 'b']);
    expect((await c.find()).records.map((record) => record.id)).toEqual(['b', 'gone']);
    expect(await c.stats()).toMatchObject({ records: 2, vectors: 2, damaged: 0 });
  });

  test.each([[{ ttlMs: -1 }], [{ ttlMs: 1.5 }], [{ ttlMs: '5' }], [{ expiresAt: 'tomorrow' }], [{ expiresAt: new Date(NaN) }], [{ expiresAt: 1, ttlMs: 1 }]])(
    'refuses %p',
    async (fields) => {
      const c = await collectionWith();
      expect(await errorOf(c.add({ id: 'a', ...fields }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
      expect(await errorOf(c.addMany([{ id: 'a', ...fields }]))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
      expect(await c.count()).toBe(0);
    },
  );
});

describe('onConflict', () => {
  test('replaces, skips or refuses, and counts each', async () => {
    const c = await collectionWith({ id: 'a', text: 'old' });
    expect(await c.upsertMany([{ id: 'a', text: 'skipped' }, { id: 'b' }], { onConflict: 'skip' })).toMatchObject({ inserted: 1, updated: 0, skipped: 1 });
    expect((await c.get('a')).text).toBe('old');
    expect(c.upsertManySync([{ id: 'a', text: 'new' }], { onConflict: 'replace' })).toMatchObject({ inserted: 0, updated: 1, skipped: 0 });
    expect(await errorOf(c.upsertMany([{ id: 'n' }, { id: 'a' }], { onConflict: 'error' }))).toMatchObject({ code: 'ERR_ALREADY_EXISTS', id: 'a' });
    expect(await c.has('n')).toBe(false);
    expect(await errorOf(c.upsertMany([], { onConflict: 'merge' }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'options.onConflict' });
    expect(await errorOf(c.addMany([], { onConflict: 'skip' }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'options.onConflict' });
  });
});

describe('batch', () => {
  test('writes across collections, all or nothing', async () => {
    const db = await databases.open(databases.file());
    const a = await db.collection('a', { dimensions: 2 });
    const b = await db.collection('b');
    const results = await db.batch([
      { type: 'add', collection: a, record: { id: 'x', vector: [1, 0] } },
      { type: 'upsert', collection: b, record: { text: 'made' } },
      { type: 'patch', collection: a, id: 'x', fields: { metadata: { n: 1 } } },
      { type: 'delete', collection: b, id: 'absent' },
    ]);
    const { version } = await a.get('x');
    expect(results).toEqual([{ id: 'x', version }, { id: expect.any(String), version }, { id: 'x', version }, { id: 'absent', deleted: false, version }]);
    expect((await a.search({ vector: [1, 0] }))[0].metadata).toEqual({ n: 1 });

    const failed = errorOf(db.batch([
      { type: 'delete', collection: a, id: 'x' },
      { type: 'add', collection: b, record: { id: 'y' } },
      { type: 'patch', collection: b, id: 'nobody', fields: {} },
    ]));
    expect(await failed).toMatchObject({ code: 'ERR_NOT_FOUND', argument: 'operations[2].id' });
    expect([await a.has('x'), await b.has('y')]).toEqual([true, false]);
  });

  test('of thousands is one transaction, and equal in both forms', async () => {
    const db = await databases.open();
    const a = await db.collection('a');
    const operations = Array.from({ length: 5000 }, (_, i) => ({ type: 'add', collection: a, record: { id: `r${i}` } }));
    const before = db.statsSync().changeVersion;
    await db.batch(operations);
    expect(db.statsSync().changeVersion).toBe(before + 1);
    const removed = db.batchSync(operations.map(({ record }) => ({ type: 'delete', collection: a, id: record.id })));
    expect(removed.every((result) => result.deleted)).toBe(true);
    expect(await a.count()).toBe(0);
    expect(await db.batch([])).toEqual([]);
  });

  test('refuses what is wrong by its place', async () => {
    const db = await databases.open();
    const other = await (await databases.open()).collection('c');
    const c = await db.collection('c', { dimensions: 2 });
    const cases = [
      [[{ type: 'drop', collection: c }], 'operations[0].type'],
      [[{ type: 'add', collection: 'c', record: {} }], 'operations[0].collection'],
      [[{ type: 'add', collection: c, record: { vector: [1] } }], 'operations[0].record.vector'],
      [[{ type: 'add', collection: c, record: {} }, { type: 'patch', collection: c, id: '', fields: {} }], 'operations[1].id'],
      [[{ type: 'delete', collection: c, id: 'a', what: 1 }], 'operations[0].what'],
      [[{ type: 'add', collection: other, record: {} }], 'operations[0].collection'],
      ['x', 'operations'],
    ];
    for (const [operations, argument] of cases) {
      expect(await errorOf(db.batch(operations))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
    }
    expect(await c.count()).toBe(0);
  });
});
