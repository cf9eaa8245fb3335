'use strict';

// What callers do with hits: a function of theirs that orders them, and one list out of those of many queries.

const { errorOf, integer, randomVector, seeded, thrownBy, turnOfTheLoop, useDatabases } = require('./support/database');

const databases = useDatabases();

const idsOf = (hits) => hits.map((hit) => hit.id);

async function line(count = 200) {
  const c = await (await databases.open()).collection('c', { dimensions: 1, metric: 'l2' });
  await c.addMany(Array.from({ length: count }, (_, i) => ({ id: `r${i}`, vector: [i], text: `number ${i}`, metadata: { i } })));
  return c;
}

describe('rerank', () => {
  test('orders by the scores it resolves to, of more hits than are wanted', async () => {
    const c = await line();
    const seen = [];
    const rerank = async (hits) => {
      seen.push(hits.length);
      expect(hits[0]).toEqual({ id: 'r0', score: 1, distance: 0, text: 'number 0', metadata: { i: 0 } });
      return hits.map(({ metadata }) => metadata.i);
    };
    const hits = await c.search({ vector: [0], k: 3, rerank });
    expect(hits.map(({ id, score }) => [id, score])).toEqual([['r49', 49], ['r48', 48], ['r47', 47]]);
    expect(idsOf(await c.search({ vector: [0], k: 3, rerankK: 7, rerank }))).toEqual(['r6', 'r5', 'r4']);
    expect(idsOf(await c.search({ vector: [0], k: 60, rerank }))[0]).toBe('r119');
    expect(seen).toEqual([50, 7, 120]);
  });

  test('or as the hits that it resolves to, fewer if it likes, scores and all', async () => {
    const c = await line();
    const reversed = async (hits) => [...hits].reverse();
    expect(idsOf(await c.search({ vector: [0], k: 2, rerankK: 5, rerank: reversed }))).toEqual(['r4', 'r3']);
    const even = (hits) => hits.filter(({ metadata }) => metadata.i % 2 === 0).map((hit) => ({ ...hit, score: 9, note: 'mine' }));
    expect(await c.search({ vector: [0], k: 2, rerank: even, include: ['metadata'] })).toEqual([
      { id: 'r0', score: 9, distance: 0, metadata: { i: 0 }, note: 'mine' }, { id: 'r2', score: 9, distance: 2, metadata: { i: 2 }, note: 'mine' },
    ]);
    expect(await c.search({ vector: [0], rerank: () => [] })).toEqual([]);
    expect(await c.search({ vector: [0], filter: { i: -1 }, rerank: (hits) => hits.map(() => 1) })).toEqual([]);
  });

  test.each([
    ['throws', () => { throw new Error('no model'); }],
    ['rejects', async () => Promise.reject(new Error('no model'))],
    ['sorts what it was given, then throws', (hits) => { hits.reverse(); throw new Error('no model'); }],
  ])('that %s leaves the order as it was, and is told', async (_, rerank) => {
    const c = await line();
    const hits = await c.search({ vector: [0], k: 3, rerank, explain: true });
    expect(idsOf(hits)).toEqual(['r0', 'r1', 'r2']);
    expect(hits.rerankError).toMatchObject({ message: 'no model' });
    expect(hits.explain.strategy).toBe('exact');
    expect(await c.search({ vector: [0], k: 3, rerank: (all) => all })).not.toHaveProperty('rerankError');
  });

  test.each([
    ['nothing', () => undefined], ['too few scores', () => [1]], ['NaN', (hits) => hits.map((_, i) => (i === 3 ? NaN : i))],
    ['a stranger', () => [{ id: 'stranger' }]], ['one hit twice', (hits) => [hits[0], hits[0]]], ['null', () => [null]], ['a hole', () => new Array(5)],
  ])('that gives %s is refused', async (_, rerank) => {
    expect(await errorOf((await line()).search({ vector: [0], rerank }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'query.rerank' });
  });

  test.each([
    [{ rerank: 5 }, 'query.rerank'], [{ rerank: null }, 'query.rerank'], [{ rerankK: 5 }, 'query.rerankK'],
    [{ rerank: () => {}, rerankK: 9 }, 'query.rerankK'], [{ rerank: () => {}, rerankK: 10_001 }, 'query.rerankK'], [{ rerank: () => {}, k: 0 }, 'query.k'],
  ])('%j is refused', async (more, argument) => {
    expect(await errorOf((await line()).search({ vector: [0], ...more }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
  });

  test('is not for sync twins and not for searchMany', async () => {
    const c = await line();
    const query = { vector: [0], rerank: (hits) => hits };
    expect(thrownBy(() => c.searchSync(query))).toMatchObject({ argument: 'query.rerank' });
    expect(await errorOf(c.searchMany([query]))).toMatchObject({ argument: 'queries[0].rerank' });
  });

  test('that hangs is left when the signal or the time says so, and is told', async () => {
    const c = await line();
    const hanging = () => {
      const seen = {};
      seen.rerank = (_, { signal }) => {
        seen.signal = signal;
        return new Promise(() => {});
      };
      return seen;
    };
    const late = hanging();
    expect(await errorOf(c.search({ vector: [0], rerank: late.rerank, timeoutMs: 50 }))).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(late.signal === undefined || late.signal.aborted).toBe(true);
    const aborted = hanging();
    const controller = new AbortController();
    const searching = errorOf(c.search({ vector: [0], rerank: aborted.rerank, signal: controller.signal }));
    while (aborted.signal === undefined) await turnOfTheLoop();
    expect(aborted.signal.aborted).toBe(false);
    controller.abort(new Error('enough'));
    expect((await searching).message).toBe('enough');
    expect(aborted.signal.aborted).toBe(true);
  });

  test('may search itself', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 1 });
    await c.add({ id: 'a', vector: [1] });
    const rerank = async (hits) => (await c.search({ vector: [1] })).concat(hits).slice(0, 1);
    const searching = c.search({ vector: [1], rerank });
    expect(idsOf(await searching)).toEqual(['a']);
  });
});

describe('searchMany with fuse', () => {
  test(
    'is reciprocal rank fusion, best first',
    seeded(async (random) => {
      const c = await (await databases.open()).collection('c', { dimensions: 4 });
      await c.addMany(Array.from({ length: 300 }, (_, i) => ({ id: `r${i}`, vector: randomVector(random, 4) })));
      const queries = Array.from({ length: 5 }, (_, i) => ({ vector: randomVector(random, 4), k: 10 + 10 * i }));
      const lists = (await c.searchMany(queries)).map(idsOf);
      for (const [rankConstant, weights] of [[10], [60], [0, [1, 2, 0.5, 0, 3]]]) {
        const fuse = rankConstant === 10 ? 'rrf' : { method: 'rrf', rankConstant, ...(weights && { weights }) };
        const hits = await c.searchMany(queries, { fuse, concurrency: 1 + integer(random, 5) });
        const scores = new Map();
        lists.forEach((ids, query) => ids.forEach((id, i) => scores.set(id, (scores.get(id) ?? 0) + (weights?.[query] ?? 1) / (rankConstant + i + 1))));
        expect(hits.map(({ score }) => score)).toEqual([...scores.values()].sort((a, b) => b - a).slice(0, 50));
        for (const { id, score, ranks, distance } of hits) {
          expect(score).toBe(scores.get(id));
          expect(ranks).toEqual(lists.map((ids) => (ids.includes(id) ? ids.indexOf(id) + 1 : null)));
          expect(typeof distance).toBe('number');
        }
        expect(c.searchManySync(queries, { fuse })).toEqual(hits);
      }
      expect(await c.searchMany(queries, { fuse: { method: 'rrf', k: 7 } })).toHaveLength(7);
    }),
  );

  test('mixes words and vectors, and has each hit as the query has it that found it first', async () => {
    const c = await line(30);
    const hits = await c.searchMany([{ text: 'number 7', vector: null, k: 2, highlight: true }, { vector: [7.4], k: 2 }], { fuse: 'rrf' });
    expect(hits[0]).toMatchObject({ id: 'r7', score: 2 / 11, ranks: [1, 1], highlights: [{ start: 0, end: 6 }, { start: 7, end: 8 }] });
    expect(hits).toHaveLength(2);
    expect(await c.searchMany({ vectors: Float32Array.of(1, 2), k: 3 }, { fuse: 'rrf' })).toHaveLength(3);
    expect(await c.searchMany([], { fuse: 'rrf' })).toEqual([]);
  });

  test.each([
    [null, 'options.fuse'], [5, 'options.fuse'], ['sum', 'options.fuse'], [{}, 'options.fuse.method'], [{ method: 'rrf', c: 1 }, 'options.fuse.c'],
    [{ method: 'rrf', rankConstant: -1 }, 'options.fuse.rankConstant'], [{ method: 'rrf', k: 0 }, 'options.fuse.k'],
    [{ method: 'rrf', weights: [1] }, 'options.fuse.weights'], [{ method: 'rrf', weights: [1, '2'] }, 'options.fuse.weights[1]'],
  ])('refuses %j by name, in both forms', async (fuse, argument) => {
    const c = await line(3);
    const queries = [{ vector: [0] }, { vector: [1] }];
    expect(await errorOf(c.searchMany(queries, { fuse }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
    expect(thrownBy(() => c.searchManySync(queries, { fuse }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
  });
});
