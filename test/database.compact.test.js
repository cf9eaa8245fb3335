'use strict';

// compact(): space comes back, and what was deleted is in no file.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { useDatabases, errorOf, randomVector, seeded } = require('./support/database');

const databases = useDatabases();

const SECRET = 'the-secret-that-nobody-may-read';
const SECRET_ID = 'id-of-the-secret-record-0123456789';

const LOOK = `
  const [folder, hex] = process.argv.slice(1);
  for (const each of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(each.parentPath ?? each.path, each.name);
    if (each.isFile() && fs.readFileSync(file).includes(Buffer.from(hex, 'hex'))) console.log(each.name);
  }`;

/** Names of the files of a database that have these bytes in them. Another process looks: closing a file would drop SQLite's locks on it. */
function filesWith(file, bytes) {
  const args = ['-e', LOOK, path.dirname(file), Buffer.from(bytes).toString('hex')];
  return execFileSync(process.execPath, args, { encoding: 'utf8' }).split('\n').slice(0, -1);
}

const bytesOf = (vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);

async function filled(random, { records = 2000, file = databases.file() } = {}) {
  const db = await databases.open(file);
  const c = await db.collection('c', { dimensions: 8, metric: 'l2', hnsw: { minSize: 0 } });
  const vectors = Array.from({ length: records }, () => randomVector(random, 8));
  await c.addMany(vectors.map((vector, i) => ({ id: `r${i}`, vector, text: `text ${i} `.repeat(20), metadata: { n: i } })));
  return { db, c, file, vectors };
}

test('what was deleted is in no file', seeded(async (random) => {
  const { db, c, file, vectors } = await filled(random);
  const vector = randomVector(random, 8);
  const secret = { id: SECRET_ID, vector, text: `say ${SECRET}`, metadata: { [`m-${SECRET}`]: SECRET } };
  await c.add(secret);
  await c.add({ ...secret, id: 'twice' });
  await c.indexed();
  await db.close();
  // In the image, too.
  const again = await databases.open(file);
  const same = await again.getCollection('c');
  for (const bytes of [SECRET, SECRET_ID, bytesOf(vector)]) expect(filesWith(file, bytes)).not.toEqual([]);
  expect(filesWith(file, bytesOf(vector)).some((name) => name.endsWith('.f32'))).toBe(true);

  await same.delete(SECRET_ID);
  await same.upsert({ id: 'twice', vector: vectors[0], text: 'harmless' });
  const steps = [];
  const report = await again.compact({ onProgress: ({ done, total }) => steps.push(done / total) });
  expect(report).toMatchObject({ erased: true, snapshots: [] });
  expect(steps.at(-1)).toBe(1);
  for (const bytes of [SECRET, SECRET_ID, bytesOf(vector)]) expect(filesWith(file, bytes)).toEqual([]);
  expect(fs.readdirSync(`${file}-index`).some((name) => name.endsWith('.image'))).toBe(true);

  expect(await same.count()).toBe(2001);
  expect((await same.search({ vector: vectors[77], k: 1 }))[0].id).toBe('r77');
  expect(await again.verify()).toMatchObject({ ok: true, checked: { images: 1 } });
  await again.close();
  expect(filesWith(file, SECRET)).toEqual([]);
  const third = await databases.open(file);
  expect(await third.verify()).toMatchObject({ ok: true, checked: { records: 2001, images: 1 } });
}));

test('space comes back, on disk and in memory', seeded(async (random) => {
  const { db, c, vectors } = await filled(random, { records: 20_000 });
  await c.deleteWhere({ n: { $gte: 500 } });
  const before = await db.stats();
  const report = await db.compact();
  const after = await db.stats();
  expect(report.erased).toBe(true);
  expect(report.bytesBefore).toBeGreaterThanOrEqual(before.fileBytes + before.walBytes);
  expect(report.bytesAfter).toBeLessThan(report.bytesBefore / 10);
  expect(after.fileBytes + after.walBytes).toBeLessThan(report.bytesBefore / 10);
  expect(after.walBytes).toBeLessThan(200_000);
  expect(after.memoryBytes).toBeLessThan(before.memoryBytes / 4);
  await c.indexed();
  for (const i of [0, 1, 250, 499]) expect((await c.search({ vector: vectors[i], k: 1 }))[0].id).toBe(`r${i}`);
  expect(await c.stats()).toMatchObject({ records: 500, vectors: 500, damaged: 0 });
  expect(await db.verify()).toMatchObject({ ok: true });
}));

test('records that have expired are gone, too', async () => {
  const file = databases.file();
  const db = await databases.open(file);
  const c = await db.collection('c');
  await c.addMany(Array.from({ length: 500 }, (_, i) => ({ id: `r${i}`, text: SECRET, ...(i < 400 && { expiresAt: Date.now() - 1000 }) })));
  await c.deleteWhere({ $id: { $gte: 'r4' } });
  expect(filesWith(file, SECRET)).not.toEqual([]);
  expect(await db.compact()).toMatchObject({ erased: true });
  expect(filesWith(file, SECRET)).toEqual([]);
  expect(await db.verify()).toMatchObject({ ok: true, checked: { records: 0 } });
});

test('records that have expired are deleted in the background when there are many', async () => {
  const db = await databases.open();
  const c = await db.collection('c');
  await c.addMany(Array.from({ length: 5000 }, (_, i) => ({ id: `r${i}`, ...(i < 4500 && { ttlMs: 1 }) })));
  await c.add({ id: 'more' }); // There may be work.
  while ((await db.verify()).checked.records > 1501) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
    await c.upsert({ id: 'more' });
  }
  expect(await c.count()).toBe(501);
});

test('reads and writes beside it are right', seeded(async (random) => {
  const { db, c, vectors } = await filled(random);
  let isDone = false;
  let written = 0;
  const write = async () => {
    while (!isDone) {
      await c.upsert({ id: `w${written % 50}`, vector: vectors[written % 50], text: 'w' });
      written++;
    }
  };
  const read = async () => {
    while (!isDone) {
      expect((await c.search({ vector: vectors[1500], k: 1 }))[0].id).toBe('r1500');
      expect(await c.get('r7', { include: [] })).toMatchObject({ id: 'r7' });
    }
  };
  const others = [write(), read(), read()];
  for (let i = 0; i < 5; i++) {
    await c.delete(`r${i}`);
    expect(await db.compact()).toMatchObject({ bytesAfter: expect.any(Number) });
  }
  isDone = true;
  await Promise.all(others);
  expect(await c.count()).toBe(1995 + Math.min(50, written));
  expect(await db.verify()).toMatchObject({ ok: true });
}));

test('names the snapshots, which keep what they hold', async () => {
  const file = databases.file();
  const db = await databases.open(file);
  const c = await db.collection('c');
  await c.add({ id: 'a', text: SECRET });
  await db.createSnapshot('before');
  await c.delete('a');
  expect(await db.compact()).toMatchObject({ erased: true, snapshots: ['before'] });
  expect(filesWith(file, SECRET)).toEqual(['before.db']);
  await db.deleteSnapshot('before');
  expect(filesWith(file, SECRET)).toEqual([]);
});

test('is refused where nothing may be written, and works in memory', async () => {
  const file = databases.file();
  await (await databases.open(file)).close();
  const readOnly = await databases.open(file, { readOnly: true });
  expect(await errorOf(readOnly.compact())).toMatchObject({ code: 'ERR_READ_ONLY' });
  const db = await databases.open();
  const c = await db.collection('c');
  await c.addMany(Array.from({ length: 1000 }, (_, i) => ({ id: `r${i}`, text: 'x'.repeat(1000) })));
  await c.deleteWhere({});
  const report = await db.compact();
  expect(report).toMatchObject({ erased: true, snapshots: [] });
  expect(report.bytesAfter).toBeLessThan(report.bytesBefore / 10);
  const reason = new Error('enough');
  expect(await errorOf(db.compact({ signal: AbortSignal.abort(reason) }))).toBe(reason);
  expect(await errorOf(db.compact({ depth: 1 }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'options.depth' });
});
