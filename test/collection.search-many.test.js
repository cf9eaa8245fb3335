'use strict';

// searchMany: the same answers as one search after the other, from an array of queries and from a matrix.

const { clusteredVectors, errorOf, rowOf, seeded, thrownBy, useDatabases } = require('./support/database');

const databases = useDatabases();

async function corners() {
  const c = await (await databases.open()).collection('c', { dimensions: 2, metric: 'l2' });
  await c.addMany([{ id: 'a', vector: [0, 0], metadata: { n: 1 } }, { id: 'b', vector: [1, 0], metadata: { n: 2 } }, { id: 'c', vector: [0, 1] }]);
  return c;
}

test(
  'gives what single searches give, in the order of the queries, in both forms',
  seeded(async (random) => {
    const c = await (await databases.open()).collection('c', { dimensions: 4 });
    const vectors = clusteredVectors(random, 300, 4);
    await c.addMany({ vectors, metadatas: Array.from({ length: 300 }, (_, i) => ({ n: i % 5 })) });
    const queries = Array.from({ length: 300 }, (_, i) => ({ vector: rowOf(vectors, 4, i), k: 1 + (i % 7), filter: { n: { $lt: i % 5 } } }));
    const single = await Promise.all(queries.map((query) => c.search(query)));
    for (const concurrency of [1, 7, 10_000]) expect(await c.searchMany(queries, { concurrency })).toEqual(single);
    expect(c.searchManySync(queries)).toEqual(single);

    const shared = { k: 3, filter: { n: 2 }, include: ['metadata'] };
    const alike = await Promise.all(queries.map(({ vector }) => c.search({ vector, ...shared })));
    expect(await c.searchMany({ vectors, ...shared })).toEqual(alike);
    expect(c.searchManySync({ vectors, ...shared })).toEqual(alike);
    expect([await c.searchMany([]), c.searchManySync({ vectors: new Float32Array(0) })]).toEqual([[], []]);
  }),
);

const good = { vector: [0, 0] };
test.each([
  ['queries', 'text'],
  ['queries', undefined],
  ['queries[1]', [good, 5]],
  ['queries[1]', [good, , good]], // eslint-disable-line no-sparse-arrays
  ['queries[1]', [good, {}]],
  ['queries[1].vector', [good, { vector: [1] }]],
  ['queries[1].vector[0]', [good, { vector: [NaN, 1] }]],
  ['queries[1].k', [good, { ...good, k: 0 }]],
  ['queries[1].filter.a.$foo', [good, { ...good, filter: { a: { $foo: 1 } } }]],
  ['queries[0].signal', [{ ...good, signal: new AbortController().signal }]],
  ['queries[0].timeoutMs', [{ ...good, timeoutMs: 5 }]],
  ['queries[0].what', [{ ...good, what: 5 }]],
  ['queries.what', { vectors: new Float32Array(2), what: 5 }],
  ['queries.vectors', {}],
  ['queries.vectors', { vectors: [1, 2] }],
  ['queries.vectors', { vectors: new Float32Array(3) }],
  ['queries.vectors', { vectors: Float32Array.of(1, 2, NaN, 3) }],
  ['queries.k', { vectors: new Float32Array(2), k: 0 }],
  ['queries.filter', { vectors: new Float32Array(2), filter: 5 }],
  ['queries.filter.$or', { vectors: new Float32Array(2), filter: { $or: 5 } }],
])('refuses %s by its place', async (argument, queries) => {
  const c = await corners();
  const refused = { code: 'ERR_INVALID_ARGUMENT', argument };
  const error = await errorOf(c.searchMany(queries));
  expect(error).toMatchObject(refused);
  expect(error.message).toContain(`Collection.searchMany(): ${argument}`);
  expect(thrownBy(() => c.searchManySync(queries))).toMatchObject(refused);
});

test.each([[0], [10_001], [1.5], ['5'], [null], [{ toString: 1 }], [Symbol('s')]])('refuses concurrency %p', async (concurrency) => {
  expect(await errorOf((await corners()).searchMany([], { concurrency }))).toMatchObject({ argument: 'options.concurrency' });
});

test(
  'waits for its own queries when there is no room for more, and is refused when others have all of it',
  seeded(async (random) => {
    const c = await (await databases.open(':memory:', { maxPending: 3 })).collection('c', { dimensions: 4 });
    const vectors = clusteredVectors(random, 300, 4);
    await c.addMany({ vectors });
    const queries = Array.from({ length: 300 }, (_, i) => ({ vector: rowOf(vectors, 4, i), k: 1 + (i % 7) }));
    const single = c.searchManySync(queries);
    for (const concurrency of [1, 4, 64, 10_000]) expect(await c.searchMany(queries, { concurrency })).toEqual(single);

    const besideOthers = [c.count(), c.count(), c.searchMany(queries, { concurrency: 64 })];
    expect((await Promise.all(besideOthers))[2]).toEqual(single);
    for (const concurrency of [1, 2, 64]) {
      const alone = [c.count(), c.count(), c.count(), errorOf(c.searchMany(queries, { concurrency }))];
      expect((await Promise.all(alone))[3]).toMatchObject({ code: 'ERR_QUEUE_FULL' });
    }
  }),
);

test('a wrong query among those that wait for room is told of', async () => {
  const c = await (await databases.open(':memory:', { maxPending: 2 })).collection('c', { dimensions: 2 });
  const queries = Array.from({ length: 100 }, (_, i) => ({ vector: [1, i], k: i === 70 ? 0 : 1 }));
  expect(await errorOf(c.searchMany(queries, { concurrency: 50 }))).toMatchObject({ argument: 'queries[70].k' });
});

test('is refused as a whole where there are no vectors', async () => {
  const c = await (await databases.open()).collection('plain');
  expect(await errorOf(c.searchMany([good]))).toMatchObject({ argument: 'queries[0].vector' });
  expect(await errorOf(c.searchMany({ vectors: new Float32Array(2) }))).toMatchObject({ argument: 'queries.vectors' });
});
