'use strict';

// Searching by words: what is found after each kind of write, and by which words.

const { errorOf, integer, pick, seeded, useDatabases } = require('./support/database');
const { bm25, expectBest } = require('./support/plain-search');

const databases = useDatabases();

const idsOf = (hits) => hits.map((hit) => hit.id);

async function texts(records, text) {
  const c = await (await databases.open()).collection('c', { text });
  await c.addMany(Object.entries(records).map(([id, each]) => ({ id, text: each })));
  return c;
}

describe('a text is found by its words', () => {
  test('right after each kind of write, and no longer after it is gone', async () => {
    const c = await (await databases.open()).collection('c');
    const found = async (text) => idsOf(await c.search({ text })).sort();
    expect(await found('espresso')).toEqual([]);
    await c.add({ id: 'a', text: 'Ana drinks espresso' });
    expect(await found('espresso')).toEqual(['a']);
    await c.upsert({ id: 'a', text: 'Ana drinks tea' });
    expect([await found('espresso'), await found('tea')]).toEqual([[], ['a']]);
    await c.patch('a', { text: 'Ana drinks milk', metadata: { n: 1 } });
    expect([await found('tea'), await found('milk')]).toEqual([[], ['a']]);
    await c.patch('a', { metadata: { n: 2 } });
    expect(await found('milk')).toEqual(['a']);
    await c.addMany([{ id: 'b', text: 'milk', metadata: { n: 3 } }, { id: 'c', text: 'Milk!' }, { id: 'd' }]);
    expect(await found('milk')).toEqual(['a', 'b', 'c']);
    await c.deleteWhere({ n: { $gte: 3 } });
    expect(await found('milk')).toEqual(['a', 'c']);
    await c.delete('c');
    expect(await found('milk')).toEqual(['a']);
    await c.patch('a', { text: null });
    expect(await found('milk')).toEqual([]);
    expect((await c.stats()).text).toMatchObject({ texts: 0, tokens: 0 });
  });

  test('until it expires', async () => {
    const c = await texts({ stays: 'milk' });
    await c.add({ id: 'goes', text: 'milk', ttlMs: 1 });
    while (await c.has('goes')) await new Promise(setImmediate);
    expect(idsOf(await c.search({ text: 'milk' }))).toEqual(['stays']);
  });

  test('by both forms of search, and by those that search many', async () => {
    const c = await texts({ a: 'red apple', b: 'green apple', c: 'green pear' });
    const query = { text: 'green apple', include: ['text'] };
    const hits = await c.search(query);
    expect(idsOf(hits)).toEqual(['b', 'c', 'a']);
    expect(Object.keys(hits[0]).sort()).toEqual(['id', 'score', 'text']);
    expect(c.searchSync(query)).toEqual(hits);
    expect(await c.searchMany([query, { text: 'pear' }])).toEqual([hits, await c.search({ text: 'pear' })]);
    expect(c.searchManySync([query])).toEqual([hits]);
  });

  test('in a batch of several collections, and each collection only its own', async () => {
    const db = await databases.open();
    const [one, other] = [await db.collection('one'), await db.collection('other')];
    await db.batch([
      { type: 'add', collection: one, record: { id: 'a', text: 'shared word' } },
      { type: 'add', collection: other, record: { id: 'b', text: 'shared word' } },
    ]);
    expect([idsOf(await one.search({ text: 'shared' })), idsOf(await other.search({ text: 'shared' }))]).toEqual([['a'], ['b']]);
  });

  test('in collections without vectors, and with null in the place of one', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2 });
    await c.addMany([{ id: 'a', vector: [1, 0], text: 'milk' }, { id: 'b', text: 'milk milk' }]);
    const hits = await c.search({ text: 'milk', vector: null });
    expect(idsOf(hits)).toEqual(['b', 'a']);
    expect(hits.map(({ distance }) => distance)).toEqual([undefined, undefined]);
    const plain = await db.collection('plain');
    expect(await errorOf(plain.search({ text: 'x', vector: [1] }))).toMatchObject({ argument: 'query.vector' });
    expect(await errorOf(plain.search({}))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'query' });
    expect(await errorOf(plain.search({ vector: null }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });
});

describe('the result', () => {
  test('has min(k, texts with a word) hits, of equal scores the newest first', async () => {
    const c = await texts(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`r${i}`, i < 25 ? 'same words' : 'others'])));
    expect(idsOf(await c.search({ text: 'same' }))).toEqual(Array.from({ length: 10 }, (_, i) => `r${24 - i}`));
    for (const k of [1, 24, 25, 26, 10_000]) expect(await c.search({ text: 'same', k })).toHaveLength(Math.min(k, 25));
    await c.upsert({ id: 'r3', text: 'same words' });
    expect(idsOf(await c.search({ text: 'same', k: 1 }))).toEqual(['r24']);
  });

  test.each(['', ' ', '...', '"', '""', '" "', '*', 'the', 'of the', '\0', 'zzzz'])('of %j is empty', async (text) => {
    const c = await texts({ a: 'the quick brown fox', b: '' });
    expect(await c.search({ text })).toEqual([]);
  });

  test('of what anybody may type is no error', async () => {
    const c = await texts({ a: 'the quick brown fox', b: '狐狸 und Füchse', c: `${'x'.repeat(1e5)} fox` });
    for (const text of ['fox AND (', 'fox"', '"fox" "', "fox' OR 1=1", '\u202efox', 'fox\ud800', 'fo\u0301x fox', '🦊 fox', 'fox '.repeat(20_000), `${'y'.repeat(1e5)} fox`]) {
      expect(idsOf(await c.search({ text }))).toContain('a');
    }
  });

  test(
    'with a filter is what comparing with all gives: scores are those of the whole collection',
    seeded(async (random) => {
      const records = randomTexts(random, 500);
      const c = await (await databases.open()).collection('c', { text: { language: 'none' } });
      await c.addMany(records);
      for (let i = 0; i < 40; i++) {
        const least = integer(random, 500);
        const query = pick(random, records).text;
        const k = 1 + integer(random, 60);
        const hits = await c.search({ text: query, k, filter: { n: { $gte: least } }, typos: false });
        const scores = [...bm25(records, query)].filter(([id]) => Number(id) >= least);
        expectBest(hits, new Map(scores), k);
      }
    }),
  );
});

// Words by Zipf's law, so that some are in nearly all texts and some in one.
function randomText(random) {
  return Array.from({ length: 1 + integer(random, 12) }, () => `w${Math.floor(Math.exp(random() * Math.log(200)))}`).join(' ');
}

function randomTexts(random, count) {
  return Array.from({ length: count }, (_, i) => ({ id: `${i}`, text: randomText(random), metadata: { n: i } }));
}

test(
  'random writes: every answer has the scores of a collection that was made of nothing but what is there now',
  seeded(async (random) => {
    const db = await databases.open(databases.file(), { durability: 'normal' });
    const c = await db.collection('c', { text: { language: 'none' } });
    const model = new Map();
    for (let step = 0; step < 400; step++) {
      const id = `r${integer(random, 200)}`;
      const what = random();
      if (what < 0.25) {
        await c.delete(id);
        model.delete(id);
      } else if (what < 0.35 && model.has(id)) {
        const text = random() < 0.3 ? null : randomText(random);
        await c.patch(id, { text });
        model.set(id, text ?? undefined);
      } else if (what < 0.45) {
        const many = Array.from({ length: 30 }, () => ({ id: `r${integer(random, 200)}`, text: randomText(random) }));
        await c.upsertMany(many);
        for (const each of many) model.set(each.id, each.text);
      } else {
        const text = random() < 0.1 ? undefined : randomText(random);
        await c.upsert({ id, ...(text !== undefined && { text }) });
        model.set(id, text);
      }
      if (step % 3 !== 0) continue;
      const query = randomText(random);
      const records = [...model].map(([each, text]) => ({ id: each, text }));
      const k = 1 + integer(random, 250);
      expectBest(await c.search({ text: query, k, typos: false }), bm25(records, query), k);
    }
  }),
);

test('searches beside writes each answer from one state', async () => {
  const db = await databases.open(databases.file(), { durability: 'normal' });
  const c = await db.collection('c');
  await c.addMany(Array.from({ length: 50 }, (_, i) => ({ id: `r${i}`, text: 'even even' })));
  const writes = Array.from({ length: 200 }, (_, i) => c.upsert({ id: `r${i % 50}`, text: i % 2 === 0 ? 'odd odd' : 'even even' }));
  const searches = Array.from({ length: 200 }, (_, i) => c.search({ text: i % 2 === 0 ? 'odd' : 'even', k: 100 }));
  for (const [i, hits] of (await Promise.all(searches)).entries()) {
    for (const hit of hits) expect(hit.text).toContain(i % 2 === 0 ? 'odd' : 'even');
  }
  await Promise.all(writes);
});

test('what was learnt is there after reopening, with the language it was created with', async () => {
  const file = databases.file();
  const db = await databases.open(file);
  const c = await db.collection('c', { text: { language: 'german' } });
  await c.addMany([{ id: 'a', text: 'Häuser am Meer' }, { id: 'b', text: 'ein Boot' }]);
  const before = await c.search({ text: 'Haus Meere', highlight: true });
  expect(idsOf(before)).toEqual(['a']);
  await db.close();
  const again = await databases.open(file);
  expect(again.listCollectionsSync()[0].text).toEqual({ language: 'german', analyzer: 'default' });
  expect(await errorOf(again.collection('c', { text: { language: 'english' } }))).toMatchObject({ argument: 'options.text.language' });
  expect(await errorOf(again.collection('c', { text: { analyzer: 'reference' } }))).toMatchObject({ argument: 'options.text.analyzer' });
  const opened = await again.collection('c', { text: { language: 'german' } });
  expect(await opened.search({ text: 'Haus Meere', highlight: true })).toEqual(before);
});

test('stats tell of the index once somebody has searched for words', async () => {
  const c = await texts({ a: 'one two two', b: 'three' });
  expect(await c.stats()).not.toHaveProperty('text');
  await c.search({ text: 'x' });
  expect((await c.stats()).text).toEqual({ texts: 2, tokens: 4, segments: 1, memoryBytes: expect.any(Number) });
});
