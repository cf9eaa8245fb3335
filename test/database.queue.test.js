'use strict';

// What may wait on a handle, in calls and in bytes, how much one call may carry, and what happens beyond.

const { errorOf, occupyWriter, thrownBy, turnOfTheLoop, useDatabases } = require('./support/database');

const databases = useDatabases();

const settled = async (promises) => (await Promise.allSettled(promises)).map(({ reason, status }) => reason?.code ?? status);
const drained = (db) =>
  new Promise((resolve) => {
    db.once('drain', resolve);
  });
const pendingBytes = (db) => db.statsSync().queue.pendingBytes;

describe('maxPending', () => {
  test('one call too many rejects with ERR_QUEUE_FULL, the accepted ones are done, and then there is room again', async () => {
    const db = await databases.open(':memory:', { maxPending: 5 });
    const c = await db.collection('c');
    const results = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => c.add({ id: `r${i}` })));
    const codes = results.map((result) => result.reason?.code ?? result.status);
    expect(codes).toEqual([...Array(5).fill('fulfilled'), ...Array(3).fill('ERR_QUEUE_FULL')]);
    expect(await c.count()).toBe(5);
    expect(await c.has('r4')).toBe(true);
  });

  test('sync twins do not wait in the queue, and work when it is full', async () => {
    const db = await databases.open(':memory:', { maxPending: 1 });
    const c = await db.collection('c');
    const waiting = c.add({ id: 'a' });
    expect((await errorOf(c.add({ id: 'b' }))).code).toBe('ERR_QUEUE_FULL');
    expect(c.addSync({ id: 'c' }).id).toBe('c');
    await waiting;
    expect(await c.count()).toBe(2);
  });

  test("is the caller's alone: background work takes none of it", async () => {
    const db = await databases.open(':memory:', { maxPending: 1 });
    const c = await db.collection('c', { dimensions: 256, hnsw: { minSize: 0, M: 48, efConstruction: 1000 } });
    for (let i = 0; i < 300; i++) {
      await c.add({ vector: Float32Array.from({ length: 256 }, (_, j) => Math.sin(i * 7 + j * j)) });
      await new Promise((resolve) => {
        setTimeout(resolve, 1);
      });
    }
    expect(await c.count()).toBe(300);
  });
});

describe('maxPendingBytes', () => {
  const text = (bytes) => 'x'.repeat(bytes);

  test('calls are taken while fewer bytes wait, and refused from then on; then there is room again', async () => {
    const db = await databases.open(':memory:', { maxPendingBytes: 1000 });
    const c = await db.collection('c');
    const calls = [600, 600, 1].map((bytes, i) => c.add({ id: `r${i}`, text: text(bytes) }));
    expect(pendingBytes(db)).toBe(1200 + 4);
    const error = await errorOf(calls[2]);
    expect(error).toMatchObject({ code: 'ERR_QUEUE_FULL', message: expect.stringContaining('raise maxPendingBytes') });
    expect(await settled(calls)).toEqual(['fulfilled', 'fulfilled', 'ERR_QUEUE_FULL']);
    expect(pendingBytes(db)).toBe(0);
    await c.add({ id: 'r2', text: text(1) });
    expect(await c.count()).toBe(3);
  });

  test('one call may be larger than the limit', async () => {
    const db = await databases.open(':memory:', { maxPendingBytes: 1 });
    const c = await db.collection('c', { dimensions: 4 });
    await c.add({ id: 'a', text: text(10_000) });
    await c.addMany({ vectors: new Float32Array(4000).fill(1), texts: Array(1000).fill('text') });
    await db.batch(Array.from({ length: 100 }, () => ({ type: 'add', collection: c, record: { text: text(100) } })));
    expect(await c.count()).toBe(1101);
  });

  test('vectors, ids, texts, metadata and filters count, of reads too', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 4 });
    const vector = Float32Array.of(1, 2, 3, 4);
    const cost = async (call) => {
      const calling = call();
      const bytes = pendingBytes(db);
      await calling;
      return bytes;
    };
    expect(await cost(() => c.add({ id: '12345', vector, text: 'äö', metadata: { a: 1 } }))).toBe(5 + 16 + 4 + 7);
    expect(await cost(() => c.patch('12345', { text: '123', vector: null }))).toBe(5 + 3);
    expect(await cost(() => c.search({ vector, filter: { a: 1 } }))).toBe(16 + 7);
    expect(await cost(() => c.get('12345'))).toBe(5);
    expect(await cost(() => c.count())).toBe(0);
    expect(await cost(() => c.addMany({ ids: ['a', 'b'], vectors: new Float32Array(8).fill(1) }))).toBe(2 + 32);
    expect(await cost(() => c.upsertMany([{ id: 'abc', vector }]))).toBe(3 + 16);
    expect(await cost(() => db.batch([{ type: 'delete', collection: c, id: 'abc' }]))).toBe(3);
    expect(pendingBytes(db)).toBe(0);
  });

  test('matrices that wait are counted when the call is made: what is too much is refused at once', async () => {
    const db = await databases.open(':memory:', { maxPendingBytes: 1e6 });
    const c = await db.collection('c', { dimensions: 100 });
    const vectors = new Float32Array(2000 * 100).fill(1); // 800 kB
    expect(await settled([1, 2, 3, 4].map(() => c.addMany({ vectors })))).toEqual([
      'fulfilled',
      'fulfilled',
      'ERR_QUEUE_FULL',
      'ERR_QUEUE_FULL',
    ]);
    expect(await c.count()).toBe(4000);
  });

  test('records that are still gathered count: of many bulk calls at once some are refused, and memory is given back', async () => {
    const db = await databases.open(':memory:', { maxPendingBytes: 1e6 });
    const c = await db.collection('c');
    const records = Array.from({ length: 2000 }, () => ({ text: text(1000) })); // 2 MB
    const told = drained(db);
    const outcomes = await settled(Array.from({ length: 10 }, () => c.addMany(records)));
    const done = outcomes.filter((outcome) => outcome === 'fulfilled').length;
    expect(new Set(outcomes)).toEqual(new Set(['fulfilled', 'ERR_QUEUE_FULL']));
    expect(await c.count()).toBe(done * 2000);
    expect(pendingBytes(db)).toBe(0);
    await told;
  });

  test('a batch that is gathered counts, too', async () => {
    const db = await databases.open(':memory:', { maxPendingBytes: 1e6 });
    const c = await db.collection('c');
    const operations = Array.from({ length: 2000 }, () => ({ type: 'add', collection: c, record: { text: text(1000) } }));
    const outcomes = await settled(Array.from({ length: 10 }, () => db.batch(operations)));
    expect(new Set(outcomes)).toEqual(new Set(['fulfilled', 'ERR_QUEUE_FULL']));
    expect(pendingBytes(db)).toBe(0);
  });

  test('what an aborted, refused or closed call has gathered is given back', async () => {
    const db = await databases.open(':memory:', { maxPending: 1 });
    const c = await db.collection('c');
    const records = Array.from({ length: 50_000 }, (_, i) => ({ id: `r${i}`, text: text(200) }));
    const controller = new AbortController();
    const aborted = c.addMany(records, { signal: controller.signal });
    await turnOfTheLoop();
    expect(pendingBytes(db)).toBeGreaterThan(0);
    controller.abort({ code: 'as it was given' });
    expect(await errorOf(aborted)).toBe(controller.signal.reason);
    expect(pendingBytes(db)).toBe(0);
    expect((await errorOf(c.addMany([...records, { id: 5 }]))).code).toBe('ERR_INVALID_ARGUMENT');
    expect((await errorOf(c.addMany([...records, { id: '' }]))).code).toBe('ERR_INVALID_ARGUMENT');
    expect(pendingBytes(db)).toBe(0);
    expect(await c.count()).toBe(0);
  });

  test("'drain' comes once after a refusal, when half of the room is free", async () => {
    const db = await databases.open(':memory:', { maxPendingBytes: 1000 });
    const c = await db.collection('c');
    let drains = 0;
    db.on('drain', () => drains++);
    const told = drained(db);
    expect(await settled([c.add({ text: text(1000) }), c.add({ text: 'x' }), c.add({ text: 'y' })])).toEqual([
      'fulfilled',
      'ERR_QUEUE_FULL',
      'ERR_QUEUE_FULL',
    ]);
    await told;
    await c.add({ text: 'x' });
    await turnOfTheLoop();
    expect(drains).toBe(1);
  });

  test('sync twins do not wait, and are not refused', async () => {
    const db = await databases.open(':memory:', { maxPendingBytes: 1 });
    const c = await db.collection('c');
    const load = await occupyWriter(db);
    expect((await errorOf(c.addMany([{ text: 'x' }]))).code).toBe('ERR_QUEUE_FULL');
    expect(c.addSync({ id: 'a', text: text(1000) }).id).toBe('a');
    expect(c.addManySync([{ id: 'b' }, { text: text(1000) }]).inserted).toBe(2);
    expect(db.batchSync([{ type: 'delete', collection: c, id: 'b' }])).toHaveLength(1);
    await load.done;
    expect(await c.count()).toBe(2);
  });
});

describe('maxBatch', () => {
  const rows = (count) => Array.from({ length: count }, (_, i) => ({ id: `r${i}` }));
  const columns = (count) => ({ ids: rows(count).map((row) => row.id) });
  const matrix = (count) => ({ vectors: new Float32Array(count * 2).fill(1) });

  test.each([
    ['addMany of records', 'records', (c) => (count) => c.addMany(rows(count)), (c) => (count) => c.addManySync(rows(count))],
    ['addMany of a matrix', 'records', (c) => (count) => c.addMany(matrix(count)), (c) => (count) => c.addManySync(matrix(count))],
    ['upsertMany of columns', 'records', (c) => (count) => c.upsertMany(columns(count)), (c) => (count) => c.upsertManySync(columns(count))],
    ['batch', 'operations', (c, db) => (count) => db.batch(deletes(c, count)), (c, db) => (count) => db.batchSync(deletes(c, count))],
  ])('%s takes as many, and one more is ERR_LIMIT, before anything is written', async (_, argument, call, callSync) => {
    const db = await databases.open(':memory:', { maxBatch: 100 });
    const c = await db.collection('c', { dimensions: 2 });
    const [run, runSync] = [call(c, db), callSync(c, db)];
    const refused = { code: 'ERR_LIMIT', argument, message: expect.stringContaining('maxBatch') };
    const before = db.statsSync().changeVersion;
    expect(await errorOf(run(101))).toMatchObject(refused);
    expect(thrownBy(() => runSync(101))).toMatchObject(refused);
    expect([await c.count(), db.statsSync().changeVersion, pendingBytes(db)]).toEqual([0, before, 0]);
    await run(100);
    await c.deleteWhere({});
    runSync(100);
  });

  const deletes = (collection, count) => rows(count).map(({ id }) => ({ type: 'delete', collection, id }));

  test('belongs to the handle: another on the same file has its own', async () => {
    const file = databases.file();
    const [a, b] = [await databases.open(file, { maxBatch: 1 }), await databases.open(file)];
    const [mine, theirs] = [await a.collection('c'), await b.collection('c')];
    expect((await errorOf(mine.addMany(rows(2)))).code).toBe('ERR_LIMIT');
    expect((await theirs.addMany(rows(2))).inserted).toBe(2);
  });

  test('bytes of a call are limited as well: 256 MiB', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    const text = 'x'.repeat(2 ** 24);
    const operations = Array.from({ length: 17 }, () => ({ type: 'add', collection: c, record: { text } }));
    expect(await errorOf(db.batch(operations))).toMatchObject({ code: 'ERR_LIMIT', argument: 'operations' });
    expect(await errorOf(c.addMany(operations.map(({ record }) => record)))).toMatchObject({ code: 'ERR_LIMIT', argument: 'records' });
    expect([await c.count(), pendingBytes(db)]).toEqual([0, 0]);
  });
});
