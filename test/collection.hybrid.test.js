'use strict';

// Searching by words and by vectors at once: scores are what the formulas say, and vectors that are noise do no harm.

const { dot, euclidean, integer, randomVector, seeded, useDatabases } = require('./support/database');
const { expectBest, fuse, isNear } = require('./support/plain-search');

const databases = useDatabases();

const idsOf = (hits) => hits.map((hit) => hit.id);
const WORDS = Array.from({ length: 60 }, (_, i) => `w${i}`);

/** Each text is of words about one of some topics, and its vector lies where the topic does. */
function topical(random, { count, dimensions, topics = 6, noise = 0.3 }) {
  const centres = Array.from({ length: topics }, () => randomVector(random, dimensions));
  const make = (id) => {
    const topic = integer(random, topics);
    const words = Array.from({ length: 3 + integer(random, 8) }, () => WORDS[(random() < 0.8 ? topic * 10 : 0) + integer(random, random() < 0.8 ? 10 : 60)] ?? 'w0');
    const vector = randomVector(random, dimensions).map((x, i) => centres[topic][i] + noise * x);
    return { id, text: words.join(' '), vector };
  };
  return { records: Array.from({ length: count }, (_, i) => make(`r${i}`)), make };
}

const unit = (vector) => vector.map((x) => x / Math.sqrt(dot(vector, vector)));

/** As fusion counts them: larger is nearer. */
function similarity(metric, a, b) {
  if (metric === 'l2') return -(euclidean(a, b) ** 2);
  return metric === 'cosine' ? dot(unit(a), unit(b)) : dot(a, b);
}

async function collection(metric, dimensions, records) {
  const c = await (await databases.open()).collection('c', { dimensions, metric, text: { language: 'none' } });
  await c.addMany(records);
  return c;
}

describe.each(['cosine', 'l2', 'ip'])('with metric %s', (metric) => {
  test(
    'every fusion gives the scores of its formula, of what explain tells of both arms',
    seeded(async (random) => {
      const { records, make } = topical(random, { count: 300, dimensions: 8 });
      const odd = [{ id: 'no vector', text: 'w1 w2' }, { id: 'no text', vector: randomVector(random, 8) }];
      const c = await collection(metric, 8, [...records, ...odd]);
      const vectors = [...records, odd[1]];
      const ages = new Map([...records, ...odd].map(({ id }, age) => [id, age]));
      for (let i = 0; i < 4; i++) {
        const { text, vector } = make('query');
        for (const [fusion, alpha] of [['weighted'], ['weighted', 0.7], ['weighted', 0], ['weighted', 1], ['rrf'], ['rrf', 0.2], ['minmax'], ['dbsf', 0.4]]) {
          const hits = await c.search({ text, vector, k: 400, fusion, ...(alpha !== undefined && { alpha }), explain: true, include: [], exact: true });
          expect(hits).toHaveLength(302 - (hits.some(({ id }) => id === 'no vector') ? 0 : 1));
          const candidates = hits.map(({ id, explain, distance }) => {
            const record = vectors.find((each) => each.id === id);
            expect(distance === undefined).toBe(record === undefined);
            return { id, age: ages.get(id), keyword: explain.keyword, similarity: record && similarity(metric, vector, record.vector) };
          });
          const mean = vectors.reduce((sum, record) => sum + similarity(metric, vector, record.vector), 0) / vectors.length;
          const { alpha: share, gate } = hits.explain;
          if (alpha !== undefined) expect(share).toBe(alpha);
          else if (fusion === 'weighted') expect(share).toBeCloseTo(0.35 * gate, 6);
          else expect(share).toBe(0.5);
          // Two whose vectors are equally near but for the last bit may change places.
          const scores = fuse(candidates, { fusion, alpha: share, mean });
          if (fusion === 'rrf') expect(hits.filter(({ id, score }) => !isNear(score, scores.get(id))).length).toBeLessThanOrEqual(4);
          else expectBest(hits, scores, 400);
        }
      }
    }),
  );

  test(
    'alpha 0 goes by words, alpha 1 by vectors',
    seeded(async (random) => {
      const { records, make } = topical(random, { count: 200, dimensions: 6 });
      const c = await collection(metric, 6, records);
      const { vector } = make('query');
      const [byWords, byVector] = [await c.search({ text: 'w3 w14', vector: null }), await c.search({ vector })];
      const ask = async (alpha) => idsOf(await c.search({ text: 'w3 w14', vector, alpha }));
      expect(await ask(1)).toEqual(idsOf(byVector));
      expect((await c.search({ text: 'w3 w14', vector, alpha: 0, explain: true })).map(({ explain }) => explain.keyword)).toEqual(byWords.map(({ score }) => score));
      for (const alpha of [0, 0.5, 1]) expect((await c.search({ text: 'nothing', vector, alpha })).length).toBe(10);
    }),
  );
});

test('a text without a word that is there leaves the order to the vectors, a record without a vector to its words', async () => {
  const c = await collection('cosine', 2, [
    { id: 'near', vector: [1, 0], text: 'a' }, { id: 'far', vector: [0, 1], text: 'a' }, { id: 'words', text: 'b' }, { id: 'neither' },
  ]);
  const hits = await c.search({ text: 'zz', vector: [1, 0.1], explain: true });
  expect(idsOf(hits)).toEqual(['near', 'far']);
  expect(hits.map(({ explain }) => explain.keyword)).toEqual([0, 0]);
  const both = await c.search({ text: 'b', vector: [1, 0.1], explain: true });
  expect(idsOf(both).sort()).toEqual(['far', 'near', 'words']);
  expect(both.find(({ id }) => id === 'words').explain).toEqual({ keyword: expect.any(Number) });
  expect(idsOf(await c.search({ text: '', vector: [1, 0] }))).toEqual(['near', 'far']);
});

test(
  'with a filter, both arms find only what matches',
  seeded(async (random) => {
    const { records, make } = topical(random, { count: 400, dimensions: 8 });
    const c = await collection('cosine', 8, records.map((record, i) => ({ ...record, metadata: { i } })));
    for (let i = 0; i < 20; i++) {
      const least = integer(random, 400);
      const { text, vector } = make('query');
      const query = { text, vector, k: 400, alpha: 0.5, include: ['metadata'] };
      const hits = await c.search({ ...query, filter: { i: { $gte: least } } });
      expect(hits).toHaveLength(400 - least);
      for (const { metadata } of hits) expect(metadata.i).toBeGreaterThanOrEqual(least);
    }
  }),
);

describe('vectors that are noise', () => {
  test(
    'do not count: the gate shuts, and stats warn',
    seeded(async (random) => {
      const { records } = topical(random, { count: 600, dimensions: 32 });
      const noise = records.map((record) => ({ ...record, vector: randomVector(random, 32) }));
      const c = await collection('cosine', 32, noise);
      expect((await c.stats()).text).toBeUndefined();
      const query = { text: 'w13 w14', vector: randomVector(random, 32), explain: true };
      const hits = await c.search(query);
      expect(hits.explain.gate).toBeLessThan(0.8);
      const { text } = await c.stats();
      expect(Math.abs(text.agreement)).toBeLessThan(0.1);
      expect(text.warning).toMatch(/vectors may be of another model/);
      expect(hits.explain.alpha).toBeCloseTo(0.35 * Math.min(1, Math.max(0, (text.agreement - 0.03) / 0.07)), 5);
      // The caller is not overruled.
      expect((await c.search({ ...query, alpha: 0.35 })).explain).toMatchObject({ alpha: 0.35 });
      expect((await c.search({ ...query, alpha: 0.35 })).explain).not.toHaveProperty('gate');
    }),
  );

  test(
    'are told from vectors that fit, and known again when much has been replaced',
    seeded(async (random) => {
      const { records } = topical(random, { count: 600, dimensions: 32 });
      const c = await collection('cosine', 32, records);
      const ask = async () => (await c.search({ text: 'w13', vector: records[0].vector, explain: true })).explain;
      expect(await ask()).toMatchObject({ gate: 1 });
      const { text } = await c.stats();
      expect(text.agreement).toBeGreaterThan(0.3);
      expect(text).not.toHaveProperty('warning');
      await c.upsertMany(records.map((record) => ({ ...record, vector: randomVector(random, 32) })));
      expect((await ask()).gate).toBeLessThan(0.8);
    }),
  );

  test('cannot be told of fewer than 16 records: then they count', async () => {
    const c = await collection('cosine', 2, [{ id: 'a', vector: [1, 0], text: 'x' }, { id: 'b', vector: [0, 1], text: 'x' }]);
    expect((await c.search({ text: 'x', vector: [1, 0], explain: true })).explain).toMatchObject({ gate: 1, alpha: 0.35 });
    expect((await c.stats()).text).not.toHaveProperty('agreement');
  });
});

test(
  'it is the same with a graph under it, beside writes, and from the sync twin',
  seeded(async (random) => {
    const { records, make } = topical(random, { count: 500, dimensions: 8 });
    const c = await (await databases.open()).collection('c', { dimensions: 8, hnsw: { minSize: 0 } });
    await c.addMany(records);
    await c.indexed();
    const { text, vector } = make('query');
    const query = { text, vector, k: 20, ef: 1000 };
    const hits = await c.search(query);
    expect(idsOf(hits)).toEqual(idsOf(await c.search({ ...query, exact: true })));
    expect(c.searchSync(query)).toEqual(hits);
    await c.delete(hits[0].id);
    expect(idsOf(await c.search(query))).not.toContain(hits[0].id);
    await c.upsert({ id: hits[0].id, text: `${text} ${text}`, vector });
    expect((await c.search(query))[0].id).toBe(hits[0].id);
  }),
);

test('an embedder makes the vector, and both are searched', async () => {
  const letters = { model: 'letters', dimensions: 26, embed: async (all) => all.map((text) => Array.from({ length: 26 }, (_, i) => text.split(String.fromCharCode(97 + i)).length - 0.5)) };
  const db = await databases.open(':memory:', { embedder: letters });
  const c = await db.collection('c');
  await c.addMany([{ id: 'a', text: 'espresso' }, { id: 'b', text: 'expresses' }]);
  const hits = await c.search({ text: 'espresso', explain: true });
  expect(idsOf(hits)).toEqual(['a', 'b']);
  expect(hits[0].explain).toEqual({ keyword: expect.any(Number), vector: expect.any(Number) });
  expect(hits.explain.alpha).toBe(0.35);
  expect(idsOf(await c.search({ text: 'espresso', vector: null }))).toEqual(['a']);
});
