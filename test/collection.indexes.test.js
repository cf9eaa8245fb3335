'use strict';

// Declared field indexes: kept in the file, added to when a collection is opened with more, shown in stats(), and right whatever
// is written. And filtered search, which stands on them, from every record down to hardly one.

const { clusteredVectors, errorOf, integer, rowOf, seeded, useDatabases } = require('./support/database');

const databases = useDatabases();
const declared = async (c) => (await c.stats()).indexes.filter((index) => index.declared).map((index) => index.path);

describe('declared indexes', () => {
  test('are kept in the file, ascending and each once, and may be added to', async () => {
    const file = databases.file();
    let db = await databases.open(file);
    await db.collection('c', { indexes: ['year', 'tags', 'year'] });
    expect(await db.listCollections()).toMatchObject([{ name: 'c', indexes: ['tags', 'year'] }]);
    await db.close();

    db = await databases.open(file);
    const { changeVersion } = await db.stats();
    expect(await declared(await db.collection('c'))).toEqual(['tags', 'year']);
    expect(await declared(await db.collection('c', { indexes: ['year'] }))).toEqual(['tags', 'year']);
    expect((await db.stats()).changeVersion).toBe(changeVersion);
    const c = await db.collection('c', { indexes: ['at.deep'] });
    expect(await declared(c)).toEqual(['at.deep', 'tags', 'year']);
    expect((await db.stats()).changeVersion).toBe(changeVersion + 1);
    await c.add({ id: 'a', metadata: { year: 5 } });
    await db.close();

    db = await databases.open(file, { readOnly: true });
    const again = await db.collection('c', { indexes: ['year'] });
    expect(await declared(again)).toEqual(['at.deep', 'tags', 'year']);
    expect(await again.count({ year: 5 })).toBe(1);
  });

  test('added beside writes and by many at once are all there', async () => {
    const db = await databases.open(databases.file());
    const c = await db.collection('c');
    const opens = Array.from({ length: 20 }, (_, i) => db.collection('c', { indexes: [`p${i}`, 'n'] }));
    const adds = Array.from({ length: 50 }, (_, i) => c.add({ id: `r${i}`, metadata: { n: i % 7, p3: i } }));
    await Promise.all([...opens, ...adds]);
    expect((await declared(c)).length).toBe(21);
    expect(await c.count({ n: 3 })).toBe(7);
    const other = await databases.open(db.path);
    expect((await declared(await other.getCollection('c'))).length).toBe(21);
  });

  test('more than 32 are refused, also one after the other', async () => {
    const db = await databases.open();
    const paths = Array.from({ length: 32 }, (_, i) => `p${i}`);
    await db.collection('c', { indexes: paths });
    expect(await errorOf(db.collection('c', { indexes: ['one more'] }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'options.indexes' });
  });

  test('go out and come in with an export', async () => {
    const db = await databases.open();
    await db.collection('c', { indexes: ['year', 'tags'] });
    const other = await databases.open();
    await other.importJsonl(db.exportJsonl());
    expect((await other.listCollections())[0].indexes).toEqual(['tags', 'year']);
  });

  test('stats() tells path, different values and memory, of those asked for too', async () => {
    const c = await (await databases.open()).collection('c', { indexes: ['year'] });
    expect((await c.stats()).indexes).toMatchObject([{ path: 'year', declared: true, distinct: 0 }]);
    await c.addMany(Array.from({ length: 100 }, (_, i) => ({ metadata: { year: 2000 + (i % 10), topic: `t${i % 4}` } })));
    await c.count({ year: 2001, topic: 't1' });
    expect((await c.stats()).indexes).toMatchObject([{ path: 'topic', declared: false, distinct: 4 }, { path: 'year', declared: true, distinct: 10 }]);
    expect((await c.stats()).indexes.every((index) => index.memoryBytes > 0)).toBe(true);
    for (let i = 0; i < 70; i++) await c.count({ [`other${i}`]: 1 });
    expect(await declared(c)).toEqual(['year']);
    expect((await c.stats()).indexes.length).toBeLessThanOrEqual(65);
  });
});

describe('a cursor of sorted pages', () => {
  const numbered = (n) => Array.from({ length: n }, (_, i) => ({ id: `r${i}`, metadata: { n: i % 5, title: `t${i}` } }));

  test('goes on where the page ended, whatever was written and deleted meanwhile', seeded(async (random) => {
    const c = await (await databases.open()).collection('c');
    await c.addMany(numbered(200));
    const seen = [];
    let cursor;
    do {
      const page = await c.find({ orderBy: ['-n', 'title'], limit: 7, include: [], ...(cursor && { cursor }) });
      seen.push(...page.records.map((record) => record.id));
      ({ cursor } = page);
      await c.delete(page.records.at(-1).id);
      await c.upsert({ id: `new${seen.length}`, metadata: { n: integer(random, 5), title: 'x' } });
      await c.upsert({ id: `r${seen.length}`, text: 'again', metadata: { n: seen.length % 5, title: `t${seen.length}` } });
    } while (cursor !== undefined);
    const old = seen.filter((id) => id.startsWith('r'));
    expect(new Set(old).size).toBe(200);
    expect(old.length).toBe(200);
  }));

  test('that is long, or of a deep value, goes on as well', async () => {
    const c = await (await databases.open()).collection('c');
    const values = ['x'.repeat(1e6), { b: [{ c: [[1]] }] }, [[], [2]], [], null, true, -1.5e-300, 'ü😀', {}];
    await c.addMany(values.map((a, i) => ({ id: `r${i}`, metadata: { a } })));
    const seen = [];
    for (let cursor; seen.length < values.length; ) {
      const page = await c.find({ orderBy: 'a', limit: 1, ...(cursor && { cursor }) });
      seen.push(page.records[0].id);
      ({ cursor } = page);
    }
    expect(seen).toEqual(['r3', 'r4', 'r6', 'r0', 'r7', 'r8', 'r1', 'r2', 'r5']);
  });

  test('from anywhere is refused or taken, by name', seeded(async (random) => {
    const c = await (await databases.open()).collection('c');
    await c.addMany(numbered(50));
    const { cursor } = await c.find({ orderBy: 'n', limit: 3 });
    const json = Buffer.from(cursor.slice(3), 'base64url').toString();
    const refused = { code: 'ERR_INVALID_ARGUMENT', argument: 'query.cursor' };
    const by = (text) => `by-${Buffer.from(text).toString('base64url')}`;
    expect(await errorOf(c.find({ orderBy: '-n', cursor }))).toMatchObject(refused);
    expect(await errorOf(c.find({ orderBy: ['n', 'title'], cursor }))).toMatchObject(refused);
    expect(await errorOf(c.find({ cursor }))).toMatchObject(refused);
    expect(await errorOf(c.find({ orderBy: 'n', cursor: 'row-3' }))).toMatchObject(refused);
    for (const text of ['', '{', '[]', 'null', '5', '{}', '{"by":["+n"],"keys":[],"row":1}', '{"by":["+n"],"keys":[[1,2]],"row":1}',
      '{"by":["+n"],"keys":[[1]],"row":-1}', '{"by":["+n"],"keys":[[1]],"row":1.5}', '{"by":["+n"],"keys":[1],"row":1}', '{"by":[5],"keys":[[1]],"row":1}',
      `{"by":["+n"],"keys":[[${'['.repeat(200)}${']'.repeat(200)}]],"row":1}`, '['.repeat(1e5)]) {
      expect(await errorOf(c.find({ orderBy: 'n', cursor: by(text) }))).toMatchObject(refused);
    }
    for (let i = 0; i < 300; i++) {
      const at = integer(random, json.length);
      const changed = json.slice(0, at) + String.fromCharCode(32 + integer(random, 95)) + json.slice(at + integer(random, 3));
      const error = await errorOf(c.find({ orderBy: 'n', cursor: by(changed) }).then(() => Promise.reject(new Error('taken'))));
      if (error.message !== 'taken') expect(error).toMatchObject(refused);
    }
  }));
});

describe('a search within a filter', () => {
  const N = 20_000;
  const DIMENSIONS = 8;
  let c;
  let vectors;

  async function filled() {
    if (c !== undefined) return c;
    await seeded(async (random) => {
      c = await (await databases.open()).collection('c', { dimensions: DIMENSIONS, metric: 'l2', hnsw: { minSize: 1000 } });
      vectors = clusteredVectors(random, N, DIMENSIONS);
      // In no order of place or time: 7919 has no factor in common with N.
      await c.addMany({ vectors, metadatas: Array.from({ length: N }, (_, i) => ({ n: (i * 7919) % N })), ids: Array.from({ length: N }, (_, i) => `r${i}`) });
      await c.indexed();
    })();
    return c;
  }

  function nearest(query, allowed) {
    const distance = (i) => {
      const row = rowOf(vectors, DIMENSIONS, i);
      return row.reduce((sum, x, j) => sum + (x - query[j]) ** 2, 0);
    };
    return Array.from({ length: N }, (_, i) => i).filter(allowed).map((i) => ({ id: `r${i}`, distance: Math.sqrt(distance(i)) })).sort((a, b) => a.distance - b.distance);
  }

  // One after the other on one collection, for it takes seconds to make.
  test('is brute force among what matches, from 100 % to 0.01 %', seeded(async (random) => {
    await filled();
    for (const percent of [100, 50, 10, 1, 0.1, 0.01]) {
      const most = Math.max(1, Math.round((N * percent) / 100));
      let found = 0;
      let wanted = 0;
      for (let i = 0; i < 10; i++) {
        const query = rowOf(vectors, DIMENSIONS, integer(random, N));
        const best = nearest(query, (row) => (row * 7919) % N < most).slice(0, 10);
        const filter = i % 2 === 0 ? { n: { $lt: most } } : `n < ${most}`;
        const exact = await c.search({ vector: query, filter, exact: true, include: [] });
        expect(exact.length).toBe(Math.min(10, most));
        exact.forEach((hit, j) => expect(hit.distance).toBeCloseTo(best[j].distance, 3));
        const hits = await c.search({ vector: query, filter, ef: 200, include: [] });
        expect(hits.length).toBe(Math.min(10, most));
        found += hits.filter((hit) => hit.distance <= best.at(-1).distance + 1e-4).length;
        wanted += best.length;
      }
      expect({ percent, recall: found / wanted }).toEqual({ percent, recall: expect.any(Number) });
      expect(found / wanted).toBeGreaterThanOrEqual(0.95);
    }
  }), 60_000);
});
