'use strict';

// The graph: its recall on real vectors, before and after reopening, and when it is caught up.

const { createRandom } = require('../examples/support/random');
const { clusteredVectors, errorOf, recall, rowOf, seeded, useDatabases } = require('./support/database');
const { loadVectors } = require('./support/sift');

const databases = useDatabases();
const OPTIONS = { metric: 'l2', hnsw: { M: 16, efConstruction: 200, minSize: 0 } };

/** Recall@10 of a set of queries, and the strategies that were used. */
async function ask(collection, set, options) {
  const found = [];
  for (const { vector } of set.queries) found.push(await collection.search({ vector, k: 10, include: [], explain: true, ...options }));
  return {
    recall: recall(found, set.queries.map((query) => query.reach), 10),
    strategies: [...new Set(found.map((hits) => hits.explain.strategy))],
    ids: found.map((hits) => hits.map((hit) => hit.id)),
  };
}

test('reaches its recall floor at ef 50 on near and far queries, exact search finds all, and reopening changes nothing', async () => {
  const data = await loadVectors();
  const file = databases.file();
  const db = await databases.open(file);
  const c = await db.collection('sift', { ...OPTIONS, dimensions: data.dimensions });
  await c.addMany({ ids: data.ids, vectors: data.vectors });
  await c.indexed();
  expect((await c.stats()).index).toMatchObject({ linked: data.ids.length, tail: 0, deleted: 0 });

  const check = async (collection, set) => {
    const graph = await ask(collection, set, { ef: 50 });
    expect(graph.strategies).toEqual(['hnsw']);
    const exact = await ask(collection, set, { exact: true });
    expect(exact.strategies).toEqual(['exact']);
    const facts = { data: data.name, set: set.name, graph: graph.recall, exact: exact.recall };
    expect({ ...facts, ok: graph.recall >= set.floor && exact.recall === 1 }).toEqual({ ...facts, ok: true });
    return exact.ids;
  };
  const before = [await check(c, data.sets[0]), await check(c, data.sets[1])];

  await db.close();
  const again = await (await databases.open(file)).collection('sift');
  await again.indexed();
  expect([await check(again, data.sets[0]), await check(again, data.sets[1])]).toEqual(before);
});

test('more candidates find more neighbours', async () => {
  const dimensions = 32;
  const vectors = clusteredVectors(createRandom(11), 3000, dimensions); // Always the same: what is expected is no theorem.
  const db = await databases.open();
  const c = await db.collection('c', { ...OPTIONS, dimensions, hnsw: { M: 4, efConstruction: 16, minSize: 0 } });
  await c.addMany({ ids: Array.from({ length: 3000 }, (_, i) => `r${i}`), vectors });
  await c.indexed();
  const queries = Array.from({ length: 50 }, (_, i) => ({ vector: rowOf(vectors, dimensions, i) }));
  for (const query of queries) query.reach = (await c.search({ vector: query.vector, exact: true })).at(-1).distance;
  const [few, many] = [await ask(c, { queries }, { ef: 10 }), await ask(c, { queries }, { ef: 300 })];
  expect(few.recall).toBeLessThan(0.97);
  expect(many.recall).toBeGreaterThan(few.recall);
  expect(many.recall).toBeGreaterThan(0.98);
});

test(
  'what is not linked yet is found all the same, and indexed() links it',
  seeded(async (random) => {
    const db = await databases.open();
    const c = await db.collection('c', { ...OPTIONS, dimensions: 32 });
    const vectors = clusteredVectors(random, 2000, 32);
    const ids = Array.from({ length: 2000 }, (_, i) => `r${i}`);
    await c.addMany({ ids, vectors });
    const { index } = c.statsSync();
    expect(index.linked + index.tail).toBe(2000);
    expect(index.tail).toBeGreaterThan(0);
    for (const row of [0, 999, 1999]) {
      const hits = await c.search({ vector: rowOf(vectors, 32, row), k: 1, ef: 200 });
      expect(hits[0]).toMatchObject({ id: `r${row}`, distance: 0 });
    }
    await c.indexed();
    expect((await c.stats()).index).toMatchObject({ linked: 2000, tail: 0 });
  }),
);

test('the background links without being asked', async () => {
  const db = await databases.open();
  const c = await db.collection('c', { ...OPTIONS, dimensions: 4 });
  await c.addMany({ vectors: Float32Array.from({ length: 2000 }, (_, i) => Math.sin(i * i)) });
  while ((await c.stats()).index.tail > 0) {
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
  expect((await c.stats()).index.linked).toBe(500);
});

test('nodes of replaced and deleted vectors are counted until they are taken out, at the latest by indexed()', async () => {
  const file = databases.file();
  const db = await databases.open(file);
  const c = await db.collection('c', { ...OPTIONS, dimensions: 2 });
  await c.addMany({ ids: Array.from({ length: 100 }, (_, i) => `r${i}`), vectors: Float32Array.from({ length: 200 }, (_, i) => i) });
  await c.indexed();
  for (let i = 0; i < 10; i++) await c.delete(`r${i}`);
  expect(await c.stats()).toMatchObject({ records: 90, vectors: 90, index: { linked: 90, tail: 0, deleted: 10 } });
  for (let i = 10; i < 15; i++) await c.upsert({ id: `r${i}`, vector: [-i, i] });
  await c.indexed();
  expect(await c.stats()).toMatchObject({ records: 90, vectors: 90, index: { linked: 90, tail: 0, deleted: 0 } });
  expect((await c.search({ vector: [-12, 12], k: 100 })).length).toBe(90);
  await db.close();
  const again = await (await databases.open(file)).collection('c');
  await again.indexed();
  expect(await again.stats()).toMatchObject({ records: 90, vectors: 90, index: { linked: 90, tail: 0, deleted: 0 } });
});

test('indexed() gives up when its time is over, however many steps it takes', async () => {
  const db = await databases.open();
  const c = await db.collection('c', { metric: 'l2', dimensions: 256, hnsw: { M: 64, efConstruction: 4096, minSize: 0 } });
  await c.addMany({ vectors: Float32Array.from({ length: 3000 * 256 }, (_, i) => Math.sin(i * 1.7 + (i % 97))) });
  const error = await errorOf(c.indexed({ timeoutMs: 60 }));
  expect(error.code).toBe('ERR_TIMEOUT');
  expect((await c.stats()).index.tail).toBeGreaterThan(0);
});
