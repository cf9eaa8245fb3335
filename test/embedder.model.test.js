'use strict';

// The option `embedder`: what it must be, and the model that a collection remembers.

const { useDatabases, errorOf, thrownBy } = require('./support/database');
const { lettersEmbedder } = require('./support/letters');

const databases = useDatabases();
const invalid = (argument, message = '') => ({ code: 'ERR_INVALID_ARGUMENT', argument, message: expect.stringContaining(message) });
const modelOf = async (db, name) => (await db.listCollections()).find((each) => each.name === name).embedder?.model;

describe('the option', () => {
  const wrong = [
    ['', 5],
    ['', 'text-embedding-3-small'],
    ['', []],
    ['.model', lettersEmbedder({ model: undefined })],
    ['.model', lettersEmbedder({ model: '' })],
    ['.model', lettersEmbedder({ model: 'é'.repeat(101) })],
    ['.model', lettersEmbedder({ model: 'a\0b' })],
    ['.model', lettersEmbedder({ model: '\ud800' })],
    ['.dimensions', lettersEmbedder({ dimensions: '3' })],
    ['.dimensions', lettersEmbedder({ dimensions: 0 })],
    ['.dimensions', lettersEmbedder({ dimensions: 8193 })],
    ['.embed', lettersEmbedder({ embed: 'x' })],
    ['.maxBatch', lettersEmbedder({ maxBatch: 0 })],
    ['.maxConcurrency', lettersEmbedder({ maxConcurrency: 1.5 })],
    ['.retries', lettersEmbedder({ retries: -1 })],
    ['.retryDelayMs', lettersEmbedder({ retryDelayMs: NaN })],
    ['.maxCacheBytes', lettersEmbedder({ maxCacheBytes: Infinity })],
    ['.cache', lettersEmbedder({ cache: {} })],
    ['.cache', lettersEmbedder({ cache: true })],
  ];

  test.each(wrong)('is refused by name: options.embedder%s', async (place, embedder) => {
    const refused = invalid(`options.embedder${place}`);
    const db = await databases.open();
    expect(await errorOf(databases.open(':memory:', { embedder }))).toMatchObject(refused);
    expect(thrownBy(() => databases.openSync(':memory:', { embedder }))).toMatchObject(refused);
    for (const method of ['collection', 'createCollection']) {
      expect(await errorOf(db[method]('c', { embedder }))).toMatchObject(refused);
      expect(thrownBy(() => db[`${method}Sync`]('c', { embedder }))).toMatchObject(refused);
    }
    expect(await db.listCollections()).toEqual([]);
  });

  test('takes an instance of a class, and calls embed() on it', async () => {
    class Letters {
      model = 'm';
      dimensions = 2;
      #numbers = [1, 2];
      async embed(texts) {
        return texts.map(() => this.#numbers);
      }
    }
    const db = await databases.open(':memory:', { embedder: new Letters() });
    const c = await db.collection('c');
    await c.add({ id: 'x', text: 'a' });
    expect((await c.get('x', { include: ['vector'] })).vector).toEqual(Float32Array.of(1, 2));
  });
});

describe('the length', () => {
  test('of a new collection is that of its embedder, its own or the database\'s', async () => {
    const db = await databases.open(':memory:', { embedder: lettersEmbedder() });
    expect((await db.collection('a')).dimensions).toBe(3);
    expect((await db.createCollection('b')).dimensions).toBe(3);
    expect(db.collectionSync('c').dimensions).toBe(3);
    expect(db.createCollectionSync('d', { metric: 'l2', embedder: lettersEmbedder({ dimensions: 7 }) }).dimensions).toBe(7);
    expect((await db.collection('e', { dimensions: 4, embedder: null })).dimensions).toBe(4);
  });

  test('must agree with that given, and with that of an existing collection', async () => {
    const db = await databases.open();
    const embedder = lettersEmbedder();
    const differs = invalid('options.embedder', 'vectors of 3 dimensions');
    expect(await errorOf(db.collection('c', { dimensions: 4, embedder }))).toMatchObject(differs);
    await db.collection('c', { dimensions: 4 });
    await db.collection('plain');
    for (const name of ['c', 'plain']) expect(await errorOf(db.collection(name, { embedder }))).toMatchObject(differs);
  });
});

describe('the model', () => {
  test('is remembered, also when an embedder comes later, and another one is refused by both names', async () => {
    const file = databases.file();
    const other = lettersEmbedder({ model: 'other' });
    const first = await databases.open(file);
    await first.collection('made', { embedder: lettersEmbedder() });
    await first.collection('later', { dimensions: 3 });
    expect([await modelOf(first, 'made'), await modelOf(first, 'later')]).toEqual(['letters', undefined]);
    await first.collection('later', { embedder: lettersEmbedder() });
    expect(await modelOf(first, 'later')).toBe('letters');
    await first.close();

    const db = await databases.open(file, { embedder: other });
    for (const name of ['made', 'later']) {
      for (const open of [() => db.collection(name), () => db.getCollection(name), () => db.collection(name, { embedder: other })]) {
        const error = await errorOf(open);
        expect(error).toMatchObject(invalid('options.embedder', "the model 'other'"));
        expect(error.message).toMatch(/are of 'letters'.*open it without an embedder, or embed its texts again into a new collection/);
      }
      expect(thrownBy(() => db.collectionSync(name))).toMatchObject(invalid('options.embedder'));
      expect(thrownBy(() => db.getCollectionSync(name))).toMatchObject(invalid('options.embedder'));
      const c = await db.collection(name, { embedder: null });
      await c.add({ text: 'a' });
      expect(other.asked).toEqual([]);
      await (await db.collection(name, { embedder: lettersEmbedder() })).add({ text: 'a' });
      expect((await c.stats()).vectors).toBe(1);
    }
  });

  test('is none of getCollection\'s business when there is no such collection', async () => {
    const db = await databases.open(':memory:', { embedder: lettersEmbedder() });
    expect(await errorOf(db.getCollection('c'))).toMatchObject({ code: 'ERR_NOT_FOUND', argument: 'name' });
    expect(thrownBy(() => db.getCollectionSync('c'))).toMatchObject({ code: 'ERR_NOT_FOUND' });
    expect(await db.listCollections()).toEqual([]);
  });

  test('is not stored through a handle that only reads, which searches all the same', async () => {
    const file = databases.file();
    const first = await databases.open(file);
    await (await first.collection('c', { dimensions: 3 })).add({ id: 'x', vector: [1, 0, 1] });
    await first.close();
    const db = await databases.open(file, { readOnly: true, embedder: lettersEmbedder() });
    expect(await (await db.collection('c')).search({ text: 'a', include: [] })).toMatchObject([{ id: 'x' }]);
    expect(await modelOf(db, 'c')).toBeUndefined();
  });

  test('travels with an export', async () => {
    const db = await databases.open(':memory:', { embedder: lettersEmbedder() });
    await (await db.collection('c')).add({ id: 'x', text: 'a' });
    const lines = await db.exportJsonl().toArray();
    const copy = await databases.open(':memory:', { embedder: lettersEmbedder() });
    await copy.importJsonl(lines);
    expect(await modelOf(copy, 'c')).toBe('letters');
    expect(await (await copy.collection('c')).search({ text: 'a', include: [] })).toMatchObject([{ id: 'x' }]);
  });
});
