'use strict';

// Big results come over in parts: whatever the sizes, they are what was stored, in both forms, and the event loop turns between.

const { collect, integer, pick, seeded, turnOfTheLoop, useDatabases } = require('./support/database');

const databases = useDatabases();
const DIMENSIONS = 16;
const ALL = ['text', 'metadata', 'vector'];
const INCLUDES = [[], ['text'], ['vector'], ['text', 'vector'], ALL];

const withoutTimes = ({ createdAt: _c, updatedAt: _u, version: _v, ...rest }) => rest;

/** Records of all sizes, in the order in which an l2 search for the origin finds them: the parts end anywhere. */
function recordsOf(random, count) {
  const text = () => 'x'.repeat(pick(random, [0, 10, 1000, 40_000, integer(random, 300_000)]));
  return Array.from({ length: count }, (_, i) => ({
    id: `r${i}`,
    ...(random() < 0.6 && { text: `${i} é ${random() < 0.1 ? text() : ''}` }),
    ...(random() < 0.5 && { metadata: { i, list: [i, { deep: 'ü' }] } }),
    vector: new Float32Array(DIMENSIONS).fill(i + 1),
  }));
}

const including = (record, fields) => Object.fromEntries(Object.entries(record).filter(([key]) => key === 'id' || fields.includes(key)));

test(
  'search, find, scan and get give what was stored',
  seeded(async (random) => {
    const c = await (await databases.open()).collection('c', { dimensions: DIMENSIONS, metric: 'l2' });
    const records = recordsOf(random, 3000);
    await c.addMany(records);
    const vector = new Float32Array(DIMENSIONS);
    for (const include of INCLUDES) {
      const expected = records.map((record) => including(record, include));
      const query = { vector, k: 10_000, include, explain: true };
      const hits = await c.search(query);
      expect(hits.map(({ score: _s, distance: _d, ...rest }) => rest)).toEqual(expected);
      expect(hits.explain.strategy).toBe('exact');
      expect([...c.searchSync(query)]).toEqual([...hits]);
      const page = await c.find({ limit: 10_000, include });
      expect(page.records.map(withoutTimes)).toEqual(expected);
      expect(page.cursor).toBeUndefined();
      expect(c.findSync({ limit: 10_000, include })).toEqual(page);
      expect((await collect(c.scan({ include }))).map(withoutTimes)).toEqual(expected);
    }
    for (const record of records.slice(0, 200)) expect(withoutTimes(await c.get(record.id, { include: ALL }))).toEqual(record);
  }),
);

test('the event loop turns while a big result is read', async () => {
  const c = await (await databases.open()).collection('c', { dimensions: DIMENSIONS });
  const count = 2000;
  await c.addMany({ vectors: new Float32Array(count * DIMENSIONS).fill(1), texts: Array(count).fill('text '.repeat(1000)) });
  let turns = 0;
  let isDone = false;
  const reading = c.search({ vector: new Float32Array(DIMENSIONS).fill(1), k: count }).finally(() => {
    isDone = true;
  });
  // The first part comes with the answer, each other one in a turn of its own.
  const bytes = count * 5000;
  while (!isDone) {
    await turnOfTheLoop();
    turns++;
  }
  expect(await reading).toHaveLength(count);
  expect(turns).toBeGreaterThan(bytes / 2 ** 19);
});

test('big vectors are made in as many steps as they need, each with memory of its own', async () => {
  const db = await databases.open();
  const c = await db.collection('c', { dimensions: 512 });
  const count = 2000;
  await c.addMany({ vectors: new Float32Array(count * 512).fill(1) });
  const before = (await db.stats()).queue.loopSteps;
  const { records } = await c.find({ limit: count, include: ['vector'] });
  expect((await db.stats()).queue.loopSteps - before).toBeGreaterThan((count * 512 * 4) / 2 ** 19);
  // Keeping one does not keep the others.
  for (const { vector } of records) expect(vector.buffer.byteLength).toBe(512 * 4);
});

test('many big results at once do not mix', async () => {
  const c = await (await databases.open()).collection('c', { dimensions: 1, metric: 'l2' });
  const texts = Array.from({ length: 50 }, (_, i) => `${i} `.repeat(20_000));
  await c.addMany({ vectors: Float32Array.from(texts, (_, i) => i), texts });
  const answers = await Promise.all(texts.map((_, i) => c.search({ vector: [i], k: 50, include: ['text', 'vector'] })));
  answers.forEach((hits, i) => {
    expect(hits[0].vector[0]).toBe(i);
    expect(hits.every((hit) => hit.text === texts[hit.vector[0]])).toBe(true);
    expect(new Set(hits.map((hit) => hit.id)).size).toBe(50);
  });
});
