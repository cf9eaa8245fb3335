'use strict';

// The limits of queries, filters, pages and batches: each is taken at its value and refused one past it. Those of records and
// collections: arguments.open.test.js; of bulk calls: collection.bulk.test.js.

const { collect, errorOf, thrownBy, useDatabases } = require('./support/database');

const databases = useDatabases();
const many = (count, make) => Array.from({ length: count }, (_, i) => make(i));

async function collectionOf(count, options) {
  const c = await (await databases.open()).collection('c', options);
  await c.addMany({ ids: many(count, (i) => `r${i}`) });
  return c;
}

async function expectRefusal(call, argument, code = 'ERR_INVALID_ARGUMENT') {
  const error = await errorOf(call);
  expect(error).toMatchObject({ code, ...(argument && { argument }) });
}

describe('a filter', () => {
  const nested = (operators, inner) => many(operators, (i) => ['$and', '$or', '$nor', '$not'][i % 4]).reduce((filter, operator) => ({ [operator]: operator === '$not' ? filter : [filter] }), inner);
  const deep = (levels) => many(levels - 1, (i) => i).reduce((value, i) => (i % 2 ? { b: value } : [value]), 1);
  const path = (segments) => many(segments, () => 'a').join('.');
  // As JSON: {"a":"xxx"}.
  const ofBytes = (bytes) => ({ a: 'x'.repeat(bytes - 8) });

  test.each([
    ['32 operators inside one another', nested(32, { a: 1 }), nested(33, { a: 1 })],
    ['1,000 clauses in one list', { $or: many(1000, (i) => ({ a: i })) }, { $or: many(1001, (i) => ({ a: i })) }],
    ['1,000 clauses in one object', Object.fromEntries(many(1000, (i) => [`a${i}`, 1])), Object.fromEntries(many(1001, (i) => [`a${i}`, 1]))],
    ['1,000 clauses of one path', { $and: many(500, (i) => ({ a: { $gt: i, $lt: 5 } })) }, { $and: [{ b: 1 }, ...many(500, (i) => ({ a: { $gt: i, $lt: 5 } }))] }],
    ['1,000 empty filters', { $and: many(1000, () => ({})) }, { $and: many(1001, () => ({})) }],
    ['a path of 32 segments', { [path(32)]: 1 }, { [path(33)]: 1 }],
    ['a path of 512 bytes', { ['é'.repeat(256)]: 1 }, { [`${'é'.repeat(256)}a`]: 1 }],
    ['100 levels of JSON', { a: deep(100) }, { a: deep(101) }],
    ['1 MiB as JSON', ofBytes(2 ** 20), ofBytes(2 ** 20 + 1)],
    ['1 MiB of UTF-8 as JSON', { a: 'é'.repeat(2 ** 19 - 4) }, { a: 'é'.repeat(2 ** 19 - 3) }],
  ])('of %s', async (_, taken, refused) => {
    const c = await collectionOf(3);
    for (const call of [c.count(taken), c.find({ filter: taken }), collect(c.scan({ filter: taken }))]) await call;
    expect(await c.deleteWhere({ $and: [{ $id: 'nobody' }] })).toBe(0);
    await expectRefusal(c.count(refused));
    await expectRefusal(c.find({ filter: refused }));
    await expectRefusal(c.deleteWhere(refused));
    expect(thrownBy(() => c.countSync(refused)).code).toBe('ERR_INVALID_ARGUMENT');
    expect(await c.count()).toBe(3);
  });
});

test('a page of 10,000 records, and a scan in batches of as many', async () => {
  const c = await collectionOf(10_001);
  const { records, cursor } = await c.find({ limit: 10_000, include: [] });
  expect(records).toHaveLength(10_000);
  expect((await c.find({ cursor })).records.map((record) => record.id)).toEqual(['r10000']);
  expect(await collect(c.scan({ batchSize: 10_000, include: [] }))).toHaveLength(10_001);
  expect(await collect(c.scan({ batchSize: 1, include: [], filter: { $id: 'r1' } }))).toHaveLength(1);
  await expectRefusal(c.find({ limit: 10_001 }), 'query.limit');
  await expectRefusal(c.find({ limit: 0 }), 'query.limit');
  for (const batchSize of [10_001, [{ toString: 1 }], Symbol('s')]) {
    await expectRefusal(collect(c.scan({ batchSize })), 'query.batchSize');
  }
});

test('10,000 searches of a call in flight', async () => {
  const c = await (await databases.open()).collection('c', { dimensions: 1, metric: 'l2' });
  await c.addMany({ vectors: Float32Array.of(1, 2, 3) });
  const found = await c.searchMany({ vectors: new Float32Array(10_000).fill(1), k: 1, include: [] }, { concurrency: 10_000 });
  expect(found.every((hits) => hits.length === 1)).toBe(true);
  await expectRefusal(c.searchMany([], { concurrency: 10_001 }), 'options.concurrency');
});

test('16 fields to include', async () => {
  const c = await collectionOf(1);
  expect(await c.get('r0', { include: Array(16).fill('text') })).toMatchObject({ id: 'r0' });
  await expectRefusal(c.get('r0', { include: Array(17).fill('text') }), 'options.include');
});

test('100,000 operations of a batch', async () => {
  const db = await databases.open();
  const c = await db.collection('c');
  const operations = many(100_001, (i) => ({ type: 'upsert', collection: c, record: { id: `r${i}` } }));
  await expectRefusal(db.batch(operations), 'operations', 'ERR_LIMIT');
  expect(thrownBy(() => db.batchSync(operations))).toMatchObject({ code: 'ERR_LIMIT', argument: 'operations' });
  expect(await c.count()).toBe(0);
  expect(await db.batch(operations.slice(1))).toHaveLength(100_000);
  expect(await c.count()).toBe(100_000);
});

test('times of 2^53 - 1 milliseconds', async () => {
  const c = await collectionOf(0);
  await c.add({ id: 'late', expiresAt: Number.MAX_SAFE_INTEGER });
  expect(await c.get('late')).toMatchObject({ expiresAt: Number.MAX_SAFE_INTEGER });
  await expectRefusal(c.add({ expiresAt: 2 ** 53 }), 'record.expiresAt');
  await c.add({ id: 'at once', expiresAt: 0 });
  expect(await c.has('at once')).toBe(false);
  await expectRefusal(c.add({ expiresAt: -1 }), 'record.expiresAt');
  await c.add({ id: 'longest', ttlMs: Number.MAX_SAFE_INTEGER });
  expect((await c.get('longest')).expiresAt).toBeGreaterThan(Date.now());
  await c.add({ id: 'shortest', ttlMs: 1 });
  await expectRefusal(c.add({ ttlMs: 0 }), 'record.ttlMs');
});

test('a bulk call of more than 256 MiB is refused before anything is written', async () => {
  const c = await collectionOf(0);
  const text = 'x'.repeat(2 ** 24);
  const { version } = await c.add({ id: 'a' });
  await expectRefusal(c.addMany({ ids: many(16, (i) => `r${i}`), texts: Array(16).fill(text) }), 'records', 'ERR_LIMIT');
  expect((await c.add({ id: 'b' })).version).toBe(version + 1);
});

test('a cursor of any record there may be', async () => {
  const c = await collectionOf(2);
  expect((await c.find({ cursor: 'row-0' })).records).toHaveLength(2);
  expect(await c.find({ cursor: `row-${'9'.repeat(15)}` })).toEqual({ records: [] });
  await expectRefusal(c.find({ cursor: `row-${'9'.repeat(16)}` }), 'query.cursor');
});
