'use strict';

// verify(): what it finds, and what it finds nothing wrong with.

const fs = require('node:fs');
const path = require('node:path');

const { useDatabases, seeded } = require('./support/database');

const databases = useDatabases();

const vectorOf = (random) => Float32Array.from({ length: 4 }, () => random() + 0.1);

/** Puts `other` in the place of `text`, as long, wherever it stands in the file. */
function change(file, text, other) {
  const bytes = fs.readFileSync(file);
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) bytes.write(other, at);
  fs.writeFileSync(file, bytes);
}

test('finds nothing in a database that was written to, searched, linked and reopened', seeded(async (random) => {
  const file = databases.file();
  const db = await databases.open(file);
  const c = await db.collection('c', { dimensions: 4, hnsw: { minSize: 0 } });
  const records = Array.from({ length: 500 }, (_, i) => ({ id: `r${i}`, vector: vectorOf(random), metadata: { n: i } }));
  await c.addMany(records);
  await c.count({ n: { $lt: 100 } });
  await c.deleteWhere({ n: { $lt: 20 } });
  const clean = { ok: true, found: 0, differences: [] };
  expect(await db.verify()).toMatchObject({ ...clean, checked: { records: 480, vectors: 480 } });
  await c.indexed();
  // Those that were linked before they were deleted are nodes still.
  const linked = db.verifySync();
  expect(linked).toMatchObject({ ...clean, checked: { images: 0 } });
  expect([linked.checked.nodes >= 480, linked.checked.nodes <= 500]).toEqual([true, true]);
  await db.close();

  const again = await databases.open(file);
  const looked = [];
  const report = await again.verify({ onProgress: ({ done, total }) => looked.push([done, total]) });
  expect(report).toEqual({ ...clean, checked: { ...linked.checked, images: 1 } });
  expect(looked.at(-1)).toEqual([480, 480]);
}));

test('names the record whose row was changed', async () => {
  const file = databases.file();
  const db = await databases.open(file);
  const c = await db.collection('notes');
  await c.addMany([{ id: 'a', text: 'the first' }, { id: 'b', text: 'the second' }, { id: 'c', text: 'the third' }]);
  await db.close();
  change(file, 'the second', 'the fourth');

  const damaged = await databases.open(file);
  expect(await damaged.verify()).toEqual({
    ok: false,
    found: 1,
    differences: [{ part: 'record', id: 'b', message: expect.stringContaining('fails its check') }],
    checked: { records: 3, vectors: 0, nodes: 0, images: 0 },
  });
});

test('tells of an index image that was damaged, which is no harm', seeded(async (random) => {
  const file = databases.file();
  const db = await databases.open(file);
  const c = await db.collection('c', { dimensions: 4, hnsw: { minSize: 0 } });
  await c.addMany(Array.from({ length: 100 }, (_, i) => ({ id: `r${i}`, vector: vectorOf(random) })));
  await c.indexed();
  await db.close();
  const image = fs.readdirSync(`${file}-index`).find((name) => name.endsWith('.image'));
  const bytes = fs.readFileSync(path.join(`${file}-index`, image));
  bytes[bytes.length - 10] ^= 4;
  fs.writeFileSync(path.join(`${file}-index`, image), bytes);

  const again = await databases.open(file);
  const { differences, checked } = await again.verify();
  expect(differences).toEqual([{ part: 'image', collection: 'c', message: expect.stringContaining('not what was written') }]);
  expect(checked).toMatchObject({ records: 100, images: 1 });
  const same = await again.getCollection('c');
  expect(await same.count()).toBe(100);
}));

test('finds nothing in a backup, nor where index images were removed: they need not be there', seeded(async (random) => {
  const file = databases.file();
  const db = await databases.open(file);
  const c = await db.collection('c', { dimensions: 4, hnsw: { minSize: 0 } });
  await c.addMany(Array.from({ length: 100 }, (_, i) => ({ id: `r${i}`, vector: vectorOf(random) })));
  await db.close();
  const again = await databases.open(file);
  await again.backup(`${file}.backup`);
  await again.close();
  fs.rmSync(`${file}-index`, { recursive: true });
  for (const copy of [file, `${file}.backup`]) {
    const opened = await databases.open(copy, { readOnly: true });
    expect(await opened.verify()).toMatchObject({ ok: true, differences: [], checked: { records: 100, images: 0 } });
  }
}));

test('is aborted by its signal', async () => {
  const db = await databases.open();
  const reason = new Error('enough');
  await expect(db.verify({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  await expect(db.verify({ depth: 3 })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'options.depth' });
});
