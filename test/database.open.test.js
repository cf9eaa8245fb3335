'use strict';

// Opening: files, sharing, and what is refused.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { asNobody, errorOf, open, openSync, thrownBy, useDatabases } = require('./support/database');

const databases = useDatabases();

const enginesOpen = () => {
  const probe = openSync(':memory:');
  const { engines } = probe.statsSync();
  probe.closeSync();
  return engines - 1;
};

describe('a file', () => {
  test('what was written is there after closing and opening again', async () => {
    const file = databases.file();
    const first = await databases.open(file);
    const notes = await first.collection('notes', { dimensions: 2, metric: 'l2' });
    const { version } = await notes.add({ id: 'a', vector: [1, 2], text: 'hello', metadata: { n: 1 } });
    const before = await notes.get('a', { include: ['text', 'metadata', 'vector'] });
    await first.close();

    const second = await databases.open(file);
    const again = await second.getCollection('notes');
    expect(await again.get('a', { include: ['text', 'metadata', 'vector'] })).toEqual(before);
    expect(before.version).toBe(version);
    expect((await again.search({ vector: [1, 2] }))[0]).toMatchObject({ id: 'a', distance: 0, text: 'hello' });
  });

  test('the versions go on where they stopped', async () => {
    const file = databases.file();
    const first = await databases.open(file);
    const { version } = await (await first.collection('c')).add({ id: 'a' });
    await first.close();
    const second = await databases.open(file);
    expect(await (await second.collection('c')).add({ id: 'b' })).toEqual({ id: 'b', version: version + 1 });
  });

  test('the last close leaves one file and no log beside it', async () => {
    const file = databases.file();
    const db = await databases.open(file);
    await (await db.collection('c')).add({ id: 'a' });
    expect(fs.readdirSync(path.dirname(file)).length).toBeGreaterThan(1);
    await db.close();
    expect(fs.readdirSync(path.dirname(file))).toEqual(['memory.db']);
  });

  test('an empty file becomes a database', async () => {
    const file = databases.file();
    fs.writeFileSync(file, '');
    const db = await databases.open(file);
    expect(await db.listCollections()).toEqual([]);
    expect(db.statsSync().fileBytes).toBeGreaterThan(0);
  });

  test('a name with spaces, umlauts, quotes and emoji is a name like any other', async () => {
    const file = databases.file("it's a naïve 'file' ? 100% #1 😀.db");
    const db = await databases.open(file);
    await (await db.collection('c')).add({ id: 'a' });
    await db.close();
    expect(fs.readdirSync(path.dirname(file))).toEqual([path.basename(file)]);
  });

  test('openSync opens the same file with the same content', async () => {
    const file = databases.file();
    const first = databases.openSync(file, { durability: 'normal' });
    first.collectionSync('c').addSync({ id: 'a', text: 'x' });
    first.closeSync();
    const second = databases.openSync(file);
    expect(second.getCollectionSync('c').getSync('a').text).toBe('x');
  });
});

describe('":memory:"', () => {
  test('every handle has a database of its own, which leaves no file', async () => {
    const before = fs.readdirSync('.');
    const [a, b] = [await databases.open(), await databases.open()];
    await a.collection('c');
    expect(await b.listCollections()).toEqual([]);
    expect(a.path).toBe(':memory:');
    expect(fs.readdirSync('.')).toEqual(before);
  });
});

describe('two handles on one path', () => {
  test('share one engine: what one has written the other reads at once', async () => {
    const file = databases.file();
    const before = enginesOpen();
    const [a, b] = [await databases.open(file), await databases.open(file)];
    expect(enginesOpen() - before).toBe(1);
    await (await a.collection('c', { dimensions: 1, metric: 'l2' })).add({ id: 'x', vector: [1] });
    const seen = await b.getCollection('c');
    expect((await seen.search({ vector: [1] })).map((hit) => hit.id)).toEqual(['x']);
    expect(b.statsSync().changeVersion).toBe(a.statsSync().changeVersion);
  });

  test.each([
    ['another spelling of the path', (file) => path.join(path.dirname(file), '.', 'x', '..', path.basename(file))],
    ['a relative path', (file) => path.relative(process.cwd(), file)],
    ['a link to the file', (file) => linkTo(file, path.join(path.dirname(file), 'link.db'))],
    ['a link to its folder', (file) => path.join(linkTo(path.dirname(file), `${path.dirname(file)}-link`), path.basename(file))],
  ])('%s is the same path', async (_, respell) => {
    const file = databases.file();
    const before = enginesOpen();
    const first = await databases.open(file);
    fs.mkdirSync(path.join(path.dirname(file), 'x'));
    const other = respell(file);
    const second = await databases.open(other);
    if (other.includes('-link')) fs.rmSync(`${path.dirname(file)}-link`);
    expect(enginesOpen() - before).toBe(1);
    expect(second.path).toBe(first.path);
  });

  test('a link made before its file exists is the same path too', async () => {
    const file = databases.file();
    const before = enginesOpen();
    const link = linkTo(file, path.join(path.dirname(file), 'link.db'));
    await databases.open(link);
    await databases.open(file);
    await databases.open(link);
    expect(enginesOpen() - before).toBe(1);
  });

  test('closing one leaves the other at work, and the last close ends the engine', async () => {
    const file = databases.file();
    const before = enginesOpen();
    const [a, b] = [await databases.open(file), await databases.open(file)];
    const notes = await b.collection('c');
    await a.close();
    await notes.add({ id: 'x' });
    expect(await notes.count()).toBe(1);
    await b.close();
    expect(enginesOpen()).toBe(before);
  });

  test('disagree about durability: the second is refused, and the option named', async () => {
    const file = databases.file();
    await databases.open(file, { durability: 'normal' });
    const refused = { code: 'ERR_INVALID_ARGUMENT', argument: 'options.durability' };
    expect(await errorOf(open(file, { durability: 'full' }))).toMatchObject(refused);
    expect(thrownBy(() => openSync(file, { durability: 'full' }))).toMatchObject(refused);
    expect((await databases.open(file)).statsSync().durability).toBe('normal');
  });

  test('100 openings at once give one engine', async () => {
    const file = databases.file();
    const before = enginesOpen();
    const handles = await Promise.all(Array.from({ length: 100 }, () => databases.open(file)));
    expect(enginesOpen() - before).toBe(1);
    await Promise.all(handles.map((handle) => handle.close()));
    expect(enginesOpen()).toBe(before);
  });
});

function linkTo(target, link) {
  fs.symlinkSync(target, link);
  return link;
}

describe('what cannot be opened', () => {
  test('a folder is refused with its path', async () => {
    const folder = databases.folder();
    expect(await errorOf(open(folder))).toMatchObject({ code: 'ERR_IO', path: fs.realpathSync(folder) });
    expect(thrownBy(() => openSync(folder))).toMatchObject({ code: 'ERR_IO' });
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test('a file in a folder that does not exist is refused, and no folder made', async () => {
    const folder = databases.folder();
    const error = await errorOf(open(path.join(folder, 'no', 'such.db')));
    expect(error).toMatchObject({ code: 'ERR_IO', path: path.join(folder, 'no') });
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test.each([
    ['a name of 300 bytes', () => 'x'.repeat(300)],
    ['a path of 10,000 bytes', () => path.join(databases.folder(), 'a/'.repeat(5000), 'x.db')],
    ['links in a circle', () => circle(databases.folder())],
    ['a device', () => '/dev/zero'],
    ['a pipe', () => pipeIn(databases.folder())],
  ])('%s is refused with its path', async (_, target) => {
    const file = target();
    const error = await errorOf(open(file));
    expect(error).toMatchObject({ code: 'ERR_IO', path: expect.any(String) });
    expect(error.message).toContain(error.path);
    expect(thrownBy(() => openSync(file))).toMatchObject({ code: 'ERR_IO' });
  });

  function circle(folder) {
    linkTo(path.join(folder, 'b'), path.join(folder, 'a'));
    return linkTo(path.join(folder, 'a'), path.join(folder, 'b'));
  }

  function pipeIn(folder) {
    execFileSync('mkfifo', [path.join(folder, 'pipe')]);
    return path.join(folder, 'pipe');
  }

  test('a path through a file is refused', async () => {
    const file = databases.file();
    fs.writeFileSync(file, 'text');
    expect(await errorOf(open(path.join(file, 'x.db')))).toMatchObject({ code: 'ERR_IO' });
  });

  test.each([
    ['text', () => Buffer.from('Dear diary, this is no database at all.\n'.repeat(200)), 'ERR_CORRUPT'],
    ['a few bytes', () => Buffer.from('SQLite format 3'), 'ERR_CORRUPT'],
    ['noise', () => Buffer.alloc(8192, 0xa5), 'ERR_CORRUPT'],
    ["another program's database", foreignDatabase, 'ERR_UNSUPPORTED'],
  ])('%s is refused with the path of the file and left as it was', async (_, content, code) => {
    const file = databases.file();
    const bytes = await content(file);
    fs.writeFileSync(file, bytes);
    expect(await errorOf(open(file))).toMatchObject({ code, path: fs.realpathSync(file) });
    expect(thrownBy(() => openSync(file))).toMatchObject({ code });
    expect(fs.readFileSync(file).equals(bytes)).toBe(true);
    expect(fs.readdirSync(path.dirname(file))).toEqual(['memory.db']);
  });

  /** A good SQLite file with tables and no mark of ours: one of ours, with the mark taken out and the journal mode set back. */
  async function foreignDatabase(file) {
    const db = await open(file);
    await db.close();
    const bytes = fs.readFileSync(file);
    expect(bytes.readUInt32BE(68)).not.toBe(0);
    bytes.writeUInt32BE(0, 68); // application_id
    bytes.fill(1, 18, 20); // write and read version: rollback journal
    return bytes;
  }

  test.each(['file', 'folder'])('a read-only %s is refused with a typed error, and nothing is left behind', async (what) => {
    const file = databases.file();
    const db = await open(file);
    await db.close();
    const bytes = fs.readFileSync(file);
    if (what === 'file') {
      fs.chmodSync(path.dirname(file), 0o777);
      fs.chmodSync(file, 0o444);
    } else {
      fs.chmodSync(file, 0o644);
      fs.chmodSync(path.dirname(file), 0o555);
    }
    const said = asNobody(`
      const { open } = require(${JSON.stringify(path.join(__dirname, '..', 'lib'))});
      open(${JSON.stringify(file)}).then(
        (db) => db.collection('c').then(() => 'ok', (error) => error.code).finally(() => db.close()),
        (error) => error.code,
      ).then(console.log);`);
    fs.chmodSync(path.dirname(file), 0o755);
    expect(['ERR_IO', 'ERR_READ_ONLY']).toContain(said);
    expect(fs.readFileSync(file).equals(bytes)).toBe(true);
  });
});
