'use strict';

// importJsonl: what it takes and how, and what it says of everything that is not an export.

const { PassThrough, Readable } = require('node:stream');

const { collect, errorOf, useDatabases } = require('./support/database');
const { contentsOf, exported, linesOf, textOf, HEADER, end } = require('./support/transfer');

const databases = useDatabases();

const NOTES = { collection: 'notes', options: { dimensions: 2, metric: 'l2' } };
const TEXT = textOf(HEADER, NOTES, { id: 'a', vector: [1, 2], createdAt: 5, updatedAt: 6 }, { id: 'b' }, { collection: 'plain' }, { id: 'c', text: 'é🙂' }, end(2, 3));
const ALL = { collections: ['notes', 'plain'], inserted: 3, updated: 0, skipped: 0, lines: 7 };
const many = (count, make) => Array.from({ length: count }, (_, i) => make(i));
/** A source of several megabytes. */
const LARGE = textOf(HEADER, { collection: 'c' }, ...many(60, (i) => ({ id: `r${i}`, text: 'x'.repeat(100_000) })), end(1, 60));

async function importing(text, options) {
  const db = await databases.open();
  return { db, result: await db.importJsonl([text], options) };
}

describe('a source is any iterable of bytes and text', () => {
  const bytes = Buffer.from(TEXT);
  const sources = {
    'an array of one string': () => [TEXT],
    'characters': () => [...TEXT],
    'bytes one by one': () => many(bytes.length, (i) => bytes.subarray(i, i + 1)),
    'Uint8Arrays': () => new Set([new Uint8Array(bytes)]),
    'a readable stream': () => Readable.from([bytes.subarray(0, 50), bytes.subarray(50)]),
    'a stream of strings': () => Readable.from([TEXT]).setEncoding('utf8'),
    *'a generator'() {
      yield '';
      yield Buffer.alloc(0);
      yield TEXT;
    },
    async *'an asynchronous generator'() {
      yield* TEXT.match(/.{1,9}/gsu);
    },
    'a web stream': () => new Blob([TEXT]).stream(),
  };
  test.each(Object.keys(sources))('%s', async (name) => {
    const db = await databases.open();
    expect(await db.importJsonl(sources[name]())).toEqual(ALL);
    expect(await (await db.getCollection('plain')).get('c')).toMatchObject({ text: 'é🙂' });
    expect(await (await db.getCollection('notes')).get('a')).toMatchObject({ createdAt: 5, updatedAt: 6 });
  });

  test('that comes in the largest chunks, cut into pieces between characters', async () => {
    const text = '🙂é'.repeat(400_000);
    const { db } = await importing(textOf(HEADER, { collection: 'c' }, { id: 'a', text }, end(1, 1)));
    expect(await (await db.getCollection('c')).get('a')).toMatchObject({ text });
  });
});

test('ids that are there already are refused, replaced or left', async () => {
  const db = await databases.open();
  const notes = await db.collection('notes', { dimensions: 2, metric: 'l2' });
  await notes.add({ id: 'b', text: 'mine' });
  const { createdAt } = await notes.get('b');
  const error = await errorOf(db.importJsonl([TEXT]));
  expect(error).toMatchObject({ code: 'ERR_ALREADY_EXISTS', argument: 'line 4: record.id', id: 'b', resumeAfter: 2 });
  expect(error.message).toBe("Database.importJsonl(): line 4: record.id is taken: there is a record 'b' already; onConflict 'skip' leaves it, 'replace' replaces it");
  expect(await notes.count()).toBe(1);
  expect(await db.importJsonl([TEXT], { onConflict: 'skip' })).toMatchObject({ inserted: 2, skipped: 1, updated: 0 });
  expect(await notes.get('b')).toMatchObject({ text: 'mine' });
  expect(await db.importJsonl([TEXT], { onConflict: 'replace' })).toMatchObject({ inserted: 0, skipped: 0, updated: 3 });
  expect((await notes.get('b')).text).toBeUndefined();
  expect((await notes.get('b')).createdAt).toBe(createdAt); // The line says nothing of it.
  expect(await notes.get('a')).toMatchObject({ createdAt: 5, updatedAt: 6 });
});

test('only the collections asked for are imported, and one that does not come is told', async () => {
  const { db, result } = await importing(TEXT, { collections: ['plain'] });
  expect(result).toMatchObject({ collections: ['plain'], inserted: 1, lines: 7 });
  expect((await db.listCollections()).map(({ name }) => name)).toEqual(['plain']);
  expect(await errorOf(db.importJsonl([TEXT], { collections: ['notes', 'other'] }))).toMatchObject({ code: 'ERR_NOT_FOUND', argument: 'options.collections' });
  expect((await db.listCollections()).map(({ name }) => name)).toEqual(['notes', 'plain']);
});

test('options of existing collections must agree', async () => {
  const db = await databases.open();
  await db.collection('notes', { dimensions: 3 });
  const error = await errorOf(db.importJsonl([TEXT]));
  expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'line 2: options.dimensions', resumeAfter: 0 });
  expect(error.message).toMatch(/^Database\.importJsonl\(\): line 2: options\.dimensions differs/);
  const same = await databases.open();
  await same.collection('notes', { dimensions: 2, metric: 'l2' });
  expect(await same.importJsonl([TEXT])).toEqual(ALL);
});

describe('what is refused names its line, and what came before is imported:', () => {
  const record = (fields) => ({ id: 'x', ...fields });
  const deep = JSON.stringify({ id: 'x', metadata: { a: many(33, () => 0).reduce((inner) => [inner], 1) } });
  const cases = [
    ['no JSON', '{"id":"x"', 'ERR_CORRUPT', 'line 4'],
    ['an empty line', '', 'ERR_CORRUPT', 'line 4'],
    ['a member that is unknown', record({ txt: 'x' }), 'ERR_CORRUPT', 'line 4'],
    ['a member twice', '{"id":"x","id":"y"}', 'ERR_CORRUPT', 'line 4'],
    ['__proto__', '{"id":"x","__proto__":{"a":1}}', 'ERR_CORRUPT', 'line 4'],
    ['another type', record({ text: 5 }), 'ERR_CORRUPT', 'line 4'],
    ['a lone surrogate', '{"id":"\\ud800"}', 'ERR_CORRUPT', 'line 4'],
    ['another kind of number', record({ vector: [1, '2'] }), 'ERR_CORRUPT', 'line 4'],
    ['a vector of another length', record({ vector: [1, 2, 3] }), 'ERR_INVALID_ARGUMENT', 'line 4: record.vector'],
    ['a vector that is too long', record({ vector: [3e38, 3e38] }), 'ERR_INVALID_ARGUMENT', 'line 4: record.vector'],
    ['a long id', record({ id: 'x'.repeat(513) }), 'ERR_INVALID_ARGUMENT', 'line 4: record.id'],
    ['NUL in an id', record({ id: 'a\0' }), 'ERR_INVALID_ARGUMENT', 'line 4: record.id'],
    ['metadata that is too deep', deep, 'ERR_INVALID_ARGUMENT', 'line 4: record.metadata'],
    ['metadata that is too large', record({ metadata: { a: 'x'.repeat(2 ** 20) } }), 'ERR_INVALID_ARGUMENT', 'line 4: record.metadata'],
    ['metadata that is no JSON', '{"id":"x","metadata":{"a":tru}}', 'ERR_INVALID_ARGUMENT', 'line 4: record.metadata'],
    ['metadata with brackets that do not match', '{"id":"x","metadata":{"a":[1}}}', 'ERR_INVALID_ARGUMENT', 'line 4: record.metadata'],
    ['an integer that JavaScript would change', '{"id":"x","metadata":{"a":9007199254740993}}', 'ERR_INVALID_ARGUMENT', 'line 4: record.metadata'],
    ['a number beyond all', '{"id":"x","metadata":{"a":1e400}}', 'ERR_INVALID_ARGUMENT', 'line 4: record.metadata'],
    ['a text that is too long', record({ text: 'x'.repeat(2 ** 24 + 1) }), 'ERR_INVALID_ARGUMENT', 'line 4: record.text'],
    ['a time before the epoch', record({ createdAt: -1 }), 'ERR_INVALID_ARGUMENT', 'line 4: record.createdAt'],
    ['a time that is no number', record({ updatedAt: 'now' }), 'ERR_CORRUPT', 'line 4'],
    ['a collection with an unknown option', { collection: 'other', options: { indices: ['a'] } }, 'ERR_INVALID_ARGUMENT', 'line 4: options.indices'],
    ['a collection with a signal', { collection: 'other', options: { signal: {} } }, 'ERR_INVALID_ARGUMENT', 'line 4: options.signal'],
    ['a collection with wrong dimensions', { collection: 'other', options: { dimensions: 0 } }, 'ERR_INVALID_ARGUMENT', 'line 4: options.dimensions'],
    ['a collection with a wrong name', { collection: '../other' }, 'ERR_INVALID_ARGUMENT', 'line 4: collection'],
    ['a collection with options that are none', { collection: 'other', options: 5 }, 'ERR_CORRUPT', 'line 4'],
    ['another export', HEADER, 'ERR_CORRUPT', 'line 4'],
    ['a newer format', '{"agentmemdb":2}', 'ERR_UNSUPPORTED', 'line 4'],
    ['an end that comes too early', end(1, 5), 'ERR_CORRUPT', 'line 4'],
  ];
  test.each(cases)('%s', async (_, line, code, argument) => {
    const db = await databases.open();
    const text = textOf(HEADER, NOTES, { id: 'a' }, line, { id: 'z' }, end(1, 3));
    const error = await errorOf(db.importJsonl([text]));
    expect({ code: error.code, argument: error.argument }).toEqual({ code, argument });
    expect(error.message).toMatch(/^Database\.importJsonl\(\): line 4[: ]/);
    // What is wrong with a record is found when it is written, with others of its transaction.
    expect(argument.includes('record') ? [2, 3] : [3]).toContain(error.resumeAfter);
    const notes = await db.getCollection('notes');
    expect(await notes.count()).toBe(error.resumeAfter - 2);
    expect((await db.listCollections()).map(({ name }) => name)).toEqual(['notes']);
    expect({}.a).toBeUndefined();

    // Repaired, it goes on from there.
    const repaired = textOf(HEADER, NOTES, { id: 'a' }, { id: 'y' }, { id: 'z' }, end(1, 3));
    await db.importJsonl([repaired], { resumeAfter: error.resumeAfter });
    expect((await collect(notes.scan())).map(({ id }) => id)).toEqual(['a', 'y', 'z']);
  });

  test('a text that is no export at all', async () => {
    const db = await databases.open();
    for (const text of ['', 'memory.jsonl', '{}', '[]', '{"id":"a"}\n', '\u0000'.repeat(100), 'SQLite format 3\u0000', `\ufeff${TEXT}`]) {
      expect(await errorOf(db.importJsonl([text]))).toMatchObject({ code: 'ERR_CORRUPT', resumeAfter: 0 });
    }
    expect(await errorOf(db.importJsonl([Buffer.from(TEXT, 'utf16le')]))).toMatchObject({ code: 'ERR_CORRUPT' });
    expect(await errorOf(db.importJsonl([Buffer.from(TEXT, 'latin1')]))).toMatchObject({ code: 'ERR_CORRUPT', argument: 'line 6' });
    expect(await db.stats()).toMatchObject({ collections: 2, records: 2 });
  });
});

test('a source that was cut off anywhere is an error, and goes on', async () => {
  const bytes = Buffer.from(TEXT);
  const { db: whole } = await importing(TEXT);
  const untimed = async (db) => (await contentsOf(db)).map(({ info, records }) => [info, records.map((each) => ({ ...each, createdAt: 0, updatedAt: 0 }))]);
  const expected = await untimed(whole);
  for (let length = 0; length < bytes.length - 1; length += 7) {
    const db = await databases.open();
    const error = await errorOf(db.importJsonl([bytes.subarray(0, length)]));
    expect({ length, code: error.code }).toEqual({ length, code: 'ERR_CORRUPT' });
    await db.importJsonl([bytes], { resumeAfter: error.resumeAfter });
    expect(await untimed(db)).toEqual(expected);
    await db.close();
  }
});

describe('an import that ends early', () => {
  test('is aborted between transactions, and goes on after the last progress', async () => {
    const db = await databases.open();
    const controller = new AbortController();
    const reason = new Error('not now');
    const told = [];
    const onProgress = (progress) => {
      if (told.push(progress) === 3) controller.abort(reason);
    };
    expect(await errorOf(db.importJsonl([LARGE], { signal: controller.signal, onProgress }))).toBe(reason);
    const c = await db.getCollection('c');
    const { done, bytes } = told.at(-1);
    expect(told).toHaveLength(3);
    expect(await c.count()).toBe(done - 2);
    expect(bytes).toBe(LARGE.split('\n', done).join('\n').length + 1);
    expect(await db.importJsonl([LARGE], { resumeAfter: done })).toMatchObject({ inserted: 62 - done, skipped: 0, lines: 63 });
    expect(await linesOf(db)).toHaveLength(63);
  });

  test('does not wait for a source that stalls: its signal, its time and close() end it', async () => {
    const db = await databases.open();
    const reason = new Error('not now');
    const controller = new AbortController();
    const stalled = new PassThrough();
    stalled.write(TEXT);
    const aborted = errorOf(db.importJsonl(stalled, { signal: controller.signal }));
    setImmediate(() => controller.abort(reason));
    expect(await aborted).toBe(reason);
    expect(stalled.destroyed).toBe(true);

    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
    expect(await errorOf(db.importJsonl(never, { timeoutMs: 20 }))).toMatchObject({ code: 'ERR_TIMEOUT', resumeAfter: 0 });

    const source = new PassThrough();
    const closed = errorOf(db.importJsonl(source));
    await db.close();
    source.end(TEXT);
    expect(await closed).toMatchObject({ code: 'ERR_CLOSED', resumeAfter: 0 });
  });

  test('with what its source throws, which is left', async () => {
    const db = await databases.open();
    const thrown = new Error('the network is gone');
    const state = {};
    async function* broken() {
      yield TEXT.slice(0, 80);
      throw thrown;
    }
    async function* left() {
      try {
        yield 'no export\n';
        yield* many(20, () => LARGE);
      } finally {
        state.left = true;
      }
    }
    expect(await errorOf(db.importJsonl(broken()))).toBe(thrown);
    expect(await errorOf(db.importJsonl(left()))).toMatchObject({ code: 'ERR_CORRUPT' });
    expect(state.left).toBe(true);
    const stream = new PassThrough();
    const importing = errorOf(db.importJsonl(stream));
    stream.destroy(thrown);
    expect(await importing).toBe(thrown);
  });

  test('holds nothing afterwards', async () => {
    const db = await databases.open();
    await errorOf(db.importJsonl([LARGE.slice(0, -100)]));
    expect((await db.stats()).queue.pendingBytes).toBe(0);
    const onProgress = () => {
      throw new Error('enough');
    };
    expect((await errorOf(db.importJsonl([LARGE], { onProgress, onConflict: 'skip' }))).message).toBe('enough');
    expect((await db.stats()).queue.pendingBytes).toBe(0);
  });
});

test('it reads no further ahead than it writes', async () => {
  const db = await databases.open();
  const state = { given: 0, written: 0, most: 0 };
  function* source() {
    for (let at = 0; at < LARGE.length; at += 65_536) {
      state.most = Math.max(state.most, at - state.written);
      yield LARGE.slice(at, at + 65_536);
    }
  }
  await db.importJsonl(source(), {
    onProgress: ({ bytes }) => {
      state.written = bytes;
    },
  });
  expect(state.written).toBe(LARGE.length);
  expect(state.most).toBeLessThan(3 * 2 ** 20);
});

test('a source that is never waited for leaves the event loop its turns', async () => {
  const db = await databases.open();
  const text = textOf(HEADER, { collection: 'c' }, ...many(100, (i) => ({ id: `r${i}`, text: 'x'.repeat(500) })), end(1, 100));
  const work = { done: false, turns: 0 };
  const count = () => {
    work.turns++;
    if (!work.done) setImmediate(count);
  };
  setImmediate(count);
  await db.importJsonl([...text]);
  work.done = true;
  expect(await (await db.getCollection('c')).count()).toBe(100);
  console.log(`${text.length} chunks of a character: ${work.turns} turns of the loop`);
  expect(work.turns).toBeGreaterThan(10);
});

test('records that are written meanwhile, and imports beside one another, are all there', async () => {
  const db = await databases.open(databases.file(), { durability: 'normal' });
  const c = await db.collection('c');
  const [imported, again] = await Promise.all([
    db.importJsonl([LARGE], { onConflict: 'skip' }),
    db.importJsonl([LARGE], { onConflict: 'skip' }),
    ...many(50, (i) => c.add({ id: `own${i}` })),
  ]);
  expect(imported.inserted + again.inserted).toBe(60);
  expect(imported.skipped + again.skipped).toBe(60);
  expect(await c.count()).toBe(110);
  expect(await db.verify()).toMatchObject({ ok: true });
});

test('what was imported is found, and linked in the background', async () => {
  const db = await databases.open();
  const records = many(200, (i) => ({ id: `r${i}`, vector: [Math.cos(i), Math.sin(i)] }));
  await db.importJsonl([textOf(HEADER, { collection: 'c', options: { dimensions: 2, hnsw: { minSize: 0 } } }, ...records, end(1, 200))]);
  const c = await db.getCollection('c');
  expect((await c.search({ vector: records[7].vector, k: 1 }))[0].id).toBe('r7');
  await c.indexed();
  expect((await c.stats()).index).toMatchObject({ linked: 200, tail: 0 });
});

test('a read-only handle imports nothing, and does not touch the source', async () => {
  const file = databases.file();
  await (await databases.open(file)).close();
  const reader = await databases.open(file, { readOnly: true });
  const state = { touched: false };
  function* source() {
    state.touched = true;
    yield textOf(HEADER, end(0, 0));
  }
  expect(await errorOf(reader.importJsonl(source()))).toMatchObject({ code: 'ERR_READ_ONLY' });
  expect(state.touched).toBe(false);
});

test('an exporting stream is a source', async () => {
  const { db } = await importing(TEXT);
  const copy = await databases.open();
  await copy.importJsonl(db.exportJsonl());
  expect(await contentsOf(copy)).toEqual(await contentsOf(db));
  expect(await exported(copy, { collections: ['plain'] })).toContain('"é🙂"');
});
