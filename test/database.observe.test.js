'use strict';

// What can be watched: events, the tracing channel, progress, and backups taken beside writes.

const diagnostics = require('node:diagnostics_channel');
const fs = require('node:fs');
const path = require('node:path');
const { errorOf, turnOfTheLoop, useDatabases } = require('./support/database');

const databases = useDatabases();

describe('events', () => {
  test("'change' tells of own commits, and of other handles' when a call notices them", async () => {
    const file = databases.file();
    const db = await databases.open(file);
    const other = await databases.open(file);
    const versions = [];
    db.on('change', ({ version }) => versions.push(version));
    const c = await db.collection('c');
    await c.add({ id: 'a' });
    await (await other.getCollection('c')).add({ id: 'b' });
    await c.count();
    await turnOfTheLoop();
    expect(versions).toEqual([1, 2, 3]);
  });

  test("'drain' comes after a call was refused, when there is room again", async () => {
    const db = await databases.open(':memory:', { maxPending: 4 });
    const c = await db.collection('c');
    const drained = new Promise((resolve) => {
      db.once('drain', resolve);
    });
    const calls = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => c.add({ id: `r${i}` })));
    expect(calls.filter((call) => call.reason?.code === 'ERR_QUEUE_FULL').length).toBe(16);
    await drained;
    await c.add({ id: 'after' });
    expect(await c.count()).toBe(5);
  });

  test("'drain' comes beside background work, too", async () => {
    const db = await databases.open(':memory:', { maxPending: 1 });
    const c = await db.collection('c', { dimensions: 256, hnsw: { minSize: 0, M: 48, efConstruction: 1000 } });
    await c.addMany({ vectors: Float32Array.from({ length: 256 * 2000 }, (_, i) => Math.sin(i * 1.7 + (i % 61))) });
    while ((await c.stats()).index.linked === 0) await turnOfTheLoop();
    const drained = new Promise((resolve) => {
      db.once('drain', resolve);
    });
    const [first, second] = await Promise.allSettled([c.count(), c.count()]);
    expect([first.value, second.reason.code]).toEqual([2000, 'ERR_QUEUE_FULL']);
    await drained;
  });

  test('a listener taken off hears nothing, and a wrong one is refused', async () => {
    const db = await databases.open();
    const heard = [];
    const listener = (change) => heard.push(change);
    db.on('change', listener).off('change', listener);
    await db.collection('c');
    await turnOfTheLoop();
    expect(heard).toEqual([]);
    expect(await errorOf(async () => db.on('nothing', listener))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'event' });
    expect(await errorOf(async () => db.on('change', 5))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'listener' });
  });
});

describe('the tracing channel', () => {
  const channel = diagnostics.tracingChannel('agentmemdb:operation');

  /** The messages of one event while `work` runs. */
  async function heard(event, work) {
    const messages = [];
    const subscriber = { [event]: (message) => messages.push(message) };
    channel.subscribe(subscriber);
    try {
      await work();
    } finally {
      channel.unsubscribe(subscriber);
    }
    return messages;
  }

  test('announces operations with what they are about, and their errors', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    const messages = await heard('asyncEnd', async () => {
      await c.add({ id: 'a' });
      await errorOf(c.add({ id: 'a' }));
      await c.count();
    });
    await c.count();
    expect(messages.map(({ operation, collection, database, error }) => [operation, collection, database, error?.code])).toEqual([
      ['Collection.add', 'c', ':memory:', undefined],
      ['Collection.add', 'c', ':memory:', 'ERR_ALREADY_EXISTS'],
      ['Collection.count', 'c', ':memory:', undefined],
    ]);
  });

  test('announces each call once, however many steps it takes, with its size and its result', async () => {
    const file = databases.file();
    const results = [];
    const messages = await heard('asyncEnd', async () => {
      const db = await databases.open(file);
      const c = await db.collection('c', { dimensions: 2, hnsw: { minSize: 0 } });
      results.push(db, c, await c.addMany({ vectors: Float32Array.from({ length: 400 }, (_, i) => Math.cos(i)) }), await c.indexed());
      results.push(await c.search({ vector: [1, 0] }), await c.searchMany([{ vector: [1, 0] }, { vector: [0, 1] }]));
      results.push(await c.find({ limit: 3 }), await c.get('none'), await db.batch([{ type: 'delete', collection: c, id: 'none' }]));
      results.push(await db.close());
    });
    expect(messages.map(({ operation, size }) => [operation, size])).toEqual([
      ['open', undefined],
      ['Database.collection', undefined],
      ['Collection.addMany', 200],
      ['Collection.indexed', undefined],
      ['Collection.search', undefined],
      ['Collection.searchMany', 2],
      ['Collection.find', undefined],
      ['Collection.get', undefined],
      ['Database.batch', 1],
      ['Database.close', undefined],
    ]);
    expect(messages.map(({ result }) => result)).toEqual(results);
  });

  test('announces what is refused before it ran, and says nothing of background work', async () => {
    const c = await (await databases.open()).collection('c');
    const messages = await heard('error', async () => {
      await errorOf(c.count({}, { signal: AbortSignal.abort(new Error('enough')) }));
      await c.addMany(Array.from({ length: 10 }, () => ({})));
    });
    expect(messages.map(({ operation, error }) => [operation, error.message])).toEqual([['Collection.count', 'enough']]);
  });
});

describe('progress', () => {
  test('of a bulk write rises to its total', async () => {
    const c = await (await databases.open()).collection('c');
    const told = [];
    await c.addMany({ ids: Array.from({ length: 20000 }, (_, i) => `r${i}`) }, { onProgress: (progress) => told.push(progress) });
    expect(told.at(-1)).toEqual({ done: 20000, total: 20000 });
    expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).sort((a, b) => a - b));
    expect(await errorOf(c.addMany([], { onProgress: 1 }))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'options.onProgress' });
  });
});

describe('backup', () => {
  test.each(['file', ':memory:'])('of a database in %s is one committed state, while writes go on', async (where) => {
    const db = await databases.open(where === 'file' ? databases.file() : where);
    const c = await db.collection('c', { dimensions: 64 });
    const matrix = new Float32Array(20000 * 64).fill(0.5);
    await c.addMany({ ids: Array.from({ length: 20000 }, (_, i) => `r${i}`), vectors: matrix });
    const target = databases.file('copy.db');
    const pages = [];
    let running = true;
    const writes = (async () => {
      // Two records a transaction: a copy that has one of them has both.
      for (let i = 0; running; i++) await c.addMany([{ id: `x${i}` }, { id: `y${i}` }]);
    })();
    await db.backup(target, { onProgress: ({ done, total }) => pages.push([done, total]) });
    running = false;
    await writes;
    expect(pages.at(-1)[0]).toBe(pages.at(-1)[1]);
    expect(fs.readdirSync(path.dirname(target))).toEqual(['copy.db']);

    const copy = await (await databases.open(target)).getCollection('c');
    const count = await copy.count();
    expect(count).toBeGreaterThanOrEqual(20000);
    expect(count % 2).toBe(0);
    expect((await copy.get('r19999', { include: ['vector'] })).vector[63]).toBe(0.5);
  });

  test('several to one path at once: one is made, and it is whole', async () => {
    const db = await databases.open(databases.file());
    const c = await db.collection('c');
    await c.addMany(Array.from({ length: 5000 }, (_, i) => ({ id: `r${i}`, text: 'x'.repeat(1000) })));
    const target = databases.file('copy.db');
    const results = await Promise.allSettled(Array.from({ length: 6 }, () => db.backup(target)));
    const codes = results.map(({ reason }) => reason?.code ?? 'made').sort();
    expect(codes).toEqual([...Array(5).fill('ERR_ALREADY_EXISTS'), 'made']);
    expect(fs.readdirSync(path.dirname(target))).toEqual(['copy.db']);
    expect(await (await (await databases.open(target)).getCollection('c')).count()).toBe(5000);
  });

  test('never replaces a file, and an aborted one leaves none', async () => {
    const db = await databases.open(databases.file());
    const c = await db.collection('c');
    await c.addMany(Array.from({ length: 5000 }, (_, i) => ({ id: `r${i}`, text: 'x'.repeat(1000) })));
    const target = databases.file('copy.db');
    const reason = new Error('enough');
    const made = [];
    let outcome;
    do {
      // A fast machine may have finished the copy by then: that one has to be there, and the next is aborted.
      const controller = new AbortController();
      const name = `${made.length}.db`;
      const backup = db.backup(path.join(path.dirname(target), name), { signal: controller.signal });
      controller.abort(reason);
      outcome = await backup.catch((error) => error);
      if (outcome !== reason) made.push(name);
      expect(fs.readdirSync(path.dirname(target)).sort()).toEqual([...made].sort());
    } while (outcome !== reason && made.length < 50);
    expect(outcome).toBe(reason);

    fs.writeFileSync(target, 'precious');
    expect(await errorOf(db.backup(target))).toMatchObject({ code: 'ERR_ALREADY_EXISTS', path: target });
    expect(fs.readFileSync(target, 'utf8')).toBe('precious');
    expect(await errorOf(db.backup('/nowhere/at/all.db'))).toMatchObject({ code: 'ERR_IO' });
    expect(await errorOf(db.backup(5))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'path' });
  });
});
