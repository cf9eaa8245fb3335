'use strict';

// Wrong arguments: every place of every method, with everything people put there. Each is refused by name, as a rejection
// from the asynchronous form and the same error thrown from the sync twin, and nothing has changed afterwards.

const { AgentMemError, errorOf, open, thrownBy } = require('./support/database');
const wrong = require('./support/wrong-values');

let db;
let c;
let before;

const state = () => ({ records: c.countSync(), changeVersion: db.statsSync().changeVersion, collections: db.listCollectionsSync() });

beforeAll(async () => {
  db = await open(':memory:');
  c = await db.collection('c', { dimensions: 4 });
  await c.addMany([{ id: 'a', vector: [1, 2, 3, 4], text: 'x', metadata: { n: 1 } }, { id: 'b' }]);
  before = state();
});
afterAll(() => db.close());

/** Calls both forms of a method and expects the refusal. `twin`: the arguments of the sync form; absent when it has none. */
async function expectRefusal(target, method, args, twin, argument) {
  const refused = { code: 'ERR_INVALID_ARGUMENT', argument };
  const promise = target[method](...args); // Throwing here, instead of rejecting, fails the test.
  const error = await errorOf(promise);
  expect(error).toMatchObject(refused);
  expect(error).toBeInstanceOf(AgentMemError);
  expect(error.message).toContain(argument);
  if (twin !== undefined) {
    const thrown = thrownBy(() => target[`${method}Sync`](...twin));
    expect(thrown).toMatchObject(refused);
    expect(thrown).toBeInstanceOf(AgentMemError);
  }
  expect(state()).toEqual(before);
}

const GOOD = { id: 'new', vector: [1, 2, 3, 4], text: 't', metadata: { a: 1 } };

describe.each(['add', 'upsert'])('%s refuses', (method) => {
  const refuse = (record, argument) => expectRefusal(c, method, [record], [record], argument);

  test.each([['undefined', undefined], ...wrong.NOT_OBJECTS])('as record %s', (_, value) => refuse(value, 'record'));
  test.each(wrong.IDS)('as id %s', (_, value, inside) => refuse({ ...GOOD, id: value }, `record.id${inside}`));
  test.each(wrong.VECTORS)('as vector %s', (_, value, inside) => refuse({ ...GOOD, vector: value }, `record.vector${inside}`));
  test.each(wrong.NOT_STRINGS)('as text %s', (_, value, inside) => refuse({ ...GOOD, text: value }, `record.text${inside}`));
  test.each(wrong.NOT_METADATA)('as metadata %s', (_, value, inside) => refuse({ ...GOOD, metadata: value }, `record.metadata${inside}`));
  test.each(['ID', 'vectors', 'meta', 'createdAt', '__proto', ''])('an unknown field, %j', (field) => refuse({ ...GOOD, [field]: 1 }, `record.${field}`));
});

describe.each(['addMany', 'upsertMany'])('%s refuses', (method) => {
  const refuse = (records, argument) => expectRefusal(c, method, [records], [records], argument);
  const second = (field, value) => [{ id: 'x' }, { ...GOOD, [field]: value }];

  test.each([['undefined', undefined], ...wrong.NOT_OBJECTS.filter(([, value]) => !Array.isArray(value))])('as records %s', (_, value) =>
    refuse(value, 'records'),
  );
  test.each([['undefined', undefined], ...wrong.NOT_OBJECTS])('as one of the records %s', (_, value) => refuse([{}, value], 'records[1]'));
  test.each(wrong.IDS)('as id %s', (_, value, inside) => refuse(second('id', value), `records[1].id${inside}`));
  test.each(wrong.VECTORS)('as vector %s', (_, value, inside) => refuse(second('vector', value), `records[1].vector${inside}`));
  test.each(wrong.NOT_STRINGS)('as text %s', (_, value, inside) => refuse(second('text', value), `records[1].text${inside}`));
  test.each(wrong.NOT_METADATA)('as metadata %s', (_, value, inside) => refuse(second('metadata', value), `records[1].metadata${inside}`));
  test('an unknown field of a record', () => refuse([{}, { ids: 'x' }], 'records[1].ids'));

  const notLists = wrong.NOT_OBJECTS.filter(([, value]) => value !== null && !Array.isArray(value));
  test.each(['ids', 'texts', 'metadatas'].flatMap((column) => notLists.map(([what, value]) => [column, what, value])))(
    'as column %s %s',
    (column, _, value) => refuse({ [column]: value }, `records.${column}`),
  );
  test.each(wrong.VECTORS.filter(([, value]) => !(value instanceof Float32Array)))('as column vectors %s', (_, value) =>
    refuse({ ids: ['x'], vectors: value }, 'records.vectors'),
  );
  test.each([
    ['on shared memory', new Float32Array(new SharedArrayBuffer(16)).fill(1)],
    ['that is detached', wrong.VECTORS.find(([what]) => what === 'a detached Float32Array')[1]],
    ['of another shape', new Float32Array(5).fill(1)],
  ])('a matrix %s', (_, vectors) => refuse({ ids: ['x'], vectors }, 'records.vectors'));
  test.each(wrong.IDS.filter(([, value]) => typeof value !== 'string'))('in column ids %s', (_, value) =>
    refuse({ ids: ['x', value], texts: ['a', 'b'] }, 'records.ids[1]'),
  );
  test.each(wrong.NOT_STRINGS.filter(([, value]) => value !== null))('in column texts %s', (_, value) =>
    refuse({ texts: ['a', value] }, 'records.texts[1]'),
  );
  test.each(wrong.NOT_METADATA.filter(([, value]) => value !== null))('in column metadatas %s', async (_, value, inside) => {
    const error = await errorOf(c[method]({ metadatas: [{}, value] }));
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    // What the addon finds it names by record, what is found before by column.
    expect([`records.metadatas[1]${inside}`, `records[1].metadata${inside}`]).toContain(error.argument);
    expect(state()).toEqual(before);
  });
  test.each(['vector', 'id', 'text', 'rows'])('an unknown column, %s', (column) => refuse({ ids: ['x'], [column]: [] }, `records.${column}`));
});

describe.each(['get', 'has', 'delete'])('%s refuses', (method) => {
  test.each([['undefined', undefined, ''], ...wrong.IDS])('as id %s', (_, value) => expectRefusal(c, method, [value], [value], 'id'));
});

describe('get refuses', () => {
  test.each(wrong.INCLUDES)('as include %s', (_, include) => expectRefusal(c, 'get', ['a', { include }], ['a', { include }], 'options.include'));
  test('an unknown option', () => expectRefusal(c, 'get', ['a', { includes: [] }], ['a', { includes: [] }], 'options.includes'));
});

describe('search refuses', () => {
  const refuse = (query, argument) => expectRefusal(c, 'search', [query], [query], argument);
  const vector = [1, 2, 3, 4];

  test.each([['undefined', undefined], ...wrong.NOT_OBJECTS])('as query %s', (_, value) => refuse(value, 'query'));
  test('a query without a vector', () => refuse({ k: 5 }, 'query.vector'));
  test.each(wrong.VECTORS)('as vector %s', (_, value, inside) => refuse({ vector: value }, `query.vector${inside}`));
  test.each(wrong.COUNTS)('as k %s', (_, k) => refuse({ vector, k }, 'query.k'));
  test.each(wrong.COUNTS)('as ef %s', (_, ef) => refuse({ vector, ef }, 'query.ef'));
  test.each(wrong.NOT_BOOLEANS)('as exact %s', (_, exact) => refuse({ vector, exact }, 'query.exact'));
  test.each(wrong.NOT_BOOLEANS)('as explain %s', (_, explain) => refuse({ vector, explain }, 'query.explain'));
  test.each(wrong.INCLUDES)('as include %s', (_, include) => refuse({ vector, include }, 'query.include'));
  test.each(['K', 'limit', 'topK', 'where_', ''])('an unknown field, %j', (field) => refuse({ vector, [field]: 1 }, `query.${field}`));
  test.each(wrong.SIGNALS)('as signal %s', (_, signal) => expectRefusal(c, 'search', [{ vector, signal }], undefined, 'query.signal'));
  test.each(wrong.TIMEOUTS)('as timeoutMs %s', (_, timeoutMs) => expectRefusal(c, 'search', [{ vector, timeoutMs }], undefined, 'query.timeoutMs'));
});

describe('the call options', () => {
  const METHODS = [
    ['collection.add', () => c, [{}]],
    ['collection.upsert', () => c, [{}]],
    ['collection.addMany', () => c, [[{}]]],
    ['collection.upsertMany', () => c, [{ ids: ['x'] }]],
    ['collection.get', () => c, ['a']],
    ['collection.has', () => c, ['a']],
    ['collection.delete', () => c, ['a']],
    ['collection.count', () => c, [undefined]],
    ['collection.indexed', () => c, []],
    ['collection.stats', () => c, []],
    ['database.collection', () => db, ['new']],
    ['database.createCollection', () => db, ['new']],
    ['database.getCollection', () => db, ['c']],
    ['database.listCollections', () => db, []],
    ['database.deleteCollection', () => db, ['c']],
    ['database.stats', () => db, []],
  ];

  test.each(METHODS)('of %s are checked: kind, names, signal and timeoutMs', async (name, target, args) => {
    const method = name.split('.')[1];
    const refuse = (options, argument) => expectRefusal(target(), method, [...args, options], undefined, argument);
    for (const [, value] of wrong.NOT_OBJECTS) await refuse(value, 'options');
    for (const [, signal] of wrong.SIGNALS) await refuse({ signal }, 'options.signal');
    for (const [, timeoutMs] of wrong.TIMEOUTS) await refuse({ timeoutMs }, 'options.timeoutMs');
    for (const key of ['timeout', 'Signal', '']) await refuse({ [key]: 5 }, `options.${key}`);
  });

  test('are no options of a sync twin', () => {
    const { signal } = new AbortController();
    const vector = [1, 2, 3, 4];
    for (const [call, argument] of [
      [() => c.searchSync({ vector, signal }), 'query.signal'],
      [() => c.searchSync({ vector, timeoutMs: 5 }), 'query.timeoutMs'],
      [() => c.getSync('a', { timeoutMs: 5 }), 'options.timeoutMs'],
      [() => db.collectionSync('c', { signal }), 'options.signal'],
      [() => db.createCollectionSync('new', { timeoutMs: 5 }), 'options.timeoutMs'],
    ]) {
      expect(thrownBy(call)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', argument });
    }
    expect(state()).toEqual(before);
  });
});

describe.each(['collection', 'createCollection', 'getCollection', 'deleteCollection'])('%s refuses', (method) => {
  test.each(wrong.NAMES)('as name %s', (_, name) => expectRefusal(db, method, [name], [name], 'name'));
});

describe.each(['collection', 'createCollection'])('%s refuses', (method) => {
  const refuse = (options, argument) => expectRefusal(db, method, ['new', options], ['new', options], argument);
  const notIntegers = [null, NaN, Infinity, -1, 1.5, '3', true, [3], {}, 3n, Symbol('s'), 2 ** 32, 1e300];

  test('as options what is no object', async () => {
    for (const [, value] of wrong.NOT_OBJECTS) await refuse(value, 'options');
  });
  test('unknown options, at both depths', async () => {
    await refuse({ dimensions: 3, dimension: 3 }, 'options.dimension');
    await refuse({ dimensions: 3, hnsw: { m: 16 } }, 'options.hnsw.m');
    await refuse({ dimensions: 3, hnsw: { M: 16, '': 1 } }, 'options.hnsw.');
  });
  test('as dimensions what is no integer in 1..8192', async () => {
    for (const dimensions of [...notIntegers, 0, 8193]) await refuse({ dimensions }, 'options.dimensions');
  });
  test('as metric what is none', async () => {
    for (const metric of [null, 5, '', 'L2', 'euclidean', 'cosine ', ['l2'], {}, Symbol('s')]) {
      await refuse({ dimensions: 3, metric }, 'options.metric');
    }
  });
  test('as hnsw what is no object', async () => {
    for (const [, hnsw] of wrong.NOT_OBJECTS) await refuse({ dimensions: 3, hnsw }, 'options.hnsw');
  });
  test.each([
    ['M', 3, 65],
    ['efConstruction', 7, 4097],
    ['minSize', -1, 2 ** 31],
  ])('as hnsw.%s what is out of its bounds', async (name, low, high) => {
    for (const value of [...notIntegers, low, high]) await refuse({ dimensions: 3, hnsw: { [name]: value } }, `options.hnsw.${name}`);
  });
});
