'use strict';

// What a search answers: the right hits, in the right order, with what was asked for, of the latest state.

const { errorOf, expectHits, exactHits, integer, pick, randomVector, seeded, useDatabases } = require('./support/database');

const databases = useDatabases();

const idsOf = (hits) => hits.map((hit) => hit.id);

async function filled(random, { metric, count, dimensions, minSize, file }) {
  const db = await databases.open(file, { durability: 'normal' });
  const c = await db.collection('c', { dimensions, metric, hnsw: { minSize } });
  const records = Array.from({ length: count }, (_, i) => ({ id: `r${i}`, vector: randomVector(random, dimensions) }));
  await c.addMany(records);
  return { db, c, records };
}

describe.each(['cosine', 'l2', 'ip'])('with metric %s', (metric) => {
  test(
    'hits, order, distance and score are those of the definition',
    seeded(async (random) => {
      for (const dimensions of [1, 3, 8, 33]) {
        const { c, records } = await filled(random, { metric, count: 200, dimensions, minSize: 5000 });
        for (let i = 0; i < 10; i++) {
          const vector = randomVector(random, dimensions);
          const k = 1 + integer(random, 250);
          expectHits(await c.search({ vector, k, include: [] }), records, vector, k, metric);
        }
      }
    }),
  );

  test(
    'distance falls as score rises, best first',
    seeded(async (random) => {
      const { c } = await filled(random, { metric, count: 300, dimensions: 8, minSize: 0 });
      await c.indexed();
      const hits = await c.search({ vector: randomVector(random, 8), k: 100 });
      for (let i = 1; i < hits.length; i++) {
        expect(hits[i].distance).toBeGreaterThanOrEqual(hits[i - 1].distance);
        expect(hits[i].score).toBeLessThanOrEqual(hits[i - 1].score);
      }
    }),
  );

  test('numbers at the bounds give finite distances and scores', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2, metric });
    const extremes = [[1e18, 0], [-1e18, 0], [0, 1e-18], [1e-18, 1e-18]];
    await c.addMany(extremes.map((vector) => ({ vector })));
    for (const vector of extremes) {
      const hits = await c.search({ vector });
      expect(hits).toHaveLength(4);
      for (const hit of hits) expect([Number.isFinite(hit.distance), Number.isFinite(hit.score)]).toEqual([true, true]);
    }
  });
});

test('a vector finds itself: distance 0, score 1', async () => {
  const db = await databases.open();
  for (const metric of ['cosine', 'l2']) {
    const c = await db.collection(metric, { dimensions: 3, metric });
    await c.add({ id: 'a', vector: [0.1, 0.2, 0.3] });
    const [hit] = await c.search({ vector: [0.1, 0.2, 0.3] });
    expect(hit.distance).toBeCloseTo(0, 5);
    expect(hit.score).toBeCloseTo(1, 5);
    expect(hit.score).toBeLessThanOrEqual(1);
  }
});

test('the length of a vector does not matter with cosine, and opposites score -1', async () => {
  const db = await databases.open();
  const c = await db.collection('c', { dimensions: 2 });
  await c.addMany([{ id: 'same', vector: [1e-9, 2e-9] }, { id: 'opposite', vector: [-1e9, -2e9] }]);
  const hits = await c.search({ vector: [1, 2] });
  expect(idsOf(hits)).toEqual(['same', 'opposite']);
  expect([hits[0].score, hits[1].score, hits[1].distance].map((x) => Math.round(x * 1e5) / 1e5)).toEqual([1, -1, 2]);
});

describe('equal scores', () => {
  test('come newest first; replacing a record does not make it newer', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2, metric: 'l2' });
    for (let i = 0; i < 30; i++) await c.add({ id: `r${i}`, vector: [1, 0] });
    const newestFirst = Array.from({ length: 30 }, (_, i) => `r${29 - i}`);
    expect(idsOf(await c.search({ vector: [0, 0], k: 30 }))).toEqual(newestFirst);
    expect(idsOf(await c.search({ vector: [0, 0], k: 7 }))).toEqual(newestFirst.slice(0, 7));
    await c.upsert({ id: 'r3', vector: [1, 0] });
    expect(idsOf(await c.search({ vector: [0, 0], k: 30 }))).toEqual(newestFirst);
    await c.delete('r3');
    await c.add({ id: 'r3', vector: [1, 0] });
    expect(idsOf(await c.search({ vector: [0, 0], k: 2 }))).toEqual(['r3', 'r29']);
  });

  test('of one bulk call: the last given is the newest', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 1, metric: 'ip' });
    await c.addMany({ ids: ['a', 'b', 'c'], vectors: Float32Array.of(2, 2, 2) });
    expect(idsOf(await c.search({ vector: [1] }))).toEqual(['c', 'b', 'a']);
  });
});

describe('k', () => {
  test('is 10 when not given, and more than there are gives all that have a vector', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 1, metric: 'l2' });
    expect(await c.search({ vector: [0] })).toEqual([]);
    await c.addMany([...Array.from({ length: 25 }, (_, i) => ({ id: `r${i}`, vector: [i] })), { id: 'no vector' }]);
    expect(idsOf(await c.search({ vector: [0] }))).toEqual(Array.from({ length: 10 }, (_, i) => `r${i}`));
    expect(await c.search({ vector: [0], k: 10_000 })).toHaveLength(25);
    expect(await c.search({ vector: [0], k: 1 })).toHaveLength(1);
  });

  test(
    'of a graph too gives exactly min(k, vectors), also above ef and after deletes',
    seeded(async (random) => {
      const { c, records } = await filled(random, { metric: 'l2', count: 400, dimensions: 8, minSize: 0 });
      await c.indexed();
      for (const record of records.slice(0, 150)) await c.delete(record.id);
      for (const [k, ef] of [[1, 1], [50, 1], [250, 10], [251, 251], [10_000, 1]]) {
        const hits = await c.search({ vector: randomVector(random, 8), k, ef, explain: true });
        // A walk that keeps no more than k may meet deleted ones and come back with fewer: an exact search follows.
        if (k === 1) expect(hits.explain.strategy).toBe('hnsw');
        expect(hits).toHaveLength(Math.min(k, 250));
        expect(new Set(idsOf(hits)).size).toBe(hits.length);
      }
    }),
  );
});

describe('include', () => {
  const KEYS = ['distance', 'id', 'score'];
  const prepare = async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2, metric: 'l2' });
    await c.add({ id: 'a', vector: [1, 2], text: 'hello', metadata: { n: 1 } });
    await c.add({ id: 'bare', vector: [5, 5] });
    return c;
  };

  test.each([
    [undefined, ['text', 'metadata']],
    [[], []],
    [['text'], ['text']],
    [['metadata'], ['metadata']],
    [['vector'], ['vector']],
    [['vector', 'metadata', 'text', 'text'], ['text', 'metadata', 'vector']],
  ])('%j gives that and no more, from search and from get', async (include, given) => {
    const c = await prepare();
    const hits = await c.search({ vector: [1, 2], include });
    expect(Object.keys(hits[0]).sort()).toEqual([...KEYS, ...given].sort());
    expect(Object.keys(hits[1]).sort()).toEqual([...KEYS, ...given.filter((field) => field === 'vector')].sort());
    const full = { text: 'hello', metadata: { n: 1 } };
    for (const field of ['text', 'metadata']) expect(hits[0][field]).toEqual(given.includes(field) ? full[field] : undefined);
    if (given.includes('vector')) expect(hits.map((hit) => [...hit.vector])).toEqual([[1, 2], [5, 5]]);
    const record = await c.get('a', { include });
    expect(Object.keys(record).sort()).toEqual(['createdAt', 'id', 'updatedAt', 'version', ...given].sort());
  });

  test('a vector that came out is the caller’s: changing it changes nothing', async () => {
    const c = await prepare();
    const query = { vector: [1, 2], include: ['vector'] };
    const hits = await c.search(query);
    hits[0].vector.fill(0);
    expect(hits[1].vector[0]).toBe(5);
    expect([...(await c.search(query))[0].vector]).toEqual([1, 2]);
  });
});

describe('explain', () => {
  test('is there when asked for, and says how the answer was found', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2, metric: 'l2' });
    await c.addMany({ vectors: new Float32Array(200).fill(1) });
    expect(await c.search({ vector: [1, 2] })).not.toHaveProperty('explain');
    const { explain } = await c.search({ vector: [1, 2], explain: true });
    expect(explain).toMatchObject({ strategy: 'exact', ef: 0, scanned: 100 });
    expect(Object.keys(explain).sort()).toEqual(
      ['ef', 'filterMicros', 'hydrateMicros', 'rescoreMicros', 'rescored', 'scanned', 'searchMicros', 'strategy', 'visited'],
    );
    for (const [name, value] of Object.entries(explain)) if (name.endsWith('Micros')) expect(Number.isInteger(value) && value >= 0).toBe(true);
  });

  test('says how many the filter let through, and stats add up what searches did', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2, metric: 'l2' });
    await c.addMany(Array.from({ length: 100 }, (_, i) => ({ vector: [i, 1], metadata: { i } })));
    const ask = async (filter) => (await c.search({ vector: [1, 2], explain: true, filter })).explain;
    expect(await ask({ i: { $gte: 90 } })).toMatchObject({ allowed: 10, scanned: 10 });
    expect(await ask({ i: { $lt: 0 } })).toMatchObject({ allowed: 0, scanned: 0 });
    expect(await ask(undefined)).not.toHaveProperty('allowed');
    expect((await c.stats()).searches).toEqual({ exact: 3, scan: 0, hnsw: 0, hnswTwoHop: 0, visited: 0, scanned: 110, rescored: 0 });
  });

  test(
    'minSize says from how many vectors on the graph answers, and exact: true overrules it',
    seeded(async (random) => {
      const { c } = await filled(random, { metric: 'l2', count: 99, dimensions: 4, minSize: 100 });
      await c.indexed();
      const ask = async (more) => (await c.search({ vector: [1, 2, 3, 4], explain: true, ...more })).explain;
      expect(await ask()).toMatchObject({ strategy: 'exact', scanned: 99 });
      await c.add({ id: 'one more', vector: randomVector(random, 4) });
      await c.indexed();
      expect(await ask()).toMatchObject({ strategy: 'hnsw', ef: 100, scanned: 0 });
      expect(await ask({ ef: 20 })).toMatchObject({ ef: 20 });
      expect(await ask({ ef: 20, k: 30 })).toMatchObject({ ef: 30 });
      expect(await ask({ exact: true })).toMatchObject({ strategy: 'exact', ef: 0, scanned: 100 });
      await c.delete('one more');
      expect(await ask()).toMatchObject({ strategy: 'exact', scanned: 99 });
    }),
  );
});

describe('read your writes', () => {
  test(
    'a write that was awaited is in the next search; one that replaced or deleted, too',
    seeded(async (random) => {
      for (const minSize of [0, 5000]) {
        const { c } = await filled(random, { metric: 'l2', count: 500, dimensions: 4, minSize });
        const far = [100, 100, 100, 100];
        await c.add({ id: 'x', vector: far });
        expect((await c.search({ vector: far, k: 1 }))[0]).toMatchObject({ id: 'x', distance: 0 });
        await c.upsert({ id: 'x', vector: [-100, -100, -100, -100] });
        expect((await c.search({ vector: far, k: 1 }))[0].id).not.toBe('x');
        expect((await c.search({ vector: [-100, -100, -100, -100], k: 1 }))[0]).toMatchObject({ id: 'x', distance: 0 });
        await c.delete('x');
        expect(idsOf(await c.search({ vector: [-100, -100, -100, -100], k: 600 }))).not.toContain('x');
      }
    }),
  );

  test(
    'random writes with a graph under them: every answer has every near record, and none that is gone',
    seeded(async (random) => {
      const db = await databases.open();
      const c = await db.collection('c', { dimensions: 4, metric: 'l2', hnsw: { minSize: 0 } });
      const model = new Map();
      for (let step = 0; step < 600; step++) {
        const id = `r${integer(random, 150)}`;
        if (random() < 0.3) {
          await c.delete(id);
          model.delete(id);
        } else {
          const vector = randomVector(random, 4);
          await c.upsert({ id, vector });
          model.set(id, vector);
        }
        if (step % 100 === 50) await c.indexed();
        const [probe, vector] = pick(random, [...model, ['none', randomVector(random, 4)]]);
        const hits = await c.search({ vector, k: 200, ef: 400 });
        expect(new Set(idsOf(hits))).toEqual(new Set(model.keys()));
        if (probe !== 'none') expect(hits[0]).toMatchObject({ id: probe, distance: 0 });
      }
    }),
  );

  test(
    'searches beside writes each answer from one state: never a record without its text',
    seeded(async (random) => {
      const db = await databases.open(databases.file(), { durability: 'normal' });
      const c = await db.collection('c', { dimensions: 4, metric: 'l2', hnsw: { minSize: 0 } });
      await c.addMany(Array.from({ length: 100 }, (_, i) => ({ id: `r${i}`, vector: randomVector(random, 4), text: 'v0' })));
      const writes = Array.from({ length: 400 }, (_, i) => {
        const id = `r${integer(random, 100)}`;
        return random() < 0.5 ? c.delete(id) : c.upsert({ id, vector: randomVector(random, 4), text: `v${i}` });
      });
      const searches = Array.from({ length: 400 }, () => c.search({ vector: randomVector(random, 4), k: 100 }));
      for (const hits of await Promise.all(searches)) {
        expect(new Set(idsOf(hits)).size).toBe(hits.length);
        for (const hit of hits) expect(hit.text).toMatch(/^v\d+$/);
      }
      await Promise.all(writes);
    }),
  );
});

test(
  'a result of 10,000 hits with texts is whole, from both forms',
  seeded(async (random) => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 4, metric: 'l2' });
    const records = Array.from({ length: 11_000 }, (_, i) => ({ id: `r${i}`, vector: randomVector(random, 4), text: `${i} é `.repeat(20), metadata: { i } }));
    await c.addMany(records);
    const query = { vector: randomVector(random, 4), k: 10_000, include: ['text', 'metadata', 'vector'], explain: true, exact: true };
    const hits = await c.search(query);
    expect(hits).toHaveLength(10_000);
    expect(hits.explain.strategy).toBe('exact');
    const expected = exactHits(records, query.vector, 10_000, 'l2');
    for (const [rank, hit] of hits.entries()) {
      const record = records[Number(hit.id.slice(1))];
      if (hit.text !== record.text || hit.metadata.i !== Number(hit.id.slice(1))) throw new Error(`wrong content at ${rank}`);
      if (hit.vector.some((x, i) => x !== record.vector[i])) throw new Error(`wrong vector at ${rank}`);
      if (Math.abs(hit.distance - expected[rank].distance) > 1e-5) throw new Error(`wrong order at ${rank}`);
    }
    const twin = c.searchSync(query);
    expect(idsOf(twin)).toEqual(idsOf(hits));
  }),
);

test('a query of the wrong length is refused with both numbers in the message', async () => {
  const db = await databases.open();
  const c = await db.collection('c', { dimensions: 3 });
  const error = await errorOf(c.search({ vector: [1, 2] }));
  expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'query.vector' });
  expect(error.message).toMatch(/3.*2/);
});
