'use strict';

// addMany and upsertMany: all or nothing, records and columns, and what of a call is copied when.

const { errorOf, randomVector, rowOf, seeded, thrownBy, useDatabases } = require('./support/database');

const databases = useDatabases();
const ALL = { include: ['text', 'metadata', 'vector'] };

/** Records with every combination of parts, and the same as columns. */
function sample(random, count, dimensions) {
  const records = Array.from({ length: count }, (_, i) => ({
    id: `r${i}`,
    vector: randomVector(random, dimensions),
    text: i % 3 === 0 ? undefined : `text ${i} é😀`,
    metadata: i % 4 === 0 ? undefined : { i, tags: ['a', `t${i % 7}`] },
  }));
  const vectors = new Float32Array(count * dimensions);
  records.forEach((record, i) => vectors.set(record.vector, i * dimensions));
  const columns = {
    ids: records.map((record) => record.id),
    vectors,
    texts: records.map((record, i) => (i % 2 ? record.text : (record.text ?? null))),
    metadatas: records.map((record, i) => (i % 2 ? record.metadata : (record.metadata ?? null))),
  };
  return { records, columns };
}

const stripped = ({ id, text, metadata, vector }) => ({ id, text, metadata, vector: vector && [...vector] });

describe.each(['addMany', 'upsertMany'])('%s', (method) => {
  test(
    'stores the same from records and from columns',
    seeded(async (random) => {
      const db = await databases.open(databases.file(), { durability: 'normal' });
      const [a, b] = [await db.collection('a', { dimensions: 8 }), await db.collection('b', { dimensions: 8 })];
      const { records, columns } = sample(random, 3000, 8);
      const first = await a[method](records);
      const second = await b[method](columns);
      expect(first).toEqual({ ids: columns.ids, inserted: 3000, updated: 0, skipped: 0, version: first.version });
      expect({ ...second, version: 0 }).toEqual({ ...first, version: 0 });
      for (const record of records) {
        const [inA, inB] = [await a.get(record.id, ALL), await b.get(record.id, ALL)];
        expect(stripped(inA)).toEqual(stripped(record));
        expect(stripped(inB)).toEqual(stripped(record));
      }
      const query = randomVector(random, 8);
      expect(await a.search({ vector: query })).toEqual(await b.search({ vector: query }));
    }),
  );

  test('all records of a call have its version and its time', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    const { version, ids } = await c[method](Array.from({ length: 2000 }, () => ({})));
    const [first, last] = [await c.get(ids[0]), await c.get(ids.at(-1))];
    expect([first.version, last.version]).toEqual([version, version]);
    expect(first.createdAt).toBe(last.createdAt);
    expect((await db.stats()).changeVersion).toBe(version);
  });

  test('an empty call stores nothing and says so', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2 });
    const { changeVersion } = await db.stats();
    for (const empty of [[], {}, { ids: [] }, { ids: [], texts: [], metadatas: [] }, { ids: [], vectors: new Float32Array(0) }]) {
      expect(await c[method](empty)).toEqual({ ids: [], inserted: 0, updated: 0, skipped: 0, version: changeVersion });
    }
    expect((await db.stats()).changeVersion).toBe(changeVersion);
  });

  test.each([
    ['texts alone', { texts: ['a', 'b'] }, 2],
    ['vectors alone', { vectors: Float32Array.of(1, 2, 3, 4) }, 2],
    ['metadatas alone', { metadatas: [{}, null, { a: 1 }] }, 3],
    ['ids alone', { ids: ['a'] }, 1],
  ])('takes any columns: %s', async (_, columns, count) => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2 });
    const { ids } = await c[method](columns);
    expect(ids).toHaveLength(count);
    expect(await c.count()).toBe(count);
    expect(await c.has(ids[0])).toBe(true);
  });

  test('refuses columns of different length, and a matrix of another shape, by name', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2 });
    const wrong = [
      ['records.texts', { ids: ['a', 'b'], texts: ['x'] }],
      ['records.metadatas', { ids: ['a'], metadatas: [{}, {}] }],
      ['records.vectors', { ids: ['a', 'b'], vectors: new Float32Array(6) }],
      ['records.vectors', { ids: ['a', 'b'], vectors: new Float32Array(5) }],
      ['records.vectors', { ids: ['a', 'b'], vectors: new Float32Array(2) }],
      ['records.vectors', { ids: ['a', 'b'], vectors: new Float32Array(0) }],
      ['records.vectors', { ids: [], vectors: new Float32Array(2) }],
      ['records.vectors', { vectors: new Float32Array(3) }],
      ['records.vectors', { vectors: [1, 2] }],
      ['records.ids', { ids: 'ab' }],
    ];
    for (const [argument, columns] of wrong) {
      const refused = { code: 'ERR_INVALID_ARGUMENT', argument };
      expect({ columns, error: await errorOf(() => c[method](columns)) }).toMatchObject({ error: refused });
      expect({ columns, error: thrownBy(() => c[`${method}Sync`](columns)) }).toMatchObject({ error: refused });
    }
    expect(await c.count()).toBe(0);
  });

  test('one wrong record anywhere and nothing is stored; its position is named', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2 });
    const records = Array.from({ length: 3000 }, (_, i) => ({ id: `r${i}`, vector: [1, i] }));
    for (const [at, wrong, argument] of [
      [0, { vector: [1] }, 'records[0].vector'],
      [2999, { vector: [1, NaN] }, 'records[2999].vector[1]'],
      [1500, { id: '' }, 'records[1500].id'],
      [700, { metadata: { a: [1n] } }, 'records[700].metadata.a[0]'],
      [701, 5, 'records[701]'],
      [702, undefined, 'records[702]'],
      [2998, { txt: 'x' }, 'records[2998].txt'],
    ]) {
      const error = await errorOf(() => c[method](records.with(at, wrong)));
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
    }
    const holes = records.slice(0, 3);
    delete holes[1];
    expect(await errorOf(() => c[method](holes))).toMatchObject({ argument: 'records[1]' });
    expect(await c.count()).toBe(0);
    expect((await c.stats()).vectors).toBe(0);
  });

  test('a wrong number in the matrix is refused by row and place', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 4 });
    const vectors = new Float32Array(4000).fill(1);
    vectors[4 * 777 + 2] = Infinity;
    expect(await errorOf(c[method]({ vectors }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'records[777].vector[2]' });
    expect(await c.count()).toBe(0);
  });

  test('a matrix that was transferred away during the call is refused, and nothing stored', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 4 });
    const vectors = new Float32Array(40_000 * 4).fill(1);
    const calling = c[method]({ vectors, texts: Array(40_000).fill('x') });
    structuredClone(vectors, { transfer: [vectors.buffer] });
    expect(await errorOf(calling)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'records.vectors' });
    expect(await c.count()).toBe(0);
  });

  test('100,000 records are taken, and one more is ERR_LIMIT', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    const ids = Array.from({ length: 100_001 }, (_, i) => `r${i}`);
    expect(await errorOf(() => c[method]({ ids }))).toMatchObject({ code: 'ERR_LIMIT', argument: 'records' });
    expect(await c.count()).toBe(0);
    expect((await c[method]({ ids: ids.slice(1) })).inserted).toBe(100_000);
    expect(await c.count()).toBe(100_000);
  });
});

describe('addMany', () => {
  test('an id that exists already refuses the whole call and is named', async () => {
    const db = await databases.open(databases.file());
    const c = await db.collection('c', { dimensions: 1 });
    await c.add({ id: 'there', text: 'old' });
    const records = Array.from({ length: 500 }, (_, i) => ({ id: `r${i}`, vector: [1] }));
    const error = await errorOf(c.addMany([...records, { id: 'there' }]));
    expect(error).toMatchObject({ code: 'ERR_ALREADY_EXISTS', id: 'there' });
    expect([await c.count(), (await c.get('there')).text, (await c.stats()).vectors]).toEqual([1, 'old', 0]);
  });

  test('an id that occurs twice in a call refuses the whole call', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    expect(await errorOf(c.addMany([{ id: 'a' }, { id: 'b' }, { id: 'a' }]))).toMatchObject({ code: 'ERR_ALREADY_EXISTS', id: 'a' });
    expect(await errorOf(c.addMany({ ids: ['a', 'a'] }))).toMatchObject({ code: 'ERR_ALREADY_EXISTS', id: 'a' });
    expect(await c.count()).toBe(0);
  });
});

describe('upsertMany', () => {
  test('inserts what is new, replaces what is there, and counts both', async () => {
    const db = await databases.open(databases.file());
    const c = await db.collection('c', { dimensions: 1, metric: 'l2' });
    await c.addMany({ ids: ['a', 'b'], texts: ['old a', 'old b'], vectors: Float32Array.of(1, 2) });
    const before = await c.get('b');
    expect(await c.upsertMany([{ id: 'b', text: 'new b' }, { id: 'c', vector: [3] }])).toMatchObject({ ids: ['b', 'c'], inserted: 1, updated: 1 });
    expect(await c.get('b')).toMatchObject({ text: 'new b', createdAt: before.createdAt });
    expect((await c.search({ vector: [0] })).map((hit) => hit.id)).toEqual(['a', 'c']);
  });

  test('of equal ids the last wins', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 1, metric: 'l2' });
    const result = await c.upsertMany([
      { id: 'a', text: 'first', vector: [1] },
      { id: 'b', vector: [5] },
      { id: 'a', text: 'second' },
      { id: 'a', vector: [3] },
    ]);
    expect(result.ids).toEqual(['a', 'b', 'a', 'a']);
    expect(result.inserted + result.updated).toBe(4);
    expect(await c.count()).toBe(2);
    expect(await c.get('a', ALL)).not.toHaveProperty('text');
    expect((await c.search({ vector: [3] }))[0]).toMatchObject({ id: 'a', distance: 0 });
    expect((await c.stats()).vectors).toBe(2);
  });

  test('a matrix is stored row by row', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 3 });
    const vectors = Float32Array.from({ length: 300 }, (_, i) => i + 1);
    const { ids } = await c.upsertMany({ vectors });
    for (const [row, id] of ids.entries()) expect([...(await c.get(id, ALL)).vector]).toEqual([...rowOf(vectors, 3, row)]);
  });
});
