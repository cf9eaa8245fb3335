'use strict';

// open(path, { readOnly: true }): every read works, every write is refused, and the file and its folder stay as they are.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { AgentMemError, asNobody, errorOf, open, openSync, thrownBy, useDatabases } = require('./support/database');

const databases = useDatabases();

const LIB = JSON.stringify(path.join(__dirname, '..', 'lib'));
const filesBeside = (file) => fs.readdirSync(path.dirname(file)).sort();

/** A closed file with a collection 'notes' of two records. */
async function makeFile() {
  const file = databases.file();
  const db = await open(file);
  const notes = await db.collection('notes', { dimensions: 2, metric: 'l2' });
  await notes.addMany([
    { id: 'a', vector: [1, 0], text: 'one', metadata: { n: 1 } },
    { id: 'b', vector: [0, 1], text: 'two', metadata: { n: 2 } },
  ]);
  await db.close();
  return file;
}

/** What another process does to the file. */
function elsewhere(file, body) {
  const script = `
    const { openSync } = require(${LIB});
    const db = openSync(${JSON.stringify(file)});
    const notes = db.getCollectionSync('notes');
    ${body}
    db.closeSync();`;
  execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
}

describe('a read-only handle', () => {
  let file, bytes, db, notes;
  beforeEach(async () => {
    file = await makeFile();
    bytes = fs.readFileSync(file);
    db = await databases.open(file, { readOnly: true });
    notes = await db.getCollection('notes');
  });

  test('answers every read, in both forms', async () => {
    expect(await (await db.collection('notes', { dimensions: 2 })).get('a')).toMatchObject({ text: 'one', metadata: { n: 1 } });
    expect(db.collectionSync('notes').getSync('b')).toMatchObject({ text: 'two' });
    expect(await db.listCollections()).toEqual(db.listCollectionsSync());
    expect([await notes.has('a'), notes.hasSync('c')]).toEqual([true, false]);
    expect([await notes.count(), await notes.count({ n: 2 }), notes.countSync()]).toEqual([2, 1, 2]);
    expect((await notes.search({ vector: [1, 0.1] })).map((hit) => hit.id)).toEqual(['a', 'b']);
    expect(notes.searchSync({ vector: [0, 1], k: 1, filter: { n: { $lt: 2 } } }).map((hit) => hit.id)).toEqual(['a']);
    expect(await notes.searchMany([{ vector: [1, 0], k: 1 }])).toHaveLength(1);
    expect((await notes.find({ limit: 1 })).records).toHaveLength(1);
    const scanned = [];
    for await (const { id } of notes.scan()) scanned.push(id);
    expect(scanned).toEqual(['a', 'b']);
    await notes.indexed();
    expect((await notes.stats()).records).toBe(2);
    expect([(await db.stats()).readOnly, db.statsSync().readOnly]).toEqual([true, true]);
  });

  test('takes a backup, which can be written to', async () => {
    const copy = databases.file('copy.db');
    await db.backup(copy);
    await (await (await databases.open(copy)).collection('notes')).add({ id: 'c', vector: [1, 1] });
    expect(await notes.count()).toBe(2);
  });

  const writes = {
    add: [(c) => c.add({}), (c) => c.addSync({})],
    upsert: [(c) => c.upsert({ id: 'a' }), (c) => c.upsertSync({ id: 'a' })],
    addMany: [(c) => c.addMany([{}]), (c) => c.addManySync([{}])],
    'addMany of nothing': [(c) => c.addMany([]), (c) => c.addManySync([])],
    upsertMany: [(c) => c.upsertMany({ ids: ['a'] }), (c) => c.upsertManySync({ ids: ['a'] }, { onConflict: 'skip' })],
    patch: [(c) => c.patch('a', { text: null }), (c) => c.patchSync('a', { text: null })],
    delete: [(c) => c.delete('a'), (c) => c.deleteSync('a')],
    'delete of what is not there': [(c) => c.delete('z'), (c) => c.deleteSync('z')],
    deleteWhere: [(c) => c.deleteWhere({}), (c) => c.deleteWhereSync({})],
    batch: [(c, d) => d.batch([{ type: 'delete', collection: c, id: 'a' }]), (c, d) => d.batchSync([{ type: 'add', collection: c, record: {} }])],
    createCollection: [(c, d) => d.createCollection('new'), (c, d) => d.createCollectionSync('new')],
    'collection of one that is not there': [(c, d) => d.collection('new'), (c, d) => d.collectionSync('new')],
    deleteCollection: [(c, d) => d.deleteCollection('notes'), (c, d) => d.deleteCollectionSync('notes')],
  };

  test.each(Object.entries(writes))('refuses %s, saying what to do, and changes nothing', async (_, [write, writeSync]) => {
    const promise = write(notes, db); // Throwing instead would fail the test here.
    for (const error of [await errorOf(promise), thrownBy(() => writeSync(notes, db))]) {
      expect(error).toBeInstanceOf(AgentMemError);
      expect(error.code).toBe('ERR_READ_ONLY');
      expect(error.message).toMatch(/^(Collection|Database)\.\w+\(\): .*without readOnly/);
    }
    expect(await notes.count()).toBe(2);
    await db.close();
    expect(fs.readFileSync(file).equals(bytes)).toBe(true);
    expect(filesBeside(file)).toEqual(['memory.db']);
  });

  test('still names a wrong argument first', async () => {
    expect(await errorOf(notes.add({ id: 5 }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'record.id' });
  });

  test('sees what another process commits', async () => {
    elsewhere(file, "notes.addSync({ id: 'c', vector: [3, 3] }); notes.deleteSync('a');");
    expect((await notes.search({ vector: [3, 3] })).map((hit) => hit.id)).toEqual(['c', 'b']);
    elsewhere(file, "db.createCollectionSync('more');");
    expect((await db.listCollections()).map((info) => info.name)).toEqual(['more', 'notes']);
  });

  test('stays read-only beside a handle that writes in this process, and sees what that one commits', async () => {
    const writer = await databases.open(file);
    await (await writer.collection('notes')).add({ id: 'c', vector: [3, 3] });
    expect(await notes.count()).toBe(3);
    expect((await errorOf(notes.add({}))).code).toBe('ERR_READ_ONLY');
    await writer.close();
    expect(await notes.has('c')).toBe(true);
  });
});

test('a read-only handle shares the engine of one that writes, and the flag is its own', async () => {
  const file = await makeFile();
  const writer = await databases.open(file);
  const before = writer.statsSync().engines;
  const reader = await databases.open(file, { readOnly: true });
  expect(writer.statsSync()).toMatchObject({ engines: before, readOnly: false });
  expect(reader.statsSync()).toMatchObject({ engines: before, readOnly: true });
  const [mine, theirs] = [await writer.collection('notes'), await reader.collection('notes')];
  expect((await errorOf(theirs.delete('a'))).code).toBe('ERR_READ_ONLY');
  await mine.delete('a');
  expect(await theirs.has('a')).toBe(false);
  await writer.close();
  expect(await theirs.count()).toBe(1);
  expect((await errorOf(theirs.delete('b'))).code).toBe('ERR_READ_ONLY');
});

describe('opening read-only', () => {
  test('creates nothing: a file that is not there is ERR_NOT_FOUND', async () => {
    const file = databases.file();
    for (const each of [file, path.join(file, 'in', 'no', 'folder')]) {
      expect(await errorOf(open(each, { readOnly: true }))).toMatchObject({ code: 'ERR_NOT_FOUND', argument: 'path' });
      expect(thrownBy(() => openSync(each, { readOnly: true })).code).toBe('ERR_NOT_FOUND');
    }
    fs.writeFileSync(file, '');
    expect(await errorOf(open(file, { readOnly: true }))).toMatchObject({ code: 'ERR_NOT_FOUND', path: fs.realpathSync(file) });
    expect(fs.statSync(file).size).toBe(0);
    expect(filesBeside(file)).toEqual(['memory.db']);
  });

  test("of ':memory:' is refused: there is nothing to read", async () => {
    const refused = { code: 'ERR_INVALID_ARGUMENT', argument: 'options.readOnly' };
    expect(await errorOf(open(':memory:', { readOnly: true }))).toMatchObject(refused);
    expect((await databases.open(':memory:', { readOnly: false })).statsSync().readOnly).toBe(false);
  });

  test('reads what a process that ended without close() left in its log, and leaves it there', async () => {
    const file = await makeFile();
    elsewhere(file, "notes.addSync({ id: 'c', vector: [3, 3] }); process.exit();");
    const log = fs.readFileSync(`${file}-wal`);
    expect(log.length).toBeGreaterThan(0);
    const db = await databases.open(file, { readOnly: true });
    expect(await (await db.collection('notes')).has('c')).toBe(true);
    await db.close();
    expect(fs.readFileSync(`${file}-wal`).equals(log)).toBe(true);
  });
});

describe('where nobody may write', () => {
  const read = (file) => `
    const { open } = require(${LIB});
    (async () => {
      const db = await open(${JSON.stringify(file)}, { readOnly: true });
      const notes = await db.collection('notes');
      const hits = await notes.search({ vector: [1, 0] });
      const refused = await notes.add({}).catch((error) => error.code);
      await db.close();
      return [hits.map((hit) => hit.id).join(''), refused].join(' ');
    })().then(console.log, (error) => console.log(error.code, error.message));`;

  test.each([
    ['a read-only folder', 0o555, 0o644],
    ['a read-only file in a folder that can be written to', 0o777, 0o444],
    ['a read-only file in a read-only folder', 0o555, 0o444],
  ])('%s is read from, and left as it is', async (_, folderMode, fileMode) => {
    const file = await makeFile();
    const bytes = fs.readFileSync(file);
    fs.chmodSync(file, fileMode);
    fs.chmodSync(path.dirname(file), folderMode);
    const said = asNobody(read(file));
    fs.chmodSync(path.dirname(file), 0o755);
    expect(said).toBe('ab ERR_READ_ONLY');
    expect(fs.readFileSync(file).equals(bytes)).toBe(true);
    expect(filesBeside(file)).toEqual(['memory.db']);
  });

  test('a log that cannot be read is an error, not silence about the last writes', async () => {
    const file = await makeFile();
    fs.writeFileSync(`${file}-wal`, 'a log of whatever kind');
    fs.chmodSync(path.dirname(file), 0o555);
    const said = asNobody(read(file));
    fs.chmodSync(path.dirname(file), 0o755);
    expect(said).toMatch(/^ERR_IO .*open it once without readOnly/);
  });

  test('a file in a folder that may not be looked into is ERR_IO', async () => {
    const file = await makeFile();
    fs.chmodSync(path.dirname(file), 0o000);
    const said = asNobody(read(file));
    fs.chmodSync(path.dirname(file), 0o755);
    expect(said).toMatch(/^ERR_IO/);
  });
});
