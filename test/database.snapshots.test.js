'use strict';

// Snapshots: named copies beside the file, and going back to one without closing it.

const fs = require('node:fs');
const path = require('node:path');

const { useDatabases, errorOf, seeded } = require('./support/database');

const databases = useDatabases();

const RECORDS = Array.from({ length: 300 }, (_, i) => ({
  id: `r${i}`,
  vector: [i, 1, 2],
  text: `text ${i}`,
  metadata: { n: i },
}));

async function filled(file = databases.file()) {
  const db = await databases.open(file);
  const c = await db.collection('c', { dimensions: 3, metric: 'l2', hnsw: { minSize: 0 } });
  await c.addMany(RECORDS);
  return { db, c, file };
}

const nearest = async (c, n) => (await c.search({ vector: [n, 1, 2], k: 1, exact: true })).map(({ id }) => id);
const snapshotFile = (file, name) => path.join(`${file}-snapshots`, `${name}.db`);

test('everything is what it was, through handles that were open all the time', async () => {
  const { db, c, file } = await filled();
  const other = await db.collection('other');
  const { version } = await other.add({ id: 'kept', text: 'x', expiresAt: 4e12 });
  const before = await other.get('kept');
  const progress = [];
  const made = await db.createSnapshot('monday', { onProgress: ({ done, total }) => progress.push(done / total) });
  expect(made).toEqual({ name: 'monday', createdAt: expect.any(Number), bytes: fs.statSync(snapshotFile(file, 'monday')).size });
  expect(progress.at(-1)).toBe(1);
  expect(Math.abs(Date.now() - made.createdAt)).toBeLessThan(86_400_000);

  await c.deleteWhere({ n: { $lt: 299 } });
  await c.upsert({ id: 'r299', vector: [0, 0, 0] });
  await db.deleteCollection('other');
  const later = await db.collection('later');
  await later.add({ id: 'gone' });
  expect(await nearest(c, 7)).toEqual(['r299']);

  const changes = [];
  db.on('change', (change) => changes.push(change.version));
  const restored = await db.restoreSnapshot('monday');
  expect(restored.version).toBeGreaterThan(version + 3);
  expect(await c.count()).toBe(300);
  expect(await nearest(c, 7)).toEqual(['r7']);
  expect(await c.get('r299')).toMatchObject({ text: 'text 299', metadata: { n: 299 } });
  expect(await other.get('kept')).toEqual(before);
  expect(await errorOf(later.count())).toMatchObject({ code: 'ERR_NOT_FOUND' });
  expect((await db.listCollections()).map(({ name }) => name)).toEqual(['c', 'other']);
  expect(changes).toContain(restored.version);
  expect(await db.verify()).toMatchObject({ ok: true, checked: { records: 301 } });

  await c.add({ id: 'after', vector: [7, 1, 2.1] });
  expect(await nearest(c, 7.01)).toEqual(['r7']);
  await db.close();
  const again = await databases.open(file);
  expect(await (await again.getCollection('c')).count()).toBe(301);
  expect(await again.verify()).toMatchObject({ ok: true });
});

test('searches beside a restore see one state or the other', async () => {
  const { db, c } = await filled();
  await db.createSnapshot('all');
  await c.deleteWhere({ n: { $gte: 100 } });
  let isRestored = false;
  const counts = new Set();
  const look = async () => {
    while (!isRestored) counts.add(await c.count());
  };
  const looking = [look(), look(), look()];
  for (let i = 0; i < 5; i++) {
    await db.restoreSnapshot('all');
    await c.deleteWhere({ n: { $gte: 100 } });
  }
  isRestored = true;
  await Promise.all(looking);
  expect([...counts].filter((count) => count !== 100 && count !== 300)).toEqual([]);
});

test('another handle and a restore of a restore', async () => {
  const { db, c, file } = await filled();
  await db.createSnapshot('one');
  await c.deleteWhere({ n: { $gte: 10 } });
  await db.createSnapshot('two');
  const second = await databases.open(file);
  const same = await second.getCollection('c');
  await db.restoreSnapshot('one');
  expect(await same.count()).toBe(300);
  await second.restoreSnapshot('two');
  expect([await c.count(), await nearest(c, 200)]).toEqual([10, ['r9']]);
  await second.restoreSnapshot('one');
  expect([await same.count(), await nearest(c, 200)]).toEqual([300, ['r200']]);
});

test('are listed oldest first, and deleted by name', async () => {
  const { db, file } = await filled();
  expect(await db.listSnapshots()).toEqual([]);
  const names = ['b', 'a.partial', 'c.db'];
  for (const [i, name] of names.entries()) {
    await db.createSnapshot(name);
    fs.utimesSync(snapshotFile(file, name), i + 1, i + 1);
  }
  // What is none of ours, and what a process that was killed has left.
  fs.writeFileSync(path.join(`${file}-snapshots`, 'notes.txt'), 'x');
  fs.writeFileSync(path.join(`${file}-snapshots`, 'ä.db'), 'x');
  fs.writeFileSync(path.join(`${file}-snapshots`, 'b.db.123.partial'), 'x');
  const listed = await db.listSnapshots();
  expect(listed.map(({ name, createdAt }) => [name, createdAt])).toEqual([['b', 1000], ['a.partial', 2000], ['c.db', 3000]]);
  expect(await db.deleteSnapshot('b')).toBe(true);
  expect(await db.deleteSnapshot('b')).toBe(false);
  await db.createSnapshot('d');
  expect((await db.listSnapshots()).map(({ name }) => name)).toEqual(['a.partial', 'c.db', 'd']);
  expect(fs.readdirSync(`${file}-snapshots`).sort()).toEqual(['a.partial.db', 'c.db.db', 'd.db', 'lock', 'notes.txt', 'ä.db'].sort());
});

test('what cannot be done is refused, and nothing changes', async () => {
  const { db, c, file } = await filled();
  await db.createSnapshot('there');
  for (const name of ['', '.', '..', '../up', 'a/b', 'a\\b', 'a\0', 'é', 'x'.repeat(129)]) {
    for (const method of ['createSnapshot', 'restoreSnapshot', 'deleteSnapshot']) {
      expect(await errorOf(db[method](name))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'name' });
    }
  }
  expect(await errorOf(db.createSnapshot('there'))).toMatchObject({ code: 'ERR_ALREADY_EXISTS', argument: 'name' });
  expect(await errorOf(db.restoreSnapshot('nowhere'))).toMatchObject({ code: 'ERR_NOT_FOUND', argument: 'name' });
  expect(await errorOf(db.createSnapshot('x', { depth: 1 }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'options.depth' });
  const readOnly = await databases.open(file, { readOnly: true });
  expect((await readOnly.listSnapshots()).map(({ name }) => name)).toEqual(['there']);
  for (const method of ['createSnapshot', 'restoreSnapshot', 'deleteSnapshot']) {
    expect(await errorOf(readOnly[method]('there'))).toMatchObject({ code: 'ERR_READ_ONLY' });
  }
  const inMemory = await databases.open();
  for (const method of ['createSnapshot', 'listSnapshots', 'restoreSnapshot', 'deleteSnapshot']) {
    expect(await errorOf(inMemory[method](...(method === 'listSnapshots' ? [] : ['x'])))).toMatchObject({ code: 'ERR_UNSUPPORTED' });
  }
  const reason = new Error('enough');
  expect(await errorOf(db.restoreSnapshot('there', { signal: AbortSignal.abort(reason) }))).toBe(reason);
  expect([await c.count(), (await db.listSnapshots()).length]).toEqual([300, 1]);
});

test('a damaged snapshot is not restored', seeded(async (random) => {
  const { db, c, file } = await filled();
  await db.createSnapshot('good');
  await c.deleteWhere({ n: { $gte: 100 } });
  const version = (await db.stats()).changeVersion;
  const good = fs.readFileSync(snapshotFile(file, 'good'));
  const put = (bytes) => fs.writeFileSync(snapshotFile(file, 'bad'), bytes);

  put(Buffer.from('no database at all '.repeat(1000)));
  expect(await errorOf(db.restoreSnapshot('bad'))).toMatchObject({ code: 'ERR_CORRUPT' });
  put(Buffer.alloc(0));
  const empty = await errorOf(db.restoreSnapshot('bad'));
  expect(empty).toMatchObject({ code: 'ERR_CORRUPT', path: snapshotFile(file, 'bad'), message: expect.stringContaining('is empty') });
  const text = good.indexOf('text 250');
  put(Buffer.concat([good.subarray(0, text), Buffer.from('TEXT'), good.subarray(text + 4)]));
  expect(await errorOf(db.restoreSnapshot('bad'))).toMatchObject({ code: 'ERR_CORRUPT', message: expect.stringContaining('r250') });
  expect([await c.count(), (await db.stats()).changeVersion]).toEqual([100, version]);

  // Whatever bit is another: restored as it was, or refused.
  for (let i = 0; i < 60; i++) {
    const bytes = Buffer.from(good);
    bytes[Math.floor(random() * bytes.length)] ^= 1 << Math.floor(random() * 8);
    put(bytes);
    const outcome = await db.restoreSnapshot('bad').then(() => 'restored', ({ code }) => code);
    if (outcome === 'restored') {
      expect([await c.count(), await nearest(c, 250)]).toEqual([300, ['r250']]);
      expect(await db.verify()).toMatchObject({ ok: true });
      await c.deleteWhere({ n: { $gte: 100 } });
    }
    expect(['restored', 'ERR_CORRUPT', 'ERR_UNSUPPORTED', 'ERR_NOT_FOUND', 'ERR_IO']).toContain(outcome);
    expect(await c.count()).toBe(100);
  }
}));
