'use strict';

// Making, finding, listing and deleting collections.

const { AgentMemError, errorOf, thrownBy, useDatabases } = require('./support/database');

const databases = useDatabases();

const FULL = { dimensions: 3, metric: 'l2', hnsw: { M: 8, efConstruction: 64, minSize: 10 } };

describe('collection()', () => {
  test('makes a collection, and opens it the next time', async () => {
    const db = await databases.open();
    const made = await db.collection('notes', FULL);
    await made.add({ id: 'a', vector: [1, 2, 3] });
    const opened = await db.collection('notes', FULL);
    expect([opened.name, opened.dimensions, opened.metric]).toEqual(['notes', 3, 'l2']);
    expect(await opened.count()).toBe(1);
  });

  test('opens an existing one without options, or with some of them', async () => {
    const db = await databases.open();
    await db.collection('notes', FULL);
    for (const options of [undefined, {}, { metric: 'l2' }, { hnsw: {} }, { hnsw: { M: 8 } }, { dimensions: undefined }]) {
      expect((await db.collection('notes', options)).dimensions).toBe(3);
      expect(db.collectionSync('notes', options).dimensions).toBe(3);
    }
  });

  test.each([
    ['options.dimensions', { dimensions: 4 }],
    ['options.metric', { dimensions: 3, metric: 'cosine' }],
    ['options.hnsw.M', { hnsw: { M: 16 } }],
    ['options.hnsw.efConstruction', { hnsw: { efConstruction: 65 } }],
    ['options.hnsw.minSize', { hnsw: { minSize: 11 } }],
  ])('refuses an option that disagrees and names it: %s', async (argument, options) => {
    const file = databases.file();
    const first = await databases.open(file);
    await first.collection('notes', FULL);
    const refused = { code: 'ERR_INVALID_ARGUMENT', argument };
    expect(await errorOf(first.collection('notes', options))).toMatchObject(refused);
    expect(thrownBy(() => first.collectionSync('notes', options))).toMatchObject(refused);
    await first.close();
    const second = await databases.open(file);
    expect(await errorOf(second.collection('notes', options))).toMatchObject(refused);
    expect(second.listCollectionsSync()).toEqual([{ name: 'notes', ...FULL }]);
  });

  test('100 calls at once make one collection', async () => {
    const db = await databases.open();
    const all = await Promise.all(Array.from({ length: 100 }, () => db.collection('c', { dimensions: 2 })));
    expect(all.map((c) => c.name)).toEqual(Array(100).fill('c'));
    expect(await db.listCollections()).toHaveLength(1);
  });

  test('100 calls at once that disagree: one set of options wins, the others are refused', async () => {
    const db = await databases.open();
    const asked = Array.from({ length: 100 }, (_, i) => db.collection('c', { dimensions: i + 1 }));
    const results = await Promise.allSettled(asked);
    const made = results.filter((result) => result.status === 'fulfilled');
    expect(made).toHaveLength(1);
    for (const { reason } of results.filter((result) => result.status === 'rejected')) {
      expect(reason).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'options.dimensions' });
    }
    expect(await db.listCollections()).toMatchObject([{ name: 'c', dimensions: made[0].value.dimensions }]);
  });
});

describe('createCollection()', () => {
  test('makes a collection with the defaults that are documented', async () => {
    const db = await databases.open();
    const c = await db.createCollection('c', { dimensions: 5 });
    expect([c.name, c.dimensions, c.metric]).toEqual(['c', 5, 'cosine']);
    expect(await db.listCollections()).toEqual([
      { name: 'c', dimensions: 5, metric: 'cosine', hnsw: { M: 16, efConstruction: 128, minSize: 5000 } },
    ]);
  });

  test('refuses a name that is taken, and leaves that collection alone', async () => {
    const db = await databases.open();
    await (await db.createCollection('c', { dimensions: 1 })).add({ vector: [1] });
    const refused = { code: 'ERR_ALREADY_EXISTS', argument: 'name' };
    expect(await errorOf(db.createCollection('c', { dimensions: 1 }))).toMatchObject(refused);
    expect(thrownBy(() => db.createCollectionSync('c'))).toMatchObject(refused);
    expect(await (await db.collection('c')).count()).toBe(1);
  });

  test('of two at once one makes it and the other is refused', async () => {
    const db = await databases.open();
    const results = await Promise.allSettled([db.createCollection('c'), db.createCollection('c')]);
    expect(results.map((result) => result.reason?.code ?? result.status)).toEqual(['fulfilled', 'ERR_ALREADY_EXISTS']);
  });
});

describe('getCollection()', () => {
  test('opens what exists and refuses what does not, making nothing', async () => {
    const db = await databases.open();
    const missing = { code: 'ERR_NOT_FOUND', argument: 'name' };
    expect(await errorOf(db.getCollection('c'))).toMatchObject(missing);
    expect(thrownBy(() => db.getCollectionSync('c'))).toMatchObject(missing);
    expect(await errorOf(db.getCollection('c'))).toBeInstanceOf(AgentMemError);
    expect(await db.listCollections()).toEqual([]);
    await db.createCollection('c', FULL);
    expect((await db.getCollection('c')).dimensions).toBe(3);
    expect(db.getCollectionSync('c').metric).toBe('l2');
  });
});

describe('listCollections()', () => {
  test('gives names and options in name order, the same after reopening', async () => {
    const file = databases.file();
    const db = await databases.open(file);
    for (const name of ['b', 'a', 'B', '9', '_', 'a.b', '-', 'aa']) await db.collection(name, name === 'a' ? FULL : {});
    const listed = await db.listCollections();
    expect(listed.map((info) => info.name)).toEqual(['-', '9', 'B', '_', 'a', 'a.b', 'aa', 'b']);
    expect(listed[4]).toEqual({ name: 'a', ...FULL });
    expect(listed[0]).toEqual({ name: '-' });
    await db.close();
    expect((await databases.open(file)).listCollectionsSync()).toEqual(listed);
  });
});

describe('deleteCollection()', () => {
  test('says whether there was one, and takes its records with it', async () => {
    const db = await databases.open();
    await (await db.collection('c')).addMany([{}, {}]);
    await (await db.collection('other')).add({ id: 'stays' });
    expect(await db.deleteCollection('c')).toBe(true);
    expect(await db.deleteCollection('c')).toBe(false);
    expect(db.deleteCollectionSync('c')).toBe(false);
    expect(await db.stats()).toMatchObject({ collections: 1, records: 1 });
    expect(await (await db.collection('c')).count()).toBe(0);
    expect(await (await db.collection('other')).has('stays')).toBe(true);
  });

  test('a name can be used again with other options', async () => {
    const file = databases.file();
    const db = await databases.open(file);
    await (await db.collection('c', { dimensions: 3 })).add({ id: 'old', vector: [1, 2, 3] });
    await db.deleteCollection('c');
    const c = await db.collection('c', { dimensions: 2, metric: 'l2' });
    await c.add({ id: 'new', vector: [1, 2] });
    expect((await c.search({ vector: [1, 2] })).map((hit) => hit.id)).toEqual(['new']);
    await db.close();
    const again = await (await databases.open(file)).getCollection('c');
    expect([again.dimensions, await again.count(), await again.has('old')]).toEqual([2, 1, false]);
  });

  test('every method of a handle to a deleted collection is ERR_NOT_FOUND, also when the name is in use again', async () => {
    const db = await databases.open();
    const old = await db.collection('c', { dimensions: 1, metric: 'l2' });
    await old.add({ id: 'a', vector: [1] });
    await db.deleteCollection('c');
    const fresh = await db.collection('c', { dimensions: 1, metric: 'l2' });
    const calls = {
      add: [{ vector: [1] }],
      upsert: [{ id: 'a', vector: [1] }],
      addMany: [[{ vector: [1] }]],
      upsertMany: [{ vectors: new Float32Array(1) }],
      get: ['a'],
      has: ['a'],
      delete: ['a'],
      count: [],
      search: [{ vector: [1] }],
      indexed: [],
      stats: [],
    };
    for (const [name, args] of Object.entries(calls)) {
      expect({ name, error: await errorOf(() => old[name](...args)) }).toMatchObject({ name, error: { code: 'ERR_NOT_FOUND' } });
      if (name === 'indexed') continue;
      expect(thrownBy(() => old[`${name}Sync`](...args))).toMatchObject({ code: 'ERR_NOT_FOUND' });
    }
    expect(await fresh.count()).toBe(0);
  });

  test('another handle of the process sees it go', async () => {
    const file = databases.file();
    const [a, b] = [await databases.open(file), await databases.open(file)];
    await a.collection('c');
    const seen = await b.getCollection('c');
    await a.deleteCollection('c');
    expect(await errorOf(seen.count())).toMatchObject({ code: 'ERR_NOT_FOUND' });
  });
});

describe('a collection without dimensions', () => {
  test('keeps text and metadata, and has no vectors for ever', async () => {
    const file = databases.file();
    const db = await databases.open(file);
    const c = await db.collection('c');
    expect([c.dimensions, c.metric]).toEqual([undefined, undefined]);
    await c.add({ id: 'a', text: 'x', metadata: { n: 1 } });
    expect(await c.get('a', { include: ['text', 'metadata', 'vector'] })).toMatchObject({ text: 'x', metadata: { n: 1 } });
    expect(await db.listCollections()).toEqual([{ name: 'c' }]);
    expect(await c.stats()).toEqual({ name: 'c', records: 1, vectors: 0, damaged: 0, indexes: [] });
    await c.indexed();
    await db.close();
    const again = await databases.open(file);
    expect(await errorOf(again.collection('c', { dimensions: 3 }))).toMatchObject({ argument: 'options.dimensions' });
    expect(await (await again.collection('c', {})).has('a')).toBe(true);
  });

  test('refuses vectors and searches, naming them', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    const refused = (argument) => ({ code: 'ERR_INVALID_ARGUMENT', argument });
    expect(await errorOf(c.add({ vector: [1] }))).toMatchObject(refused('record.vector'));
    expect(await errorOf(c.addMany([{}, { vector: [1] }]))).toMatchObject(refused('records[1].vector'));
    expect(await errorOf(c.addMany({ vectors: new Float32Array(4) }))).toMatchObject(refused('records.vectors'));
    expect(await errorOf(c.search({ vector: [1] }))).toMatchObject(refused('query.vector'));
    expect(await c.count()).toBe(0);
  });

  test.each([
    ['options.metric', { metric: 'l2' }],
    ['options.hnsw', { hnsw: { M: 8 } }],
  ])('is not made when an option needs vectors: %s', async (argument, options) => {
    const db = await databases.open();
    expect(await errorOf(db.collection('c', options))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
    expect(thrownBy(() => db.createCollectionSync('c', options))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
    expect(await db.listCollections()).toEqual([]);
    await db.createCollection('c');
    expect(await errorOf(db.collection('c', options))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
  });
});

describe('names', () => {
  const GOOD = ['a', 'A', '0', '_', '-', '...', '.a', 'a.', '..a', 'CON', 'constructor', '__proto__', 'toString', 'x'.repeat(128)];
  const BAD = ['', '.', '..', 'x'.repeat(129), 'x'.repeat(300), 'a b', 'a/b', 'a\\b', '../a', 'a\0', 'a\n', 'ä', '😀', "a'; DROP TABLE records--", '\ud800'];

  test('of the allowed characters all work, whatever they spell', async () => {
    const file = databases.file();
    const db = await databases.open(file);
    for (const name of GOOD) {
      await (await db.createCollection(name, { dimensions: 1 })).add({ id: name, vector: [1] });
    }
    await db.close();
    const again = await databases.open(file);
    expect((await again.listCollections()).map((info) => info.name).sort()).toEqual([...GOOD].sort());
    for (const name of GOOD) expect(await (await again.getCollection(name)).has(name)).toBe(true);
  });

  test.each(BAD)('%j is refused by every method', async (name) => {
    const db = await databases.open();
    const refused = { code: 'ERR_INVALID_ARGUMENT', argument: 'name' };
    for (const method of ['collection', 'createCollection', 'getCollection', 'deleteCollection']) {
      expect({ method, error: await errorOf(db[method](name)) }).toMatchObject({ method, error: refused });
      expect({ method, error: thrownBy(() => db[`${method}Sync`](name)) }).toMatchObject({ method, error: refused });
    }
    expect(await db.listCollections()).toEqual([]);
  });
});
