'use strict';

// How an embedder is called: in batches, not too many at once, again when that may help, and no longer than somebody waits.

const { setImmediate: turn } = require('node:timers/promises');

const { useDatabases, errorOf } = require('./support/database');
const { lettersEmbedder, lettersOf } = require('./support/letters');

const databases = useDatabases();

async function setUp(more) {
  const embedder = lettersEmbedder(more);
  const db = await databases.open(':memory:', { embedder });
  return { db, c: await db.collection('c'), embedder };
}

/** An embedder whose calls wait to be answered: calls [{ texts, signal, answer, fail }]. */
function patientEmbedder(more) {
  const calls = [];
  const embed = (texts, { signal }) =>
    new Promise((resolve, reject) => calls.push({ texts, signal, answer: () => resolve(texts.map(lettersOf)), fail: reject }));
  return { ...lettersEmbedder({ embed, ...more }), calls };
}

async function until(condition) {
  while (!condition()) await turn();
}

const failWith = (properties) => Object.assign(new Error('it failed'), properties);

describe('batches', () => {
  test('calls of one turn share them, whichever they are, and equal texts are embedded once', async () => {
    const { db, c, embedder } = await setUp();
    const d = await db.collection('d');
    await Promise.all([c.add({ text: 'a' }), d.add({ text: 'b' }), c.addMany([{ text: 'a' }, { text: 'ab' }]), d.upsert({ id: 'x', text: 'b' })]);
    expect(embedder.asked.map((texts) => [...texts].sort())).toEqual([['a', 'ab', 'b']]);
    expect(await c.count()).toBe(3);
  });

  test('are no larger than maxBatch, and no more than maxConcurrency at once', async () => {
    let running = 0;
    let most = 0;
    const sizes = [];
    const embed = async (texts) => {
      sizes.push(texts.length);
      most = Math.max(most, ++running);
      await turn();
      running--;
      return texts.map(lettersOf);
    };
    const { c } = await setUp({ embed, maxBatch: 3, maxConcurrency: 2 });
    const texts = Array.from({ length: 20 }, (_, i) => 'a'.repeat(i + 1));
    await c.addMany({ ids: texts, texts });
    expect([sizes, most]).toEqual([[3, 3, 3, 3, 3, 3, 2], 2]);
    for (const id of ['a', 'a'.repeat(20)]) expect((await c.get(id, { include: ['vector'] })).vector).toEqual(Float32Array.from(lettersOf(id)));
  });

  test('searches go before writes that wait', async () => {
    const embedder = patientEmbedder({ maxBatch: 1, maxConcurrency: 1 });
    const db = await databases.open(':memory:', { embedder });
    const c = await db.collection('c');
    const adding = c.addMany({ texts: ['a', 'aa', 'aaa'] });
    await until(() => embedder.calls.length === 1);
    const searching = c.search({ text: 'b' });
    for (let i = 0; i < 4; i++) {
      await until(() => embedder.calls.length > i);
      await turn();
      embedder.calls[i].answer();
    }
    await Promise.all([adding, searching]);
    expect(embedder.calls.map(({ texts }) => texts)).toEqual([['a'], ['b'], ['aa'], ['aaa']]);
  });

  test('one that is refused for a text of one call is made again for each call alone', async () => {
    const asked = [];
    const embed = async (texts) => {
      asked.push(texts);
      if (texts.includes('bad')) throw failWith({ status: 400 });
      return texts.map(lettersOf);
    };
    const { c } = await setUp({ embed });
    const done = await Promise.allSettled([c.add({ text: 'a' }), c.addMany({ texts: ['b', 'bad', 'a'] }), c.add({ text: 'bb' })]);
    expect(done.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    // One for all; then what the first and the second want, what the second wants alone, and what the third wants.
    expect(asked.slice(1)).toEqual([['a'], ['bb'], ['b', 'bad']]);
    expect(await c.count()).toBe(2);
  });

  test('rows of one Float32Array will do', async () => {
    const { c } = await setUp({ embed: async (texts) => Float32Array.from(texts.flatMap(lettersOf)) });
    await c.addMany({ ids: ['x', 'y'], texts: ['a', 'bb'] });
    expect((await c.get('y', { include: ['vector'] })).vector).toEqual(Float32Array.of(0, 2, 1));
  });
});

describe('what fails', () => {
  test.each([
    ['an error without a status', {}],
    ['status 429', { status: 429 }],
    ['status 503', { statusCode: 503 }],
    ['an error that says so', { status: 400, isRetryable: true }],
  ])('is tried again: %s', async (_, properties) => {
    let calls = 0;
    const { c } = await setUp({ embed: async (texts) => (++calls < 3 ? Promise.reject(failWith(properties)) : texts.map(lettersOf)) });
    await c.add({ text: 'a' });
    expect(calls).toBe(3);
  });

  test.each([
    ['status 401', { status: 401 }, 1],
    ['an error that says so', { isRetryable: false }, 1],
    ['as often as it may', { status: 503 }, 3],
  ])('rejects the call with the cause, and nothing is written: %s', async (_, properties, times) => {
    let calls = 0;
    const cause = failWith(properties);
    const embed = async () => {
      calls++;
      throw cause;
    };
    const { c } = await setUp({ embed });
    const error = await errorOf(c.addMany([{ text: 'a' }, { id: 'x', vector: [1, 1, 1] }]));
    expect(error).toMatchObject({ name: 'AgentMemError', code: 'ERR_IO', message: "Collection.addMany(): the embedder of 'letters' failed: it failed" });
    expect([error.cause, calls, await c.count()]).toEqual([cause, times, 0]);
  });

  test('waits for as long as Retry-After says, wherever it is', async () => {
    // With the delay of an hour asked for here, only the figure of the error lets this end.
    for (const properties of [
      { retryAfterMs: 0 },
      { headers: { 'retry-after': '0' } },
      { responseHeaders: new Headers({ 'retry-after': '0' }) },
      { response: { headers: new Headers({ 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }) } },
    ]) {
      let calls = 0;
      const embed = async (texts) => (++calls === 1 ? Promise.reject(failWith({ status: 429, ...properties })) : texts.map(lettersOf));
      const { c } = await setUp({ embed, retryDelayMs: 3_600_000 });
      await c.add({ text: 'a' });
      expect(calls).toBe(2);
    }
  });

  test.each([
    ['no vectors', undefined, /must give a list of vectors or a Float32Array, and gave undefined$/],
    ['too few', [[1, 1, 1]], /must give a vector for each of 2 texts, and gave 1$/],
    ['too few numbers', new Float32Array(5), /must give 2 x 3 numbers for 2 texts, and gave 5$/],
    ['another length', [[1, 1, 1], [1, 1]], /must give vectors of 3 dimensions, and gave one of 2 for text 1 of a batch$/],
    ['no list', [[1, 1, 1], 'x'], /must give vectors, and gave a string for text 1/],
    ['NaN', [[1, NaN, 1], [1, 1, 1]], /must give finite numbers, and gave NaN at 1 for text 0/],
    ['what is too large', [[1, 1, 1e300], [1, 1, 1]], /gave 1e\+300 at 2 for text 0/],
    ['null', [[1, 1, 1], [null, 1, 1]], /gave null at 0 for text 1/],
  ])('what is not vectors is refused by name, once: %s', async (_, given, message) => {
    let calls = 0;
    const embed = async () => {
      calls++;
      return given;
    };
    const { c } = await setUp({ embed });
    const error = await errorOf(c.addMany({ texts: ['a', 'b'] }));
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument: 'embedder' });
    expect(error.message).toMatch(message);
    expect([calls, await c.count()]).toEqual([1, 0]);
  });

  test('an embedder that throws, and one that rejects with what is no error', async () => {
    const { c } = await setUp({ retries: 0, embed: () => { throw new TypeError('oops'); } });
    expect(await errorOf(c.search({ text: 'a' }))).toMatchObject({ code: 'ERR_IO', cause: expect.any(TypeError) });
    const { c: d } = await setUp({ retries: 0, embed: () => Promise.reject('no') });
    expect(await errorOf(d.search({ text: 'a' }))).toMatchObject({ code: 'ERR_IO', cause: 'no', message: expect.stringMatching(/failed: no$/) });
  });
});

describe('who no longer waits', () => {
  test('an aborted call rejects with the reason, is not written, and its batch is aborted', async () => {
    const embedder = patientEmbedder();
    const db = await databases.open(':memory:', { embedder });
    const c = await db.collection('c');
    const controller = new AbortController();
    const adding = c.add({ text: 'a' }, { signal: controller.signal });
    await until(() => embedder.calls.length === 1);
    controller.abort('enough');
    await expect(adding).rejects.toBe('enough');
    expect(embedder.calls[0].signal.aborted).toBe(true);
    embedder.calls[0].fail(new Error('aborted'));
    // The same text again is another call: what was aborted has no answer.
    const again = c.add({ text: 'a' });
    await until(() => embedder.calls.length === 2);
    embedder.calls[1].answer();
    await again;
    expect(await c.count()).toBe(1);
  });

  test('a batch that others wait for goes on, and what nobody wants any more is not asked for', async () => {
    const embedder = patientEmbedder({ maxConcurrency: 1 });
    const db = await databases.open(':memory:', { embedder });
    const c = await db.collection('c');
    const controller = new AbortController();
    const { signal } = controller;
    const first = [c.add({ text: 'a' }, { signal }), c.add({ text: 'a' }), c.add({ text: 'b' })];
    first[0].catch(() => {});
    await until(() => embedder.calls.length === 1);
    const waiting = c.add({ text: 'ab' }, { signal });
    waiting.catch(() => {});
    await turn();
    controller.abort('enough');
    for (const each of [first[0], waiting]) await expect(each).rejects.toBe('enough');
    expect(embedder.calls[0].signal.aborted).toBe(false);
    embedder.calls[0].answer();
    await Promise.all(first.slice(1));
    expect([embedder.calls.length, await c.count()]).toEqual([1, 2]);
  });

  test.each([
    ['add', (c, control) => c.add({ text: 'a' }, control)],
    ['addMany', (c, control) => c.addMany({ texts: ['a'] }, control)],
    ['search', (c, control) => c.search({ text: 'a', ...control })],
    ['searchMany', (c, control) => c.searchMany([{ text: 'a' }], control)],
    ['patch', (c, control) => c.patch('x', { text: 'a' }, control)],
  ])('timeoutMs counts for %s, embedding included', async (_, call) => {
    const embedder = patientEmbedder();
    const db = await databases.open(':memory:', { embedder });
    const c = await db.collection('c');
    expect(await errorOf(call(c, { timeoutMs: 20 }))).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(embedder.calls[0].signal.aborted).toBe(true);
  });

  test('an abort ends the wait for a retry', async () => {
    const controller = new AbortController();
    const embed = async () => {
      setTimeout(() => controller.abort('enough'), 5);
      throw failWith({ retryAfterMs: 60_000 });
    };
    const { c } = await setUp({ embed });
    await expect(c.search({ text: 'a', signal: controller.signal })).rejects.toBe('enough');
  });
});

describe('the cache', () => {
  test('keeps vectors by model, length and text, those used last', async () => {
    const { c, embedder } = await setUp({ maxCacheBytes: 2 * (3 * 4 + 200) });
    for (const text of ['a', 'b', 'a', 'ab', 'a', 'b']) await c.add({ text });
    expect(embedder.asked.flat()).toEqual(['a', 'b', 'ab', 'b']);
  });

  test.each([[{ cache: false }], [{ maxCacheBytes: 0 }]])('can be left out: %j', async (more) => {
    const { c, embedder } = await setUp(more);
    for (const text of ['a', 'a']) await c.add({ text });
    await c.addMany({ texts: ['a', 'a'] });
    expect(embedder.asked).toEqual([['a'], ['a'], ['a', 'a']]);
  });

  test('may be a store of the caller, which other embedders of the model share', async () => {
    const kept = new Map();
    const cache = { get: async (key) => kept.get(key), set: async (key, value) => kept.set(key, value) };
    const long = `${'a'.repeat(100_000)}\u{1F600}${'b'.repeat(100_000)}`;
    for (const texts of [['a', long], ['a', 'b', long]]) {
      const { c, embedder } = await setUp({ cache });
      await c.addMany({ ids: texts.map((_, i) => `${i}`), texts });
      expect(embedder.asked).toEqual([texts.length === 2 ? texts : ['b']]);
      expect((await c.get(`${texts.length - 1}`, { include: ['vector'] })).vector).toEqual(Float32Array.from(lettersOf(long)));
    }
    expect(kept.size).toBe(3);
    const other = await setUp({ cache, model: 'other' });
    await other.c.add({ text: 'a' });
    expect(other.embedder.asked).toEqual([['a']]);
  });

  test('that holds something else, or fails, changes nothing; it is told once', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const stores = [
      { get: async () => 'AAAA', set: async () => {} },
      { get: async () => ({ vector: [] }), set: async () => {} },
      { get: async () => Buffer.from(Float32Array.of(1, NaN, 1).buffer).toString('base64'), set: async () => {} },
      { get: async () => Promise.reject(new Error('gone')), set: () => { throw new Error('gone'); } },
    ];
    for (const cache of stores) {
      const { c } = await setUp({ cache });
      await c.add({ id: 'x', text: 'aab' });
      expect((await c.get('x', { include: ['vector'] })).vector).toEqual(Float32Array.from(lettersOf('aab')));
    }
    const warnings = warn.mock.calls.map(([message]) => message);
    warn.mockRestore();
    expect(warnings).toEqual(['the cache of an embedder fails, and texts are embedded again: gone']);
  });
});
