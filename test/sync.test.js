'use strict';

// Sync twins: the same answers as the asynchronous forms, and no waiting for the queue.

const { errorOf, occupyWriter, randomVector, seeded, thrownBy, turnOfTheLoop, useDatabases } = require('./support/database');

const databases = useDatabases();

/** 1,000 writes and a bulk load on their way through the queue. */
async function keepBusy(db, collection) {
  const load = collection.addMany({ vectors: new Float32Array(50_000 * 8).fill(1), texts: Array(50_000).fill('bulk') });
  const writes = Array.from({ length: 1000 }, (_, i) => collection.add({ id: `queued ${i}`, vector: new Float32Array(8).fill(i + 1) }));
  const done = Promise.all([load, ...writes]);
  while (db.statsSync().queue.waiting === 0) {
    await turnOfTheLoop();
  }
  return done;
}

test.each([[':memory:'], ['a file']])('every twin returns the right result while 1,000 writes and a bulk load are queued, in %s', async (where) => {
  const file = where === ':memory:' ? where : databases.file();
  const db = await databases.open(file, { durability: 'normal' });
  const busy = await db.collection('busy', { dimensions: 8 });
  const c = await db.collection('c', { dimensions: 2, metric: 'l2' });
  const done = await keepBusy(db, busy);

  const { version } = c.addSync({ id: 'a', vector: [1, 2], text: 'first' });
  expect(c.upsertSync({ id: 'a', vector: [3, 4], text: 'second' }).version).toBeGreaterThan(version);
  expect(c.addManySync([{ id: 'b', vector: [5, 6] }, { id: 'c' }])).toMatchObject({ ids: ['b', 'c'], inserted: 2 });
  expect(c.upsertManySync({ ids: ['c', 'd'], texts: ['x', 'y'] })).toMatchObject({ inserted: 1, updated: 1 });
  expect(c.getSync('a')).toMatchObject({ id: 'a', text: 'second' });
  expect([c.hasSync('d'), c.hasSync('e')]).toEqual([true, false]);
  expect([c.deleteSync('d'), c.deleteSync('d')]).toEqual([true, false]);
  expect(c.countSync()).toBe(3);
  expect(c.searchSync({ vector: [3, 4] }).map((hit) => hit.id)).toEqual(['a', 'b']);
  expect(c.statsSync()).toMatchObject({ records: 3, vectors: 2 });
  expect(db.createCollectionSync('new', { dimensions: 3 }).dimensions).toBe(3);
  expect(db.collectionSync('new').name).toBe('new');
  expect(db.getCollectionSync('new').name).toBe('new');
  expect(db.listCollectionsSync().map((info) => info.name)).toEqual(['busy', 'c', 'new']);
  expect(db.deleteCollectionSync('new')).toBe(true);
  expect(db.statsSync().collections).toBe(2);
  const other = databases.openSync(':memory:');
  other.closeSync();

  // The collection that is being written to answers, too, from one state or another.
  const during = busy.countSync();
  expect(busy.searchSync({ vector: new Float32Array(8).fill(1), k: 5 }).length).toBe(Math.min(5, during));
  await done;
  expect(busy.countSync()).toBe(51_000);
});

test('a twin sees what it has written, before queued calls are done', async () => {
  const db = await databases.open();
  const c = await db.collection('c');
  const load = await occupyWriter(db);
  const queued = c.add({ id: 'queued' });
  c.addSync({ id: 'now' });
  expect([c.hasSync('now'), c.countSync()]).toEqual([true, 1]);
  await Promise.all([queued, load.done]);
  expect(c.countSync()).toBe(2);
});

test(
  'both forms give equal results',
  seeded(async (random) => {
    const db = await databases.open(databases.file(), { durability: 'normal' });
    const options = { dimensions: 4, metric: 'l2', hnsw: { minSize: 50 } };
    const [a, b] = [await db.collection('a', options), db.collectionSync('b', options)];
    const records = Array.from({ length: 300 }, (_, i) => ({
      id: `r${i}`,
      vector: randomVector(random, 4),
      text: `text ${i} é😀`,
      metadata: { i, list: [i, null] },
    }));
    const rest = ({ version: _, ...others }) => others;
    for (const record of records.slice(0, 20)) expect(rest(await a.add(record))).toEqual(rest(b.addSync(record)));
    for (const record of records.slice(10, 30)) expect(rest(await a.upsert(record))).toEqual(rest(b.upsertSync(record)));
    expect(rest(await a.addMany(records.slice(30, 200)))).toEqual(rest(b.addManySync(records.slice(30, 200))));
    expect(rest(await a.upsertMany(records.slice(150)))).toEqual(rest(b.upsertManySync(records.slice(150))));
    expect(await a.delete('r0')).toBe(b.deleteSync('r0'));
    await a.indexed();
    await b.indexed();

    for (const c of [a, b]) {
      const include = ['text', 'metadata', 'vector'];
      for (const id of ['r0', 'r1', 'r250']) {
        expect(await c.get(id, { include })).toEqual(c.getSync(id, { include }));
        expect(await c.has(id)).toBe(c.hasSync(id));
      }
      expect(await c.count()).toBe(c.countSync());
      expect(await c.stats()).toEqual(c.statsSync());
      for (const more of [{}, { include }, { exact: true }, { k: 299 }, { include: [] }]) {
        const query = { vector: randomVector(random, 4), ...more };
        expect(await c.search(query)).toEqual(c.searchSync(query));
      }
      const explained = { vector: [1, 2, 3, 4], explain: true };
      expect(Object.keys((await c.search(explained)).explain)).toEqual(Object.keys(c.searchSync(explained).explain));
    }
    expect(await db.listCollections()).toEqual(db.listCollectionsSync());
    expect((await db.getCollection('a')).dimensions).toBe(db.getCollectionSync('a').dimensions);
    const query = { vector: [1, 2, 3, 4], k: 300, exact: true };
    expect(a.searchSync(query)).toEqual(b.searchSync(query));
  }),
);

test('both forms fail with the same code, argument and message', async () => {
  const db = await databases.open();
  const c = await db.collection('c', { dimensions: 2 });
  await c.add({ id: 'a' });
  const calls = [
    ['add', [{ id: 'a' }]],
    ['addMany', [[{ id: 'b' }, { id: 'a' }]]],
    ['add', [{ vector: [1] }]],
    ['get', ['']],
    ['search', [{ vector: [1, 2], k: 0 }]],
  ];
  for (const [method, args] of calls) {
    const [rejected, thrown] = [await errorOf(c[method](...args)), thrownBy(() => c[`${method}Sync`](...args))];
    const facts = ({ code, argument, id, message }) => ({ code, argument, id, message });
    expect(facts(rejected)).toEqual(facts(thrown));
  }
});
