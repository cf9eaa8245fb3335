'use strict';

// A file that is replaced or removed while it is open.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { errorOf, open, openSync, thrownBy, useDatabases } = require('./support/database');

const databases = useDatabases();

/** A closed database whose collection 'c' has a record of that id. */
async function makeFile(id) {
  const file = databases.file();
  const db = await open(file);
  await (await db.collection('c', { dimensions: 1 })).add({ id, vector: [1] });
  await db.close();
  return file;
}

async function idsIn(file) {
  const db = await open(file);
  const { records } = await (await db.collection('c')).find();
  await db.close();
  return records.map((record) => record.id);
}

const replace = {
  removed: (file) => fs.rmSync(file),
  'renamed away': (file) => fs.renameSync(file, `${file}.old`),
  'replaced by another database': async (file) => fs.renameSync(await makeFile('other'), file),
  'replaced by something else': (file) => {
    fs.rmSync(file);
    fs.writeFileSync(file, 'no database');
  },
};

describe.each(Object.entries(replace))('when the file is %s', (_, change) => {
  test.each([[true], [false]])('every call is ERR_IO, and close() works (readOnly: %s)', async (readOnly) => {
    const file = await makeFile('a');
    const db = await databases.open(file, { readOnly });
    const c = await db.collection('c');
    await change(file);
    const calls = [
      () => c.get('a'),
      () => c.search({ vector: [1] }),
      () => c.count(),
      () => c.find(),
      () => c.scan().next(),
      () => db.listCollections(),
      () => db.collection('c'),
      () => db.backup(`${file}.backup`),
      ...(readOnly ? [] : [() => c.add({ id: 'b' }), () => c.deleteWhere({}), () => db.createCollection('d'), () => db.deleteCollection('c')]),
    ];
    const told = { code: 'ERR_IO', path: path.join(fs.realpathSync(path.dirname(file)), path.basename(file)) };
    for (const call of calls) expect(await errorOf(call)).toMatchObject({ ...told, message: expect.stringContaining('open it again') });
    expect(thrownBy(() => c.getSync('a'))).toMatchObject(told);
    if (!readOnly) expect(thrownBy(() => c.addSync({}))).toMatchObject(told);
    expect(fs.existsSync(`${file}.backup`)).toBe(false);
    await db.close();
    expect((await errorOf(c.count())).code).toBe('ERR_CLOSED');
  });
});

test('another handle is refused too until every one is closed; then the new file is open', async () => {
  const [file, other] = [await makeFile('old'), await makeFile('new')];
  const [first, second] = [await databases.open(file), await databases.open(file)];
  fs.renameSync(other, file);
  expect(await errorOf(open(file))).toMatchObject({ code: 'ERR_IO' });
  await first.close();
  expect(thrownBy(() => openSync(file))).toMatchObject({ code: 'ERR_IO' });
  await second.close();
  expect(await idsIn(file)).toEqual(['new']);
});

test('what was written last goes with the file that was renamed, and nothing of it into the new one', async () => {
  const [file, other] = [await makeFile('old'), await makeFile('new')];
  const db = await databases.open(file);
  await (await db.collection('c')).add({ id: 'last', vector: [2] }); // In the log only.
  fs.renameSync(file, `${file}.old`);
  fs.renameSync(other, file);
  await db.close();
  expect(await idsIn(file)).toEqual(['new']);
  expect(await idsIn(`${file}.old`)).toEqual(['old', 'last']);
});

test('a file that is written to in place, by another process, is the same file', async () => {
  const file = await makeFile('a');
  const db = await databases.open(file);
  const c = await db.collection('c');
  const lib = JSON.stringify(path.join(__dirname, '..', 'lib'));
  execFileSync(process.execPath, ['-e', `
    const db = require(${lib}).openSync(${JSON.stringify(file)});
    db.collectionSync('c').addSync({ id: 'b' });
    db.closeSync();`]);
  expect(await c.count()).toBe(2);
});
