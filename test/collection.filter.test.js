'use strict';

// Reading by filter: find, scan, count, deleteWhere and filtered search agree with a plain evaluation.

const { clusteredVectors, errorOf, integer, pick, rowOf, seeded, thrownBy, useDatabases } = require('./support/database');

const databases = useDatabases();
const TOPICS = ['billing', 'travel', 'food', null];

function randomRecords(random, n, dimensions) {
  const vectors = clusteredVectors(random, n, dimensions);
  return Array.from({ length: n }, (_, i) => ({
    id: `r${i}`,
    vector: rowOf(vectors, dimensions, i),
    metadata: { year: 2000 + integer(random, 25), topic: pick(random, TOPICS), tags: [pick(random, ['a', 'b', 'c'])], at: { deep: i % 7 } },
  }));
}

// Each filter beside the same question asked of the metadata in JavaScript.
const QUESTIONS = [
  [{ year: 2010 }, (m) => m.year === 2010],
  [{ year: { $gte: 2010, $lt: 2015 } }, (m) => m.year >= 2010 && m.year < 2015],
  [{ topic: null }, (m) => m.topic === null],
  [{ topic: { $in: ['food', 'travel'] } }, (m) => ['food', 'travel'].includes(m.topic)],
  [{ topic: { $ne: 'food' } }, (m) => m.topic !== 'food'],
  [{ tags: 'a' }, (m) => m.tags.includes('a')],
  [{ 'at.deep': { $gt: 4 } }, (m) => m.at.deep > 4],
  [{ $or: [{ year: 2003 }, { $and: [{ tags: 'b' }, { 'at.deep': 0 }] }] }, (m) => m.year === 2003 || (m.tags.includes('b') && m.at.deep === 0)],
  [{ year: { $not: { $lte: 2020 } } }, (m) => !(m.year <= 2020)],
  [{ nowhere: { $exists: false }, year: { $nin: [2001, 2002] } }, (m) => ![2001, 2002].includes(m.year)],
  [{}, () => true],
  [{ year: 'text' }, () => false],
];

async function scanned(collection, query) {
  const ids = [];
  for await (const record of collection.scan(query)) ids.push(record.id);
  return ids;
}

describe('a filter', () => {
  test('finds, scans and counts exactly what a plain evaluation does, in the order records were first stored', seeded(async (random) => {
    const c = await (await databases.open()).collection('c', { dimensions: 4 });
    const records = randomRecords(random, 600, 4);
    await c.addMany(records);
    for (const [filter, matches] of QUESTIONS) {
      const expected = records.filter((record) => matches(record.metadata)).map((record) => record.id);
      expect((await c.find({ filter, limit: 10000 })).records.map((record) => record.id)).toEqual(expected);
      expect(await scanned(c, { filter, batchSize: 50 })).toEqual(expected);
      expect(await c.count(filter)).toBe(expected.length);
      expect(c.countSync(filter)).toBe(expected.length);
    }
  }));

  test.each([0, 5000])('in a search gives exactly min(k, matching) hits, the nearest of those that match (minSize %i)', (minSize) =>
    seeded(async (random) => {
      const c = await (await databases.open()).collection('c', { dimensions: 8, metric: 'l2', hnsw: { minSize } });
      const records = randomRecords(random, 2000, 8);
      await c.addMany(records);
      await c.indexed();
      for (const [filter, matches] of QUESTIONS) {
        const matching = records.filter((record) => matches(record.metadata));
        const query = { vector: pick(random, records).vector, k: 10, filter };
        const hits = await c.search({ ...query, ef: 400 });
        expect(hits.length).toBe(Math.min(10, matching.length));
        const ids = new Set(matching.map((record) => record.id));
        expect(hits.every((hit) => ids.has(hit.id))).toBe(true);
        const exact = await c.search({ ...query, exact: true });
        const found = hits.filter((hit) => hit.distance <= (exact.at(-1)?.distance ?? 0) + 1e-6).length;
        expect(found).toBeGreaterThanOrEqual(Math.floor(exact.length * 0.9));
      }
    })(),
  );

  test('compares system times with dates', async () => {
    const c = await (await databases.open()).collection('c');
    await c.add({ id: 'a', metadata: { day: new Date('2026-05-01') } });
    expect(await c.count({ $createdAt: { $lte: new Date(Date.now() + 1000) } })).toBe(1);
    expect(await c.count({ $createdAt: { $lt: new Date(0) } })).toBe(0);
    expect(await c.count({ day: { $gt: new Date('2026-04-30') } })).toBe(1);
    expect(await c.count({ $id: 'a', $version: { $gte: 1 } })).toBe(1);
  });

  test.each([
    [{ a: { $foo: 1 } }, 'filter.a.$foo'],
    [{ $or: [{ a: 1 }, { b: { $gtt: 2 } }] }, 'filter.$or[1].b.$gtt'],
    [{ $and: 'x' }, 'filter.$and'],
    [{ a: undefined }, 'filter.a'],
    [{ a: NaN }, 'filter.a'],
    [{ a: new Map() }, 'filter.a'],
    ['text', 'filter'],
    [5, 'filter'],
    [[], 'filter'],
  ])('that is wrong, %j, is refused by the path of what is wrong', async (filter, argument) => {
    const c = await (await databases.open()).collection('c');
    for (const call of [c.count(filter), c.deleteWhere(filter)]) {
      expect(await errorOf(call)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
    }
    expect(await errorOf(c.find({ filter }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: `query.${argument}` });
  });

  test('that is hostile is refused, and the database goes on', async () => {
    const c = await (await databases.open()).collection('c');
    let deep = { a: 1 };
    for (let i = 0; i < 10000; i++) deep = { $and: [deep] };
    const wide = { $or: Array.from({ length: 100000 }, (_, i) => ({ a: i })) };
    expect(await errorOf(c.count(deep))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect(await errorOf(c.count(wide))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect(await c.count()).toBe(0);
  });
});

describe('pages', () => {
  test('a cursor goes on where the page ended, whatever was written and deleted meanwhile', async () => {
    const c = await (await databases.open()).collection('c');
    await c.addMany(Array.from({ length: 30 }, (_, i) => ({ id: `r${i}` })));
    const first = await c.find({ limit: 10 });
    expect(first.records.map((record) => record.id)).toEqual(Array.from({ length: 10 }, (_, i) => `r${i}`));
    await c.delete('r9');
    await c.delete('r10');
    await c.upsert({ id: 'r3', text: 'again' });
    await c.add({ id: 'late' });
    const seen = [];
    for (let { cursor } = first; cursor !== undefined; ) {
      const page = await c.find({ limit: 7, cursor });
      seen.push(...page.records.map((record) => record.id));
      ({ cursor } = page);
    }
    expect(seen).toEqual([...Array.from({ length: 19 }, (_, i) => `r${i + 11}`), 'late']);
  });

  test('the last page has no cursor, and an empty collection has an empty page', async () => {
    const c = await (await databases.open()).collection('c');
    expect(await c.find()).toEqual({ records: [] });
    await c.addMany([{ id: 'a' }, { id: 'b' }]);
    expect(await c.find({ limit: 2 })).not.toHaveProperty('cursor');
    expect(c.findSync({ limit: 1 })).toHaveProperty('cursor');
  });

  test('a record there throughout a scan comes exactly once, beside writers', async () => {
    const c = await (await databases.open()).collection('c');
    await c.addMany(Array.from({ length: 2000 }, (_, i) => ({ id: `keep${i}` })));
    const seen = [];
    let n = 0;
    for await (const record of c.scan({ batchSize: 100, include: [] })) {
      seen.push(record.id);
      if (n++ % 50 === 0) {
        await c.add({ id: `new${n}` });
        await c.upsert({ id: `keep${n % 2000}`, text: 'changed' });
      }
    }
    const kept = seen.filter((id) => id.startsWith('keep'));
    expect(kept.length).toBe(2000);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('a scan that is left early reads no more', async () => {
    const c = await (await databases.open()).collection('c');
    await c.addMany(Array.from({ length: 500 }, (_, i) => ({ id: `r${i}` })));
    const seen = [];
    for await (const record of c.scan({ batchSize: 10 })) {
      seen.push(record.id);
      if (seen.length === 15) break;
    }
    expect(seen.at(-1)).toBe('r14');
    expect(await c.count()).toBe(500);
  });

  test.each([['limit', 0], ['limit', 10001], ['limit', 1.5], ['cursor', 'x'], ['cursor', 5], ['include', ['nothing']], ['mayEndEarly', true], ['foo', 1]])(
    'find refuses %s: %p',
    async (option, value) => {
      const c = await (await databases.open()).collection('c');
      expect(await errorOf(c.find({ [option]: value }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: `query.${option}` });
    },
  );
});

test('findSync takes no signal and no deadline', async () => {
  const c = await (await databases.open()).collection('c');
  for (const option of [{ signal: new AbortController().signal }, { timeoutMs: 5 }]) {
    expect(thrownBy(() => c.findSync(option))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: `query.${Object.keys(option)[0]}` });
  }
});

describe('deleteWhere', () => {
  test('deletes exactly what matches, and says how many', seeded(async (random) => {
    const c = await (await databases.open(databases.file())).collection('c', { dimensions: 4 });
    const records = randomRecords(random, 300, 4);
    await c.addMany(records);
    const [filter, matches] = pick(random, QUESTIONS);
    const gone = records.filter((record) => matches(record.metadata));
    expect(await c.deleteWhere(filter)).toBe(gone.length);
    expect(await c.count()).toBe(records.length - gone.length);
    expect(await c.count(filter)).toBe(0);
    expect(c.deleteWhereSync({})).toBe(records.length - gone.length);
    expect((await c.search({ vector: records[0].vector })).length).toBe(0);
  }));

  test('beside other writes in the queue leaves them as they are', async () => {
    const c = await (await databases.open()).collection('c');
    await c.addMany(Array.from({ length: 100 }, (_, i) => ({ id: `old${i}`, metadata: { old: true } })));
    const writes = Array.from({ length: 50 }, (_, i) => c.add({ id: `new${i}`, metadata: { old: false } }));
    expect(await c.deleteWhere({ old: true })).toBe(100);
    await Promise.all(writes);
    expect(await c.count()).toBe(50);
  });

  test('wants a filter', async () => {
    const c = await (await databases.open()).collection('c');
    expect(await errorOf(c.deleteWhere())).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'filter' });
  });
});
