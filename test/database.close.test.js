'use strict';

// Closing: what still finishes, and what a closing or closed handle answers.

const { AgentMemError, errorOf, thrownBy, useDatabases } = require('./support/database');

const databases = useDatabases();

test('isOpen is false from the moment close() is called', async () => {
  const db = await databases.open();
  expect(db.isOpen).toBe(true);
  const closed = db.close();
  expect(db.isOpen).toBe(false);
  await closed;
  expect(db.isOpen).toBe(false);
});

test('calls accepted before close() finish, also when close() is not awaited first', async () => {
  const file = databases.file();
  const db = await databases.open(file, { durability: 'normal' });
  const c = await db.collection('c', { dimensions: 2 });
  const writes = Array.from({ length: 300 }, (_, i) => c.add({ id: `r${i}`, vector: [1, i] }));
  const read = c.count();
  await db.close();
  await Promise.all(writes);
  expect(await read).toBeGreaterThanOrEqual(0);
  expect(await (await (await databases.open(file)).collection('c')).count()).toBe(300);
});

test('closeSync lets calls accepted before finish', async () => {
  const file = databases.file();
  const db = await databases.open(file, { durability: 'normal' });
  const c = await db.collection('c');
  const writes = Array.from({ length: 100 }, (_, i) => c.add({ id: `r${i}` }));
  db.closeSync();
  expect(db.isOpen).toBe(false);
  await Promise.all(writes);
  expect(await (await (await databases.open(file)).collection('c')).count()).toBe(100);
});

test('closing again is allowed, in every order', async () => {
  const a = await databases.open();
  await Promise.all([a.close(), a.close()]);
  a.closeSync();
  await a.close();
  const b = await databases.open();
  b.closeSync();
  b.closeSync();
  await b.close();
  await b[Symbol.asyncDispose]();
  expect([a.isOpen, b.isOpen]).toEqual([false, false]);
});

test('Symbol.asyncDispose closes', async () => {
  const db = await databases.open();
  await db[Symbol.asyncDispose]();
  expect(db.isOpen).toBe(false);
  expect(await errorOf(db.stats())).toMatchObject({ code: 'ERR_CLOSED' });
});

const METHODS = [
  ['collection', (db) => [db.collection('d'), () => db.collectionSync('d')]],
  ['createCollection', (db) => [db.createCollection('d'), () => db.createCollectionSync('d')]],
  ['getCollection', (db) => [db.getCollection('c'), () => db.getCollectionSync('c')]],
  ['listCollections', (db) => [db.listCollections(), () => db.listCollectionsSync()]],
  ['deleteCollection', (db) => [db.deleteCollection('c'), () => db.deleteCollectionSync('c')]],
  ['stats', (db) => [db.stats(), () => db.statsSync()]],
  ['add', (_, c) => [c.add({}), () => c.addSync({})]],
  ['upsert', (_, c) => [c.upsert({}), () => c.upsertSync({})]],
  ['addMany', (_, c) => [c.addMany([{}]), () => c.addManySync([{}])]],
  ['upsertMany', (_, c) => [c.upsertMany([{}]), () => c.upsertManySync([{}])]],
  ['get', (_, c) => [c.get('a'), () => c.getSync('a')]],
  ['has', (_, c) => [c.has('a'), () => c.hasSync('a')]],
  ['delete', (_, c) => [c.delete('a'), () => c.deleteSync('a')]],
  ['count', (_, c) => [c.count(), () => c.countSync()]],
  ['search', (_, c) => [c.search({ vector: [1] }), () => c.searchSync({ vector: [1] })]],
  ['indexed', (_, c) => [c.indexed()]],
  ['stats of a collection', (_, c) => [c.stats(), () => c.statsSync()]],
];

test.each(METHODS)('%s on a closed handle is ERR_CLOSED, both forms', async (_, calls) => {
  const db = await databases.open();
  const c = await db.collection('c', { dimensions: 1, metric: 'l2' });
  await db.close();
  const [promise, twin] = calls(db, c);
  const error = await errorOf(promise);
  expect(error).toBeInstanceOf(AgentMemError);
  expect(error.code).toBe('ERR_CLOSED');
  if (twin !== undefined) expect(thrownBy(twin)).toMatchObject({ code: 'ERR_CLOSED' });
});

test.each(METHODS)('%s while the handle is closing is ERR_CLOSED', async (_, calls) => {
  const db = await databases.open();
  const c = await db.collection('c', { dimensions: 1, metric: 'l2' });
  const accepted = Promise.all(Array.from({ length: 200 }, () => c.add({ vector: [1] })));
  const closed = db.close();
  const [promise] = calls(db, c);
  expect((await errorOf(promise)).code).toBe('ERR_CLOSED');
  await closed;
  expect(await accepted).toHaveLength(200);
});
