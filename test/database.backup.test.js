'use strict';

// backup(): a copy of one state, while reads and writes go on.

const fs = require('node:fs');
const path = require('node:path');

const { useDatabases, errorOf } = require('./support/database');

const databases = useDatabases();

const RECORDS = 4000;
const TEXT = 'a text that fills the pages of the file '.repeat(20);

async function filled() {
  const file = databases.file();
  const db = await databases.open(file);
  const c = await db.collection('c', { dimensions: 2 });
  await c.addMany(Array.from({ length: RECORDS }, (_, n) => ({ id: `r${n}`, vector: [n, 1], text: TEXT, metadata: { n } })));
  return { db, c, file };
}

test('holds one state, whatever is written meanwhile, and tells how far it is', async () => {
  const { db, c, file } = await filled();
  const copy = `${file}.copy`;
  const told = [];
  const writes = [];
  const backup = db.backup(copy, { onProgress: (progress) => told.push(progress) });
  for (let n = 0; n < 50; n++) writes.push(db.batch([1, 2].map((part) => ({ type: 'add', collection: c, record: { id: `n${n}.${part}` } }))));
  await Promise.all([backup, ...writes]);
  expect(told.at(-1).done).toBe(told.at(-1).total);

  const opened = await databases.open(copy);
  const kept = await opened.getCollection('c');
  const added = (await kept.count()) - RECORDS;
  expect(added % 2).toBe(0); // No half of a batch.
  expect(added).toBeLessThanOrEqual(100);
  expect(await kept.get('r7')).toMatchObject({ text: TEXT, metadata: { n: 7 } });
  expect(await opened.verify()).toMatchObject({ ok: true });
  expect(await c.count()).toBe(RECORDS + 100);
});

test('leaves no file when it is aborted', async () => {
  const { db, file } = await filled();
  const reason = new Error('not now');
  const aborting = new AbortController();
  // One is copied at a time: the first may be whole before this thread comes to abort it, the second waits for it.
  const copies = [`${file}.copy1`, `${file}.copy2`];
  const copying = Promise.allSettled(copies.map((copy) => db.backup(copy, { signal: aborting.signal })));
  aborting.abort(reason);
  const [first, second] = await copying;
  expect(second.reason).toBe(reason);
  const isWhole = first.status === 'fulfilled';
  expect(isWhole || first.reason).toBe(isWhole || reason);
  const left = fs.readdirSync(path.dirname(file)).filter((name) => name.includes('copy'));
  expect(left).toEqual(isWhole ? [path.basename(copies[0])] : []);
});

test('names what is in its way', async () => {
  const { db, file } = await filled();
  const folder = path.join(fs.realpathSync(path.dirname(file)), 'none');
  expect(await errorOf(db.backup(path.join(folder, 'copy.db')))).toMatchObject({
    code: 'ERR_IO', path: folder, message: `Database.backup(): cannot open the folder ${folder}: No such file or directory`,
  });
  for (const taken of [file, `${file}-wal`, path.dirname(file)]) {
    expect(await errorOf(db.backup(taken))).toMatchObject({ code: 'ERR_ALREADY_EXISTS', argument: 'path', path: taken });
  }
  for (const no of [':memory:', '', 'a\0b', undefined, new URL('file:///tmp/copy.db')]) {
    expect(await errorOf(db.backup(no))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'path' });
  }
  expect(fs.existsSync(':memory:')).toBe(false);
});
