'use strict';

// Texts get vectors on their way in, and on their way into a search: which, when, and what is refused before anything is written.

const { useDatabases, errorOf, thrownBy } = require('./support/database');
const { lettersEmbedder, lettersOf } = require('./support/letters');

const databases = useDatabases();
const vectorOf = async (c, id) => (await c.get(id, { include: ['vector'] })).vector;
const lettersAt = (text) => Float32Array.from(lettersOf(text));

async function setUp(embedder = lettersEmbedder()) {
  const db = await databases.open(':memory:', { embedder });
  return { db, c: await db.collection('c'), embedder };
}

describe('a record with a text and without a vector gets the vector of its text', () => {
  test('add and upsert', async () => {
    const { c } = await setUp();
    await c.add({ id: 'x', text: 'aab' });
    expect(await vectorOf(c, 'x')).toEqual(lettersAt('aab'));
    await c.upsert({ id: 'x', text: 'b' });
    expect(await vectorOf(c, 'x')).toEqual(lettersAt('b'));
  });

  test.each(['addMany', 'upsertMany'])('%s, of all records at once', async (method) => {
    const { c, embedder } = await setUp();
    await c[method]([{ id: 'x', text: 'a' }, { id: 'y' }, { id: 'z', text: 'bb', vector: [1, 2, 3] }, { id: 'w', text: 'b', vector: null }, { id: 'v', text: 'ab' }]);
    expect(embedder.asked).toEqual([['a', 'ab']]);
    expect(await vectorOf(c, 'x')).toEqual(lettersAt('a'));
    expect(await vectorOf(c, 'v')).toEqual(lettersAt('ab'));
    expect(await vectorOf(c, 'z')).toEqual(Float32Array.of(1, 2, 3));
    expect([await vectorOf(c, 'y'), await vectorOf(c, 'w')]).toEqual([undefined, undefined]);
  });

  test('columns, of the texts there are; null instead of a matrix means none', async () => {
    const { c, embedder } = await setUp();
    await c.addMany({ ids: ['x', 'y', 'z'], texts: ['a', null, 'b'] });
    await c.addMany({ ids: ['w'], texts: ['a'], vectors: null });
    await c.addMany({ ids: ['v'], texts: ['b'], vectors: Float32Array.of(1, 1, 1) });
    expect(embedder.asked).toEqual([['a', 'b']]);
    expect(await vectorOf(c, 'z')).toEqual(lettersAt('b'));
    expect([await vectorOf(c, 'y'), await vectorOf(c, 'w')]).toEqual([undefined, undefined]);
  });

  test('batch, of all operations at once, each collection by its own embedder', async () => {
    const { db, c, embedder } = await setUp();
    const other = lettersEmbedder({ model: 'others' });
    const d = await db.collection('d', { embedder: other });
    const e = await db.collection('e', { dimensions: 3, embedder: null });
    await c.add({ id: 'p', vector: [1, 1, 1] });
    const done = await db.batch([
      { type: 'add', collection: c, record: { id: 'x', text: 'a' } },
      { type: 'upsert', collection: d, record: { id: 'x', text: 'bb' } },
      { type: 'add', collection: e, record: { id: 'x', text: 'bb' } },
      { type: 'patch', collection: c, id: 'p', fields: { text: 'aaa' } },
      { type: 'delete', collection: c, id: 'none' },
    ]);
    expect(done.map(({ id }) => id)).toEqual(['x', 'x', 'x', 'p', 'none']);
    expect([embedder.asked, other.asked]).toEqual([[['a', 'aaa']], [['bb']]]);
    expect([await vectorOf(c, 'x'), await vectorOf(d, 'x'), await vectorOf(e, 'x')]).toEqual([lettersAt('a'), lettersAt('bb'), undefined]);
    expect(await vectorOf(c, 'p')).toEqual(lettersAt('aaa'));
  });

  test('patch: a new text has a new vector, an empty one has none, and other fields change nothing', async () => {
    const { c, embedder } = await setUp();
    await c.add({ id: 'x', text: 'a' });
    await c.patch('x', { metadata: { n: 1 } });
    expect(await vectorOf(c, 'x')).toEqual(lettersAt('a'));
    await c.patch('x', { text: 'bb' });
    expect(await vectorOf(c, 'x')).toEqual(lettersAt('bb'));
    await c.patch('x', { text: 'b', vector: [3, 2, 1] });
    expect(await vectorOf(c, 'x')).toEqual(Float32Array.of(3, 2, 1));
    await c.patch('x', { text: '' });
    expect(await vectorOf(c, 'x')).toBeUndefined();
    await c.patch('x', { text: 'a', vector: null });
    expect(await vectorOf(c, 'x')).toBeUndefined();
    expect(embedder.asked).toEqual([['a'], ['bb']]);
  });

  test('an empty text has none, and lost halves of surrogate pairs are what is stored', async () => {
    const { c, embedder } = await setUp();
    await c.addMany([{ id: 'x', text: '' }, { id: 'y', text: 'a\ud800' }]);
    expect(embedder.asked).toEqual([['a\ufffd']]);
    expect(await vectorOf(c, 'x')).toBeUndefined();
  });

  test('in a collection without vectors, or with none of its own, nothing is embedded', async () => {
    const { db, embedder } = await setUp();
    const plain = await db.collection('plain', { embedder: null });
    expect(plain.dimensions).toBeUndefined();
    const again = await db.collection('plain');
    for (const c of [plain, again, await db.getCollection('plain')]) await c.add({ text: 'a' });
    expect(embedder.asked).toEqual([]);
  });
});

describe('a search', () => {
  test('by a text is one by its vector', async () => {
    const { c, embedder } = await setUp();
    await c.addMany([{ id: 'x', text: 'aaa' }, { id: 'y', text: 'bbb' }, { id: 'z', text: 'ab' }]);
    expect((await c.search({ text: 'a', k: 1 })).map(({ id }) => id)).toEqual(['x']);
    expect((await c.search({ text: 'aaaaa', k: 1, filter: { $id: { $ne: 'x' } }, include: [] })).map(({ id }) => id)).toEqual(['z']);
    expect(embedder.asked.slice(1)).toEqual([['a'], ['aaaaa']]);
  });

  test('of many embeds the texts of all of them at once', async () => {
    const { c, embedder } = await setUp();
    await c.addMany([{ id: 'x', text: 'aaa' }, { id: 'y', text: 'bbb' }]);
    const found = await c.searchMany([{ text: 'a', k: 1 }, { vector: [0, 1, 0], k: 1 }, { text: 'b', k: 1 }]);
    expect(found.map(([{ id }]) => id)).toEqual(['x', 'y', 'y']);
    expect(embedder.asked.slice(1)).toEqual([['a', 'b']]);
  });
});

describe('before a text is embedded', () => {
  test.each([
    ['add', (c) => c.add({ text: 'a', id: '' })],
    ['add', (c) => c.add({ text: 5 }), true],
    ['addMany', (c) => c.addMany([{ text: 'a' }, { text: 'b', metadata: 5 }]), true],
    ['patch', (c) => c.patch('x', { text: 'a', ttlMs: -1 }), true],
    ['search', (c) => c.search({ text: 'a', filter: { $nope: 1 } })],
    ['search', (c) => c.search({ text: 5 }), true],
    ['searchMany', (c) => c.searchMany([{ text: 'a' }, { text: 'b', filter: 5 }]), true],
    ['batch', (c, db) => db.batch([{ type: 'add', collection: c, record: { text: 'a' } }, { type: 'add', collection: c, record: { id: 5 } }]), true],
  ])('what %s has wrong is told, and nothing is written', async (_, call, isEarly = false) => {
    const { db, c, embedder } = await setUp();
    expect(await errorOf(call(c, db))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect(await c.count()).toBe(0);
    if (isEarly) expect(embedder.asked).toEqual([]);
  });

  test('a sync twin says that it cannot wait, and names the argument', async () => {
    const { db, c, embedder } = await setUp();
    await c.add({ id: 'x', vector: [1, 1, 1] });
    const calls = [
      ['record.vector', () => c.addSync({ text: 'a' })],
      ['record.vector', () => c.upsertSync({ text: 'a' })],
      ['records[1].vector', () => c.addManySync([{ id: 'q' }, { text: 'a' }])],
      ['records[0].vector', () => c.upsertManySync({ texts: ['a'] })],
      ['fields.vector', () => c.patchSync('x', { text: 'a' })],
      ['operations[0].record.vector', () => db.batchSync([{ type: 'add', collection: c, record: { text: 'a' } }])],
      ['operations[0].fields.vector', () => db.batchSync([{ type: 'patch', collection: c, id: 'x', fields: { text: 'a' } }])],
      ['query.vector', () => c.searchSync({ text: 'a' })],
      ['queries[0].vector', () => c.searchManySync([{ text: 'a' }])],
    ];
    for (const [argument, call] of calls) {
      const error = thrownBy(call);
      expect({ argument, error }).toMatchObject({ error: { code: 'ERR_INVALID_ARGUMENT', argument, message: expect.stringMatching(/sync twin.*await/) } });
    }
    c.addSync({ text: 'a', vector: null });
    c.addManySync([{ text: 'a', vector: [1, 2, 3] }]);
    c.patchSync('x', { text: '' });
    expect([await c.count(), embedder.asked]).toEqual([3, []]);
  });
});

test('close() waits for a write whose text is being embedded', async () => {
  const path = databases.file();
  let embed;
  const embedder = lettersEmbedder({ embed: () => new Promise((resolve) => { embed = resolve; }) });
  const db = await databases.open(path, { embedder });
  const c = await db.collection('c');
  const added = c.add({ id: 'x', text: 'a' });
  while (embed === undefined) await new Promise(setImmediate);
  const closed = db.close();
  expect(await errorOf(c.add({ text: 'b' }))).toMatchObject({ code: 'ERR_CLOSED' });
  embed([[1, 0, 1]]);
  await Promise.all([added, closed]);
  const again = await databases.open(path);
  expect(await (await again.collection('c')).has('x')).toBe(true);
});
