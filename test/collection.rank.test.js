'use strict';

// What makes a score beside nearness: time, fields, use; and which of the hits are kept: diverse ones, those above a gap, one of each.

const { errorOf, integer, seeded, useDatabases } = require('./support/database');

const databases = useDatabases();

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 1);
const idsOf = (hits) => hits.map((hit) => hit.id);

async function records(list, options) {
  const c = await (await databases.open()).collection('c', { dimensions: 2, ...options });
  await c.addMany(list);
  return c;
}

/** Records that are all as near. */
const alike = (metadatas) => Object.entries(metadatas).map(([id, metadata]) => ({ id, vector: [1, 0], text: 'word', metadata }));

describe('recency', () => {
  const DECAYS = { exponential: (a) => 2 ** -a, linear: (a) => Math.max(0, 1 - a / 2), gaussian: (a) => 2 ** (-a * a) };

  test.each(Object.entries(DECAYS))('%s: what is left of it at each age, from the time that is given', async (decay, left) => {
    const ages = [0, 0.5, 1, 2, 3, 10];
    const c = await records(alike(Object.fromEntries(ages.map((age) => [age, { at: NOW - age * HOUR }]))));
    const recency = { weight: 2, halfLifeMs: HOUR, field: 'at', decay };
    const hits = await c.search({ vector: [1, 0], rank: { recency, now: NOW }, explain: true });
    expect(hits).toHaveLength(ages.length);
    for (const { id, explain, score } of hits) {
      expect(explain.recency).toBeCloseTo(2 * left(Number(id)), 5);
      expect(score).toBeCloseTo(1 + 2 * left(Number(id)), 5);
    }
    expect(hits.map(({ score }) => score)).toEqual(hits.map(({ score }) => score).sort((a, b) => b - a));
  });

  test('is 1/2 at half-life with each', async () => {
    const c = await records(alike({ a: { at: NOW - HOUR } }));
    for (const decay of Object.keys(DECAYS)) {
      const [hit] = await c.search({ vector: [1, 0], explain: true, rank: { recency: { weight: 1, halfLifeMs: HOUR, field: 'at', decay }, now: NOW } });
      expect(hit.explain.recency).toBeCloseTo(0.5, 6);
    }
  });

  test('reads numbers, Dates and their texts; what has no time counts 0, what comes from the future is new', async () => {
    const c = await records(
      alike({
        number: { at: NOW - HOUR }, date: { at: new Date(NOW - HOUR) }, text: { at: '2026-01-01T01:00:00+02:00' }, day: { at: '2026-01-01' },
        future: { at: NOW + 5 * HOUR }, missing: {}, words: { at: 'yesterday' }, nothing: { at: null }, list: { at: [null, NOW - HOUR] },
      }),
    );
    const rank = { similarity: 0, recency: { weight: 1, halfLifeMs: HOUR, field: 'at' }, now: NOW };
    const hits = await c.search({ vector: [1, 0], rank, k: 20 });
    const scores = Object.fromEntries(hits.map(({ id, score }) => [id, Math.round(score * 1e4) / 1e4]));
    expect(scores).toEqual({ number: 0.5, date: 0.5, text: 0.5, list: 0.5, day: 1, future: 1, missing: 0, words: 0, nothing: 0 });
  });

  test('goes by the time of creation and by the clock where nothing else is said', async () => {
    const c = await records(alike({ a: {} }));
    const { createdAt } = await c.get('a');
    const recency = { weight: 1, halfLifeMs: 1000 * HOUR };
    const of = async (rank) => (await c.search({ vector: [1, 0], rank, explain: true }))[0].explain.recency;
    expect(await of({ recency, now: createdAt + 1000 * HOUR })).toBeCloseTo(0.5, 5);
    expect(await of({ recency })).toBeGreaterThan(0.99);
    expect(await of({ recency: { ...recency, field: '$updatedAt' }, now: createdAt + 2000 * HOUR })).toBeCloseTo(0.25, 5);
  });
});

test('fields count as they are, times their weights; use by its logarithm, of the most used', async () => {
  const c = await records(alike({ a: { reward: 0.5, is: { good: true }, uses: 7 }, b: { reward: -1, uses: 1 }, c: { reward: 'much', uses: 0 }, d: {} }));
  const rank = { similarity: 0.5, fields: { reward: 2, 'is.good': 0.25 }, usage: { weight: 3, field: 'uses' } };
  const hits = await c.search({ vector: [1, 0], rank, explain: true });
  expect(Object.fromEntries(hits.map(({ id, explain }) => [id, explain]))).toEqual({
    a: { vector: 1, similarity: 0.5, fields: { reward: 1, 'is.good': 0.25 }, usage: 3 },
    b: { vector: 1, similarity: 0.5, fields: { reward: -2, 'is.good': 0 }, usage: expect.closeTo((3 * Math.log(2)) / Math.log(8), 5) },
    c: { vector: 1, similarity: 0.5, fields: { reward: 0, 'is.good': 0 }, usage: 0 },
    d: { vector: 1, similarity: 0.5, fields: { reward: 0, 'is.good': 0 }, usage: 0 },
  });
  expect(idsOf(hits)).toEqual(['a', 'd', 'c', 'b']); // Of equal scores the newest first.
});

test(
  'parts add up to the score, whatever was searched; scores without a scale of their own are divided by the best',
  seeded(async (random) => {
    const c = await (await databases.open()).collection('c', { dimensions: 3, metric: 'ip' });
    await c.addMany(
      Array.from({ length: 200 }, (_, i) => ({
        id: `r${i}`, vector: [random(), random(), random() * 5], text: `${'word '.repeat(1 + integer(random, 9))}${'x '.repeat(integer(random, 20))}`,
        metadata: { at: NOW - random() * 9 * HOUR, n: random(), uses: integer(random, 50) },
      })),
    );
    const rank = { similarity: 2, recency: { weight: 0.5, halfLifeMs: HOUR, field: 'at' }, fields: { n: 1 }, usage: { weight: 0.3, field: 'uses' }, now: NOW };
    for (const asked of [{ text: 'word', vector: null }, { vector: [1, 1, 1] }, { text: 'word', vector: [1, 1, 1] }]) {
      const hits = await c.search({ ...asked, rank, k: 50, explain: true });
      expect(hits).toHaveLength(50);
      for (const { score, explain } of hits) {
        expect(explain.similarity + explain.recency + explain.fields.n + explain.usage).toBeCloseTo(score, 4);
        expect(explain.similarity).toBeLessThanOrEqual(2.00001);
      }
      expect(hits.map(({ score }) => score)).toEqual(hits.map(({ score }) => score).sort((a, b) => b - a));
      const best = await c.search({ ...asked, rank: { similarity: 2 }, k: 1 });
      expect(best[0].score).toBeCloseTo(2, 5);
    }
  }),
);

test('ranking looks at more records than it returns', async () => {
  const c = await (await databases.open()).collection('c', { dimensions: 1, metric: 'l2' });
  await c.addMany(Array.from({ length: 100 }, (_, i) => ({ id: `r${i}`, vector: [i], metadata: { good: i === 49 ? 1 : 0 } })));
  expect(idsOf(await c.search({ vector: [0], k: 1, rank: { fields: { good: 5 } } }))).toEqual(['r49']);
});

describe('mmr', () => {
  const at = (degrees) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const four = [
    { id: 'best', vector: at(0) }, { id: 'copy', vector: at(-1) }, { id: 'other', vector: at(50) }, { id: 'opposite', vector: at(180) },
  ];

  test('takes what is like none before it', async () => {
    const c = await records(four);
    const ask = async (lambda, k = 2) => idsOf(await c.search({ vector: at(20), k, mmr: { lambda } }));
    expect(await ask(1)).toEqual(['best', 'copy']);
    expect(await ask(0.5)).toEqual(['best', 'other']);
    expect(await ask(0)).toEqual(['best', 'opposite']);
    expect(await ask(undefined)).toEqual(['best', 'other']);
    expect((await ask(0.3, 10)).sort()).toEqual(['best', 'copy', 'opposite', 'other']);
  });

  test('weighs scores that have no scale of their own as shares of the best', async () => {
    const others = Array.from({ length: 40 }, (_, i) => ({ id: `r${i}`, text: 'nothing of it' }));
    const texts = { best: 'fox fox', copy: 'fox fox', other: 'fox and hound', opposite: 'hare' };
    const c = await records([...others, ...four.map((record) => ({ ...record, text: texts[record.id] }))]);
    const ask = async (query, lambda) => idsOf(await c.search({ ...query, k: 2, mmr: { lambda } }));
    // BM25 scores of more than 4, which no similarity would move.
    expect(await ask({ text: 'fox' }, 1)).toEqual(['copy', 'best']);
    expect(await ask({ text: 'fox' }, 0.5)).toEqual(['copy', 'other']);
    // Sums of at most 1 / 11, which any would.
    const both = { text: 'fox', vector: at(-1), fusion: 'rrf' };
    expect(await ask(both, 0.9)).toEqual(['copy', 'best']);
    expect(await ask(both, 0.3)).toEqual(['copy', 'opposite']);
  });

  test('goes by the angle between hits where the metric is the inner product', async () => {
    const c = await records(four.map(({ id, vector }) => ({ id, vector: vector.map((x) => 100 * x) })), { metric: 'ip' });
    expect(idsOf(await c.search({ vector: at(20), k: 2, mmr: { lambda: 0.5 } }))).toEqual(['best', 'other']);
    expect(idsOf(await c.search({ vector: at(20), k: 2, mmr: { lambda: 0.95 } }))).toEqual(['best', 'copy']);
  });

  test('leaves records without vectors where words put them', async () => {
    const c = await records([{ id: 'a', text: 'x x' }, { id: 'b', text: 'x' }]);
    expect(idsOf(await c.search({ text: 'x', vector: null, mmr: {} }))).toEqual(['a', 'b']);
  });

  test('is for at most 1,000 hits', async () => {
    const c = await records(four);
    expect(await c.search({ vector: [1, 0], k: 1000, mmr: {} })).toHaveLength(4);
    expect(await errorOf(c.search({ vector: [1, 0], k: 1001, mmr: {} }))).toMatchObject({ argument: 'query.k' });
  });
});

test('minScore leaves out what is worse, by the score that hits have', async () => {
  const c = await records([{ id: 'a', vector: [1, 0] }, { id: 'b', vector: [0.6, 0.8] }, { id: 'c', vector: [-1, 0] }]);
  const ask = async (minScore, more) => idsOf(await c.search({ vector: [1, 0], minScore, ...more }));
  expect([await ask(-2), await ask(0.5), await ask(0.7), await ask(2)]).toEqual([['a', 'b', 'c'], ['a', 'b'], ['a'], []]);
  expect(await ask(0.5, { rank: { similarity: 0.7 } })).toEqual(['a']);
});

test('autocut ends before the nth great drop', async () => {
  const at = [1, 0.99, 0.98, 0.6, 0.59, 0.58, 0.2, 0.19];
  const c = await (await databases.open()).collection('c', { dimensions: 1, metric: 'ip' });
  await c.addMany(at.map((x, i) => ({ id: `r${i}`, vector: [x] })));
  const ask = async (autocut) => (await c.search({ vector: [1], autocut })).length;
  expect([await ask(undefined), await ask(1), await ask(2), await ask(3)]).toEqual([8, 3, 6, 8]);
  const even = await (await databases.open()).collection('c', { dimensions: 1, metric: 'ip' });
  await even.addMany(Array.from({ length: 9 }, (_, i) => ({ vector: [1 - i / 10] })));
  expect(await even.search({ vector: [1], autocut: 1 })).toHaveLength(9);
});

describe('groupBy', () => {
  const films = [['a', 'drama'], ['b', 'drama'], ['c', 'comedy'], ['d', 'drama'], ['e', undefined], ['f', 'comedy'], ['g', undefined]];
  const list = films.map(([id, genre], i) => ({ id, vector: [10 - i, 1], metadata: { ...(genre && { genre }), at: { n: i % 2 } } }));

  test.each([
    ['genre', ['a', 'c', 'e', 'g']],
    [{ field: 'genre' }, ['a', 'c', 'e', 'g']],
    [{ field: 'genre', size: 2 }, ['a', 'b', 'c', 'e', 'f', 'g']],
    ['at.n', ['a', 'b']],
    ['$id', ['a', 'b', 'c', 'd', 'e', 'f', 'g']],
  ])('%j leaves the best of each value, and what has none', async (groupBy, expected) => {
    const c = await records(list, { metric: 'ip' });
    expect(idsOf(await c.search({ vector: [1, 0], groupBy }))).toEqual(expected);
    expect(idsOf((await c.searchMany({ vectors: Float32Array.of(1, 0), groupBy }))[0])).toEqual(expected);
  });

  test('fetches more, so that there are k groups', async () => {
    const c = await (await databases.open()).collection('c', { dimensions: 1, metric: 'l2' });
    await c.addMany(Array.from({ length: 60 }, (_, i) => ({ vector: [i], metadata: { n: Math.floor(i / 12) } })));
    expect(await c.search({ vector: [0], k: 4, groupBy: 'n' })).toHaveLength(4);
  });
});

test.each([
  [{ rank: { recency: { weight: 1 } } }, 'query.rank.recency.halfLifeMs'],
  [{ rank: { recency: { weight: 1, halfLifeMs: 0 } } }, 'query.rank.recency.halfLifeMs'],
  [{ rank: { recency: { weight: 2000, halfLifeMs: 5 } } }, 'query.rank.recency.weight'],
  [{ rank: { recency: { weight: 1, halfLifeMs: 5, field: '$nothing' } } }, 'query.rank.recency.field'],
  [{ rank: { recency: { weight: 1, halfLifeMs: 5, decay: 'log' } } }, 'query.rank.recency.decay'],
  [{ rank: { fields: { 'a..b': 1 } } }, 'query.rank.fields'],
  [{ rank: { fields: { a: 'much' } } }, 'query.rank.fields.a'],
  [{ rank: { fields: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`f${i}`, 1])) } }, 'query.rank.fields'],
  [{ rank: { recency: { halfLifeMs: 5 } } }, 'query.rank.recency.weight'],
  [{ rank: { usage: { weight: 1 } } }, 'query.rank.usage.field'],
  [{ rank: { usage: { field: 'n' } } }, 'query.rank.usage.weight'],
  [{ rank: { reward: 1 } }, 'query.rank.reward'],
  [{ rank: new Map() }, 'query.rank'],
  [{ mmr: true }, 'query.mmr'],
  [{ mmr: { lambda: 2 } }, 'query.mmr.lambda'],
  [{ autocut: 0 }, 'query.autocut'],
  [{ groupBy: '' }, 'query.groupBy.field'],
  [{ groupBy: { size: 2 } }, 'query.groupBy.field'],
  [{ alpha: 1.5 }, 'query.alpha'],
  [{ fusion: 'sum' }, 'query.fusion'],
])('refuses %j by name', async (more, argument) => {
  const c = await records([]);
  expect(await errorOf(c.search({ vector: [1, 0], ...more }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
});

test.each([
  [{ vector: [1, 0], alpha: 0.5 }, 'query.alpha', 'needs a text and a vector'],
  [{ text: 'x', alpha: 0.5 }, 'query.alpha', 'needs a text and a vector'],
  [{ text: 'x', vector: null, fusion: 'rrf' }, 'query.fusion', 'needs a text and a vector'],
  [{ vector: [1, 0], typos: false }, 'query.typos', 'needs a text'],
  [{ vector: [1, 0], prefix: true }, 'query.prefix', 'needs a text'],
  [{ vector: [1, 0], highlight: true }, 'query.highlight', 'needs a text'],
  [{ text: 'x', ef: 10 }, 'query.ef', 'needs a vector'],
  [{ text: 'x', exact: true }, 'query.exact', 'needs a vector'],
])('what %j would leave without effect is refused', async (query, argument, message) => {
  const c = await records([]);
  expect(await errorOf(c.search(query))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument, message: expect.stringContaining(message) });
  await expect(c.searchMany([query])).rejects.toMatchObject({ argument: argument.replace('query', 'queries[0]') });
  expect(() => c.searchSync(query)).toThrow(message);
});
