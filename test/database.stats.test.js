'use strict';

// What stats() tells.

const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');

const { useDatabases } = require('./support/database');

const databases = useDatabases();

describe('stats', () => {
  /** The members of an interface in index.d.ts, with those of objects inside as 'member.inner'. */
  function membersOf(name) {
    const file = path.join(__dirname, '..', 'index.d.ts');
    const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const found = source.statements.find((each) => ts.isInterfaceDeclaration(each) && each.name.text === name);
    const read = (members, prefix) =>
      members.flatMap((member) => {
        const own = prefix + member.name.getText(source);
        return ts.isTypeLiteralNode(member.type) ? [own, ...read(member.type.members, `${own}.`)] : [own];
      });
    return read(found.members, '').sort();
  }

  // A record by operation has the keys it has; what is under each is tested on its own.
  const isObject = (key, inner) => typeof inner === 'object' && key !== 'operations';
  const keysOf = (value, prefix = '') =>
    Object.entries(value)
      .flatMap(([key, inner]) => [prefix + key, ...(isObject(key, inner) ? keysOf(inner, `${prefix}${key}.`) : [])])
      .sort();

  test('tell how long the calls of each operation took', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    for (let i = 0; i < 20; i++) await c.add({ id: `r${i}` });
    const { operations } = (await db.stats()).queue;
    expect(operations['Collection.add'].count).toBeGreaterThanOrEqual(20);
    for (const each of Object.values(operations)) {
      expect(Object.keys(each).sort()).toEqual(membersOf('OperationStats'));
      expect(each.p50Ms).toBeLessThanOrEqual(each.p95Ms);
      expect(each.p95Ms).toBeLessThanOrEqual(each.p99Ms);
    }
  });

  test('of a database has exactly the members index.d.ts promises, in both forms', async () => {
    const db = await databases.open(databases.file());
    expect(keysOf(await db.stats())).toEqual(membersOf('DatabaseStats'));
    expect(keysOf(db.statsSync())).toEqual(membersOf('DatabaseStats'));
  });

  test('of a collection has exactly the members index.d.ts promises, in both forms', async () => {
    const file = databases.file();
    const before = await databases.open(file);
    await (await before.collection('c', { dimensions: 2, hnsw: { minSize: 0 } })).add({ vector: [1, 0] });
    await before.close();
    const c = await (await databases.open(file)).collection('c');
    // Words that say one thing, and vectors that say another: stats() warns.
    const records = Array.from({ length: 60 }, (_, i) => ({ vector: [Math.cos(i), Math.sin(i)], text: `topic${i % 5}` }));
    await c.addMany(records);
    await c.search({ text: 'topic1', vector: [1, 0] });
    expect(keysOf(await c.stats())).toEqual(membersOf('CollectionStats'));
    expect(keysOf(c.statsSync())).toEqual(membersOf('CollectionStats'));
  });

  test('of a database count what is in it', async () => {
    const file = databases.file();
    const db = await databases.open(file, { durability: 'normal' });
    const before = await db.stats();
    const a = await db.collection('a');
    await db.collection('b');
    await a.addMany([{}, {}, {}]);
    const after = await db.stats();
    expect(before).toMatchObject({ path: fs.realpathSync(file), storageMode: 'shared', durability: 'normal', collections: 0, records: 0 });
    expect(after).toMatchObject({ collections: 2, records: 3, changeVersion: before.changeVersion + 3 });
    expect(after.fileBytes + after.walBytes).toBeGreaterThan(0);
  });

  test('of a database in memory say so', async () => {
    const db = await databases.open();
    expect(await db.stats()).toMatchObject({ path: ':memory:', storageMode: 'single', durability: 'full', fileBytes: 0, walBytes: 0 });
  });

  test('of the scheduler never show more workers than its limit', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    await Promise.all(Array.from({ length: 500 }, (_, i) => (i % 2 ? c.add({}) : c.count())));
    const { queue } = await db.stats();
    expect(queue.workersMax).toBeGreaterThan(0);
    expect(queue.workersMax).toBeLessThanOrEqual(queue.workerLimit);
    expect(queue.writeCalls).toBeGreaterThanOrEqual(queue.writeGroups);
  });
});
