'use strict';

// Closing: what still finishes. What a closing or closed handle answers: states.test.js.

const { errorOf, useDatabases } = require('./support/database');

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
