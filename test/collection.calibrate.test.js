'use strict';

// calibrate(): a weight of vectors from questions with known answers, kept by the collection.

const { errorOf, integer, randomVector, seeded, useDatabases } = require('./support/database');

const databases = useDatabases();

/** Records of topics; which arm knows the topic, the other knows nothing of. */
async function collection(random, knows, file) {
  const db = await databases.open(file);
  const c = await db.collection('c', { dimensions: 16, text: { language: 'none' } });
  const centres = Array.from({ length: 20 }, () => randomVector(random, 16));
  const make = (topic) => ({
    vector: randomVector(random, 16).map((x, i) => 0.3 * x + (knows === 'vectors' ? centres[topic][i] : 0)),
    text: Array.from({ length: 6 }, (_, i) => (knows === 'words' && i < 3 ? `topic${topic}` : `w${integer(random, 40)}`)).join(' '),
  });
  const topics = Array.from({ length: 400 }, (_, i) => i % 20);
  await c.addMany(topics.map((topic, i) => ({ id: `r${i}`, ...make(topic) })));
  const judged = Array.from({ length: 30 }, (_, i) => ({ ...make(i % 20), relevant: topics.flatMap((topic, at) => (topic === i % 20 ? [`r${at}`] : [])) }));
  return { db, c, judged };
}

test(
  'goes by the arm that knows the answers, keeps it in the file, and says what it is worth',
  seeded(async (random) => {
    const file = databases.file();
    const { db, c, judged } = await collection(random, 'vectors', file);
    const told = await c.calibrate(judged, { store: false });
    expect(told.queries).toBe(30);
    expect(told.vector).toBeGreaterThan(told.keyword);
    expect(told.calibrated).toBeGreaterThanOrEqual(told.default - 1e-6);
    const query = { text: judged[0].text, vector: judged[0].vector, explain: true };
    const shareOf = async (each) => (await each.search(query)).explain;
    const before = await shareOf(c);
    expect(before.alpha).toBeCloseTo(0.35 * before.gate, 5);
    expect(await c.calibrate(judged)).toEqual(told);
    const after = await shareOf(c);
    expect(after.alpha).toBeCloseTo(told.alpha * after.gate, 5);
    expect(db.listCollectionsSync()[0].alpha).toBeCloseTo(told.alpha, 6);
    await db.close();
    const again = await databases.open(file);
    expect(again.listCollectionsSync()[0].alpha).toBeCloseTo(told.alpha, 6);
    expect((await shareOf(await again.collection('c'))).alpha).toBeCloseTo(after.alpha, 5);
  }),
);

test(
  'goes by words where only they know; grades by id count like lists',
  seeded(async (random) => {
    const { c, judged } = await collection(random, 'words');
    const told = await c.calibrate(judged, { store: false });
    expect(told.keyword).toBeGreaterThan(told.vector);
    expect(told.alpha * told.gate).toBeLessThan(0.35);
    const graded = judged.map(({ relevant, ...query }) => ({ ...query, relevant: Object.fromEntries(relevant.map((id) => [id, 1])) }));
    expect(await c.calibrate(graded, { store: false })).toEqual(told);
  }),
);

test('is refused without vectors, without questions, and with what is none, by its place', async () => {
  const db = await databases.open();
  const plain = await db.collection('plain');
  const good = { text: 'x', vector: [1, 0], relevant: ['a'] };
  expect(await errorOf(plain.calibrate([good]))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  const c = await db.collection('c', { dimensions: 2 });
  for (const [queries, argument] of [[[], 'queries'], [[good, { ...good, vector: [1] }], 'queries[1].vector'], [[{ ...good, relevant: {} }], 'queries[0].relevant']]) {
    expect(await errorOf(c.calibrate(queries))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
  }
});
