'use strict';

// exportJsonl: a stream that is right, whole, and no faster than its reader.

const fs = require('node:fs');
const { pipeline } = require('node:stream/promises');
const { Readable } = require('node:stream');

const { collect, errorOf, integer, pick, seeded, turnOfTheLoop, useDatabases } = require('./support/database');
const { contentsOf, exported, linesOf } = require('./support/transfer');

const databases = useDatabases();
const MEGABYTE = 2 ** 20;

const FLT = [0, -0, 1, -1, 0.1, 1 / 3, 4e17, -4e17, 1.1754943508222875e-38, 1.401298464324817e-45, 16777216, 1e-30];
const TEXTS = ['', 'plain', 'é ü 漢字 🙂 \u0000\u0001\u001f\u007f', '"quotes" \\ / \b\f\n\r\t', '\u2028 \u2029', '{"id":"not a record"}', 'x'.repeat(70_000)];
const METADATAS = [
  {},
  { b: 1, a: 2, '': { 10: 'x', 2: 'y' } },
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1}}'),
  { numbers: [0, 1e-7, 5e-324, 1.7976931348623157e308 / 1e300, 2 ** 53, -(2 ** 53), 0.1] },
  { deep: Array.from({ length: 30 }).reduce((inner) => [inner], null) },
  { 'käse\n': [true, false, null, '\u2028', 'x"y'] },
];

/** A database with everything there may be: three collections with vectors and without, an empty one, records that expire. */
async function fill(db, random, { records = 300 } = {}) {
  const one = (dimensions) => ({
    ...(dimensions > 0 && random() < 0.9 && { vector: Float32Array.from({ length: dimensions }, () => (random() < 0.3 ? pick(random, FLT) : random() - 0.5)) }),
    ...(random() < 0.7 && { text: pick(random, TEXTS) }),
    ...(random() < 0.7 && { metadata: pick(random, METADATAS) }),
    ...(random() < 0.2 && { expiresAt: 4e12 + integer(random, 1e6) }),
  });
  const ids = ['a', 'é🙂', '"', ' ', '\u0001', '__proto__', 'constructor', 'x'.repeat(512)];
  for (const [name, options] of [['plain'], ['l2', { dimensions: 5, metric: 'l2' }], ['ip.graph', { dimensions: 3, metric: 'ip', hnsw: { M: 8, minSize: 0 } }], ['empty', { dimensions: 8192 }]]) {
    const c = await db.collection(name, options);
    if (name === 'empty') continue;
    await c.addMany([...ids, ...Array.from({ length: records }, (_, i) => `r${i}`)].map((id) => ({ id, ...one(c.dimensions ?? 0) })));
    for (let i = 0; i < 20; i++) await c.upsert({ id: `r${integer(random, records)}`, ...one(c.dimensions ?? 0) });
    for (let i = 0; i < 20; i++) await c.delete(`r${integer(random, records)}`);
    await c.patch('a', { metadata: { patched: true } });
  }
}

test('everything that is exported is imported the same, and exported the same again', seeded(async (random) => {
  const db = await databases.open();
  await fill(db, random);
  const file = `${databases.folder()}/all.jsonl`;
  await pipeline(db.exportJsonl(), fs.createWriteStream(file));
  const copy = await databases.open(databases.file());
  const { lines, inserted, collections } = await copy.importJsonl(fs.createReadStream(file));
  const contents = await contentsOf(db);
  expect(await contentsOf(copy)).toEqual(contents);
  expect({}.polluted).toBeUndefined();
  expect(collections).toEqual(['empty', 'ip.graph', 'l2', 'plain']);
  expect(inserted).toBe(contents.reduce((sum, { records }) => sum + records.length, 0));
  expect(lines).toBe(inserted + 6);
  expect(await copy.verify()).toMatchObject({ ok: true });

  const withoutHeader = (text) => text.slice(text.indexOf('\n')).replaceAll(/,"version":\d+}/g, '}');
  expect(withoutHeader(await exported(copy))).toBe(withoutHeader(fs.readFileSync(file, 'utf8')));
}));

test('the lines are those of docs/file-format.md', async () => {
  const db = await databases.open();
  const before = Date.now();
  const c = await db.collection('c', { dimensions: 2, metric: 'l2' });
  await db.collection('b');
  await c.add({ id: 'x', vector: [0.1, -0], text: 'é\n', metadata: { z: 1, a: [] }, expiresAt: 4e12 });
  await c.add({ id: 'y' });
  const lines = await linesOf(db);
  const [header, b, collection, x, y, end] = lines.map((line) => JSON.parse(line));
  expect(header).toEqual({ agentmemdb: 1, exportedAt: expect.any(Number) });
  expect(header.exportedAt).toBeGreaterThanOrEqual(before);
  expect(b).toEqual({ collection: 'b', options: {} });
  expect(collection).toEqual({ collection: 'c', options: { dimensions: 2, metric: 'l2', hnsw: { M: 16, efConstruction: 128, minSize: 5000 } } });
  const { createdAt, updatedAt, version } = await c.get('x');
  expect(lines[3]).toBe(
    `{"id":"x","vector":[0.1,-0],"text":"é\\n","metadata":{"z":1,"a":[]},"createdAt":${createdAt},"updatedAt":${updatedAt},"expiresAt":4000000000000,"version":${version}}`,
  );
  expect(Object.keys(x)).toEqual(['id', 'vector', 'text', 'metadata', 'createdAt', 'updatedAt', 'expiresAt', 'version']);
  expect(Object.keys(y)).toEqual(['id', 'createdAt', 'updatedAt', 'version']);
  expect(end).toEqual({ end: { collections: 2, records: 2 } });
});

test('an empty database has an export, too', async () => {
  const db = await databases.open();
  expect((await linesOf(db)).slice(1)).toEqual(['{"end":{"collections":0,"records":0}}']);
});

test('only the collections asked for are exported', async () => {
  const db = await databases.open();
  for (const name of ['a', 'b', 'c']) await (await db.collection(name)).add({ id: `of ${name}` });
  const text = await exported(db, { collections: ['c', 'a', 'c'] });
  expect([...text.matchAll(/"id":"([^"]*)"/g)].map((match) => match[1])).toEqual(['of a', 'of c']);
  expect(await errorOf(exported(db, { collections: ['a', 'd'] }))).toMatchObject({ code: 'ERR_NOT_FOUND', argument: 'options.collections' });
});

/** A collection that takes `megabytes` to export. */
async function large(db, megabytes) {
  const c = await db.collection('large');
  await c.addMany(Array.from({ length: megabytes * 10 }, (_, i) => ({ id: `r${i}`, text: 'x'.repeat(MEGABYTE / 10) })));
  return c;
}

test('beside writes, what is there throughout comes exactly once, and no id twice', async () => {
  const db = await databases.open(databases.file(), { durability: 'normal' });
  const c = await large(db, 12);
  const parts = [];
  for await (const part of db.exportJsonl()) {
    const n = parts.push(part);
    const places = [...Array(10).keys()].map((i) => ({ id: `r${(n * 7 + i * 13) % 120}`, text: `${n}`.repeat(1000) }));
    await c.upsertMany(places.filter(({ id }) => id !== 'r0' && id !== 'r119'));
    await c.add({ id: `new${n}` });
    await c.delete('r0');
    await c.add({ id: 'r0' }); // another record of that id
    await c.patch('r119', { metadata: { n } });
  }
  const records = Buffer.concat(parts).toString().trim().split('\n').map((line) => JSON.parse(line));
  const ids = records.filter(({ id }) => id !== undefined).map(({ id }) => id);
  expect(parts.length).toBeGreaterThan(3);
  expect(ids).toEqual(Array.from({ length: 120 }, (_, i) => `r${i}`));
  expect(records.at(-2).metadata).toEqual({ n: expect.any(Number) });
  expect(await (await databases.open()).importJsonl(parts)).toMatchObject({ inserted: 120 });
});

test('a stream that is not read reads nothing, and one that is read slowly is not gathered', async () => {
  const db = await databases.open();
  await large(db, 30);
  const inAll = () => db.statsSync().queue.operations['Database.exportJsonl']?.count ?? 0;
  const before = inAll();
  const counted = () => inAll() - before;
  const stream = db.exportJsonl();
  expect(stream).toBeInstanceOf(Readable);
  await turnOfTheLoop();
  expect(counted()).toBe(0);
  const reader = stream[Symbol.asyncIterator]();
  for (let read = 1; read < 20; read++) {
    const { value } = await reader.next();
    expect(value.length).toBeLessThanOrEqual(MEGABYTE);
    for (let i = 0; i < 20; i++) await turnOfTheLoop();
    expect(counted()).toBeLessThanOrEqual(read + 2);
  }
  await reader.return();
  expect(stream.destroyed).toBe(true);
});

test('the event loop goes on turning meanwhile', async () => {
  const db = await databases.open();
  const c = await db.collection('c', { dimensions: 256 });
  await c.addMany({ vectors: new Float32Array(256 * 4000).map((_, i) => Math.sin(i)) });
  const work = { done: false, turns: 0 };
  const turning = (async () => {
    for (; !work.done; work.turns++) await turnOfTheLoop();
  })();
  const copy = await databases.open();
  const { lines } = await copy.importJsonl(db.exportJsonl());
  work.done = true;
  await turning;
  expect(lines).toBe(4003);
  expect(work.turns).toBeGreaterThan(10); // megabytes, each of which waits for the pool
  console.log(`${work.turns} turns of the loop; longest step of ours in this process ${db.statsSync().queue.loopStepMaxMs.toFixed(2)} ms`);
});

test('progress is in records of those at the beginning', async () => {
  const db = await databases.open();
  await large(db, 5);
  const told = [];
  await exported(db, { onProgress: (progress) => told.push(progress) });
  expect(told.at(-1)).toEqual({ done: 50, total: 50 });
  expect(told.length).toBeGreaterThan(3);
  expect(told.every(({ done, total }, i) => total === 50 && done >= (told[i - 1]?.done ?? 0))).toBe(true);
  const thrown = new Error('enough of this');
  const onProgress = () => {
    throw thrown;
  };
  expect(await errorOf(exported(db, { onProgress }))).toBe(thrown);
});

describe('ends', () => {
  test('with the reason of its signal', async () => {
    const db = await databases.open();
    await large(db, 5);
    const controller = new AbortController();
    const reason = new Error('no longer needed');
    const stream = db.exportJsonl({ signal: controller.signal });
    const ended = (async () => {
      for await (const part of stream) controller.abort(part.length > 0 ? reason : undefined);
    })();
    expect(await errorOf(ended)).toBe(reason);
    expect(stream.destroyed).toBe(true);
    expect(await errorOf(exported(db, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });

  test('with ERR_CLOSED when the database is closed', async () => {
    const db = await databases.open();
    await large(db, 5);
    const reader = db.exportJsonl()[Symbol.asyncIterator]();
    await reader.next();
    await db.close();
    const rest = (async () => {
      while (!(await reader.next()).done);
    })();
    expect(await errorOf(rest)).toMatchObject({ code: 'ERR_CLOSED' });
    expect(await errorOf(exported(db))).toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('when everything is replaced by a snapshot', async () => {
    const db = await databases.open(databases.file());
    await large(db, 5);
    await db.createSnapshot('before');
    const ended = (async () => {
      for await (const part of db.exportJsonl()) await db.restoreSnapshot('before', part.length > 0 ? undefined : null);
    })();
    expect(await errorOf(ended)).toMatchObject({ code: 'ERR_CONFLICT', message: expect.stringContaining('restored') });
    expect(await linesOf(db)).toHaveLength(53);
  });

  test('with what is wrong with its options, when it is read', async () => {
    const db = await databases.open();
    for (const [options, argument] of [[{ depth: 1 }, 'options.depth'], [null, 'options'], [{ collections: 'a' }, 'options.collections'], [{ onDamaged: 'keep' }, 'options.onDamaged']]) {
      const stream = db.exportJsonl(options);
      expect(await errorOf(collect(stream))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
    }
  });

  test('at a damaged record, or leaves it out', async () => {
    const file = databases.file();
    const db = await databases.open(file);
    const c = await db.collection('c');
    await c.addMany([{ id: 'a', text: 'the first' }, { id: 'b', text: 'the second' }, { id: 'c', text: 'the third' }]);
    await db.close();
    const bytes = fs.readFileSync(file);
    for (let at = bytes.indexOf('the second'); at >= 0; at = bytes.indexOf('the second', at + 1)) bytes.write('the fourth', at);
    fs.writeFileSync(file, bytes);

    const damaged = await databases.open(file);
    expect(await errorOf(exported(damaged))).toMatchObject({ code: 'ERR_CORRUPT', message: expect.stringContaining("onDamaged: 'skip'") });
    const records = (await linesOf(damaged, { onDamaged: 'skip' })).map((line) => JSON.parse(line)).filter(({ id }) => id !== undefined);
    expect(records.map(({ id }) => id)).toEqual(['a', 'c']);
  });
});

test('a read-only handle exports', async () => {
  const file = databases.file();
  const db = await databases.open(file);
  await (await db.collection('c')).add({ id: 'a' });
  await db.close();
  const reader = await databases.open(file, { readOnly: true });
  expect(await linesOf(reader)).toHaveLength(4);
});

test('records that have expired are not exported', async () => {
  const db = await databases.open();
  const c = await db.collection('c');
  await c.addMany([{ id: 'gone', expiresAt: 1 }, { id: 'there', expiresAt: 4e12 }]);
  expect((await exported(db)).match(/"id":"\w+"/g)).toEqual(['"id":"there"']);
});
