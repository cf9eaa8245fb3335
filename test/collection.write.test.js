'use strict';

// Writing single records: add, upsert, delete, ids, what is kept of texts and metadata, and group commit.

const { errorOf, integer, randomVector, seeded, useDatabases } = require('./support/database');

const databases = useDatabases();
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ALL = { include: ['text', 'metadata', 'vector'] };

const turn = () =>
  new Promise((resolve) => {
    setTimeout(resolve, 2);
  });

describe('add', () => {
  test('stores what was given and resolves to id and version', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 3 });
    const from = Date.now();
    const written = await c.add({ id: 'a', vector: [1, 2, 3], text: 'hello', metadata: { n: 1 } });
    const record = await c.get('a', ALL);
    expect(written).toEqual({ id: 'a', version: record.version });
    expect(record).toMatchObject({ id: 'a', text: 'hello', metadata: { n: 1 } });
    expect([...record.vector]).toEqual([1, 2, 3]);
    expect(record.createdAt).toBe(record.updatedAt);
    expect(record.createdAt).toBeGreaterThanOrEqual(from);
    expect(record.createdAt).toBeLessThanOrEqual(Date.now());
  });

  test('a record may have any part, or none', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 1 });
    const { id } = await c.add({});
    const record = await c.get(id, ALL);
    expect(Object.keys(record).sort()).toEqual(['createdAt', 'id', 'updatedAt', 'version']);
    await c.add({ id: 'text', text: '', metadata: undefined, vector: undefined });
    expect((await c.get('text')).text).toBe('');
    expect(await c.count()).toBe(2);
  });

  test('refuses an id that is taken, names it, and leaves the record as it was', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    await c.add({ id: 'a', text: 'first' });
    const before = await c.get('a');
    expect(await errorOf(c.add({ id: 'a', text: 'second' }))).toMatchObject({ code: 'ERR_ALREADY_EXISTS', id: 'a' });
    expect(await c.get('a')).toEqual(before);
  });

  test('the same id may be in two collections, and is free again after delete', async () => {
    const db = await databases.open();
    const [c, d] = [await db.collection('c'), await db.collection('d')];
    await c.add({ id: 'a', text: 'c' });
    await d.add({ id: 'a', text: 'd' });
    expect(await c.delete('a')).toBe(true);
    await c.add({ id: 'a', text: 'again' });
    expect([(await c.get('a')).text, (await d.get('a')).text]).toEqual(['again', 'd']);
  });

  test('ids are compared byte by byte: case, accents and spaces count', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    const ids = ['a', 'A', ' a', 'a ', '\u00e9', 'e\u0301', '1', '01', '😀', '\u{10ffff}', '__proto__', 'x'.repeat(512), '😀'.repeat(128)];
    for (const id of ids) await c.add({ id, text: id });
    for (const id of ids) expect((await c.get(id)).text).toBe(id);
    expect(await c.count()).toBe(ids.length);
  });

  test('ids that are made are UUIDv7, and ascend in the order of the calls', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    const singles = await Promise.all(Array.from({ length: 300 }, () => c.add({})));
    const { ids } = await c.addMany(Array.from({ length: 5000 }, () => ({})));
    const { id } = c.addSync({});
    const all = [...singles.map((written) => written.id), ...ids, id];
    for (const each of all) expect(each).toMatch(UUID_V7);
    expect([...all].sort()).toEqual(all);
    expect(new Set(all).size).toBe(5301);
    expect(Math.abs(parseInt(id.slice(0, 8) + id.slice(9, 13), 16) - Date.now())).toBeLessThan(60_000);
  });
});

describe('upsert', () => {
  test('replaces the whole record, and keeps createdAt', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2, metric: 'l2' });
    await c.upsert({ id: 'a', vector: [1, 2], text: 'first', metadata: { n: 1 } });
    const first = await c.get('a');
    await turn();
    const { version } = await c.upsert({ id: 'a', text: 'second' });
    const second = await c.get('a', ALL);
    expect(second).toEqual({ id: 'a', text: 'second', createdAt: first.createdAt, updatedAt: second.updatedAt, version });
    expect(second.updatedAt).toBeGreaterThan(first.updatedAt);
    expect(version).toBeGreaterThan(first.version);
    expect(await c.search({ vector: [1, 2] })).toEqual([]);
    expect(await c.count()).toBe(1);
  });

  test('stores a new record too, with or without an id', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    expect(await c.upsert({ id: 'a' })).toMatchObject({ id: 'a' });
    expect((await c.upsert({})).id).toMatch(UUID_V7);
    expect(await c.count()).toBe(2);
  });
});

describe('delete', () => {
  test('says whether there was such a record', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 1 });
    await c.add({ id: 'a', vector: [1] });
    expect([await c.delete('a'), await c.delete('a'), await c.delete('never')]).toEqual([true, false, false]);
    expect([await c.has('a'), await c.get('a'), await c.count()]).toEqual([false, undefined, 0]);
    expect((await c.stats()).vectors).toBe(0);
  });

  test('of what is not there changes nothing: the version stays', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    const { changeVersion } = await db.stats();
    await c.delete('a');
    expect((await db.stats()).changeVersion).toBe(changeVersion);
  });
});

describe('metadata', () => {
  const roundTrip = async (metadata) => {
    const db = await databases.open();
    const c = await db.collection('c');
    await c.add({ id: 'a', metadata });
    return (await c.get('a')).metadata;
  };

  test.each([
    ['an empty object', {}],
    ['every kind of value', { null: null, yes: true, no: false, text: 'x', list: [1, 'a', null, [], {}], inner: { a: { b: 1 } } }],
    ['the numbers a double can hold', { a: 2 ** 53, b: -(2 ** 53), c: 0.1, d: 5e-324, e: 1 / 3, f: 123456789.123, g: -1e-7 }],
    ['empty strings, as keys too', { '': '', a: { '': [''] } }],
    ['unicode, controls and quotes', { 'ключ "\\': '😀 \u0000\u001f\u2028\n\t\\"\ufffd\u{10ffff}', '\u00e9': 'e\u0301' }],
    ['names that objects have', { constructor: 1, toString: 2, hasOwnProperty: 3, valueOf: [], length: 4, toJSON: 'text' }],
    ['32 levels', JSON.parse('{"a":'.repeat(32).slice(0, -5) + '{}' + '}'.repeat(31))],
  ])('%s comes back as it was', async (_, metadata) => {
    expect(await roundTrip(metadata)).toEqual(metadata);
  });

  test('keeps the order of its keys', async () => {
    const metadata = { z: 1, a: { y: 1, b: 2 }, m: 3, A: 4 };
    expect(JSON.stringify(await roundTrip(metadata))).toBe(JSON.stringify(metadata));
  });

  test('"__proto__" is a key like any other', async () => {
    const metadata = JSON.parse('{"__proto__":{"polluted":true},"a":{"__proto__":1}}');
    const back = await roundTrip(metadata);
    expect(JSON.stringify(back)).toBe('{"__proto__":{"polluted":true},"a":{"__proto__":1}}');
    expect(Object.getPrototypeOf(back)).toBe(Object.getPrototypeOf(JSON.parse('{}')));
    expect({}.polluted).toBeUndefined();
  });

  test('undefined members are dropped, a Date becomes its ISO string, -0 becomes 0', async () => {
    const back = await roundTrip({ gone: undefined, in: { gone: undefined, stays: 1 }, at: new Date(Date.UTC(2024, 1, 29)), zero: -0 });
    expect(Object.keys(back)).toEqual(['in', 'at', 'zero']);
    expect(back).toEqual({ in: { stays: 1 }, at: '2024-02-29T00:00:00.000Z', zero: 0 });
  });

  test('an object without a prototype, and one from another realm, are plain objects', async () => {
    const bare = Object.assign(Object.create(null), { a: 1 });
    expect(await roundTrip(bare)).toEqual({ a: 1 });
    expect(await roundTrip(require('node:vm').runInNewContext('({ a: [1, { b: 2 }], at: new Date(0) })'))).toEqual({
      a: [1, { b: 2 }],
      at: '1970-01-01T00:00:00.000Z',
    });
  });

  test('an object that occurs twice is stored twice', async () => {
    const shared = { x: 1 };
    expect(await roundTrip({ a: shared, b: [shared, shared] })).toEqual({ a: { x: 1 }, b: [{ x: 1 }, { x: 1 }] });
  });

  test(
    'random JSON comes back as it was',
    seeded(async (random) => {
      const value = (depth) => {
        const kinds = [
          () => null,
          () => random() < 0.5,
          () => integer(random, 1000) - 500,
          () => (random() - 0.5) * 10 ** integer(random, 30),
          () => String.fromCodePoint(...Array.from({ length: integer(random, 8) }, () => integer(random, 0xd800))),
          () => Array.from({ length: integer(random, 4) }, () => value(depth + 1)),
          () => object(depth + 1),
        ];
        return kinds[integer(random, depth > 5 ? 5 : 7)]();
      };
      const object = (depth) => Object.fromEntries(Array.from({ length: integer(random, 5) }, (_, i) => [`k${i}é`, value(depth)]));
      const db = await databases.open();
      const c = await db.collection('c');
      const metadatas = Array.from({ length: 300 }, () => object(1)).filter((each) => !hasUnsafe(each));
      const { ids } = await c.addMany({ metadatas });
      for (const [i, id] of ids.entries()) expect((await c.get(id)).metadata).toEqual(JSON.parse(JSON.stringify(metadatas[i])));
    }),
  );

  function hasUnsafe(each) {
    if (typeof each === 'number') return Number.isInteger(each) && Math.abs(each) > 2 ** 53;
    return typeof each === 'object' && each !== null && Object.values(each).some(hasUnsafe);
  }
});

describe('text', () => {
  test.each([
    ['plain text', 'hello'],
    ['an empty text', ''],
    ['NUL, controls and line ends', 'a\0b\u0001\r\n\t\u007f'],
    ['every plane of Unicode', 'aé߿ࠀ\uffff𐀀😀\u{10ffff}'],
    ['quotes and backslashes', '"\\"\\\\" \u2028\u2029'],
    ['a byte order mark', '\ufeffx'],
    ['a million characters', 'añ😀"\n'.repeat(200_000)],
  ])('%s comes back as it was, from get and from search', async (_, text) => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 1 });
    await c.add({ id: 'a', text, vector: [1] });
    expect((await c.get('a')).text === text).toBe(true);
    expect((await c.search({ vector: [1] }))[0].text === text).toBe(true);
  });

  test('a surrogate without its partner becomes U+FFFD', async () => {
    const db = await databases.open();
    const c = await db.collection('c');
    await c.add({ id: 'a', text: 'x\ud800y\udc00' });
    await c.addMany({ ids: ['b'], texts: ['\udfff'] });
    expect([(await c.get('a')).text, (await c.get('b')).text]).toEqual(['x\ufffdy\ufffd', '\ufffd']);
  });
});

describe('vectors', () => {
  test('come back with every bit, whatever the metric', async () => {
    const db = await databases.open();
    const vector = Float32Array.from([1.1, -2.2, 1e-30, 3.4028234e17, 0, -0, 1 / 3, 16777217]);
    for (const metric of ['cosine', 'l2', 'ip']) {
      const c = await db.collection(metric, { dimensions: 8, metric });
      await c.add({ id: 'a', vector });
      const back = (await c.get('a', { include: ['vector'] })).vector;
      expect(Buffer.from(back.buffer).equals(Buffer.from(vector.buffer))).toBe(true);
    }
  });

  test('a vector given to add or search is copied when the call is made', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2, metric: 'l2' });
    const [typed, plain, query] = [Float32Array.of(1, 2), [3, 4], Float32Array.of(1, 2)];
    const writes = [c.add({ id: 'typed', vector: typed }), c.upsert({ id: 'plain', vector: plain })];
    typed.fill(99);
    plain.fill(99);
    await Promise.all(writes);
    const searching = c.search({ vector: query, include: ['vector'] });
    query.fill(99);
    const hits = await searching;
    expect(hits.map((hit) => [hit.id, ...hit.vector])).toEqual([['typed', 1, 2], ['plain', 3, 4]]);
    expect(hits[0].distance).toBe(0);
  });

  test('a view into a larger buffer, and an array of doubles, are taken as they look', async () => {
    const db = await databases.open();
    const c = await db.collection('c', { dimensions: 2, metric: 'l2' });
    await c.add({ id: 'view', vector: new Float32Array([9, 1, 2, 9]).subarray(1, 3) });
    await c.add({ id: 'doubles', vector: [0.1, 0.2] });
    expect([...(await c.get('view', ALL)).vector]).toEqual([1, 2]);
    expect([...(await c.get('doubles', ALL)).vector]).toEqual([Math.fround(0.1), Math.fround(0.2)]);
  });
});

describe('many writes at once', () => {
  test('200 adds take fewer transactions than calls', async () => {
    const db = await databases.open(databases.file());
    const c = await db.collection('c', { dimensions: 4 });
    const before = (await db.stats()).queue;
    const written = await Promise.all(Array.from({ length: 200 }, (_, i) => c.add({ id: `r${i}`, vector: [1, 2, 3, i] })));
    const after = (await db.stats()).queue;
    expect(after.writeCalls - before.writeCalls).toBe(200);
    expect(after.writeGroups - before.writeGroups).toBeLessThan(200);
    expect(new Set(written.map((each) => each.version)).size).toBe(200);
    expect(await c.count()).toBe(200);
  });

  test('of a group each call succeeds or fails on its own', async () => {
    const db = await databases.open(databases.file());
    const c = await db.collection('c', { dimensions: 2 });
    await c.add({ id: 'r3' });
    const results = await Promise.allSettled([
      ...Array.from({ length: 10 }, (_, i) => c.add({ id: `r${i}`, vector: [1, i] })),
      c.addMany([{ id: 'x' }, { id: 'y' }, { id: 'r9' }]),
      c.add({ id: 'wrong', vector: [1] }),
      c.delete('r0'),
      c.upsert({ id: 'r1', text: 'last' }),
    ]);
    const codes = results.map((result) => result.reason?.code ?? 'ok');
    const expected = [...Array(3).fill('ok'), 'ERR_ALREADY_EXISTS', ...Array(6).fill('ok')];
    expect(codes).toEqual([...expected, 'ERR_ALREADY_EXISTS', 'ERR_INVALID_ARGUMENT', 'ok', 'ok']);
    expect(await c.count()).toBe(9);
    expect([await c.has('r0'), await c.has('x'), await c.has('wrong')]).toEqual([false, false, false]);
    expect((await c.get('r1')).text).toBe('last');
  });

  test(
    'calls are carried out in the order they were made',
    seeded(async (random) => {
      const db = await databases.open(databases.file(), { durability: 'normal' });
      const c = await db.collection('c', { dimensions: 2, metric: 'l2' });
      const model = new Map();
      const calls = Array.from({ length: 500 }, (_, i) => {
        const id = `r${integer(random, 10)}`;
        if (random() < 0.3) {
          const had = model.delete(id);
          return c.delete(id).then((deleted) => expect(deleted).toBe(had));
        }
        model.set(id, `text ${i}`);
        return c.upsert({ id, text: `text ${i}`, vector: randomVector(random, 2) });
      });
      await Promise.all(calls);
      for (let i = 0; i < 10; i++) expect((await c.get(`r${i}`))?.text).toBe(model.get(`r${i}`));
      expect(await c.count()).toBe(model.size);
    }),
  );
});
