'use strict';

// The methods of Database and Collection as data: the right arguments of each, and everything that is wrong in each place of
// them.

const { INDEXES, ORDERS } = require('./wrong-fields');
const wrong = { ...require('./wrong-values'), ...require('./wrong-queries') };

// A place of an argument:
//   right    a value that is taken
//   wrong    [what it is, the value, where inside it the refusal points]
//   members  the places inside, by key; `isClosed`: it refuses keys that it does not know
const place = (right, wrongValues) => ({ right, wrong: wrongValues });
const required = (inner) => ({ ...inner, wrong: [['undefined', undefined, ''], ...inner.wrong] });
const orNull = (inner) => ({ ...inner, wrong: inner.wrong.filter(([, value]) => value !== null) });

function object(members, others = wrong.NOT_OBJECTS) {
  const right = Object.fromEntries(Object.entries(members).map(([key, member]) => [key, member.right]));
  return { right, wrong: others, members, isClosed: true };
}

const NOT_LISTS = wrong.NOT_OBJECTS.filter(([, value]) => !Array.isArray(value));
/** A list that has `inner` in second place. */
const list = (first, inner) => ({ right: [first, inner.right], wrong: NOT_LISTS, members: { 1: required(inner) } });
const oneOf = (inner) => ({ right: [inner.right], wrong: NOT_LISTS, members: { 0: required(inner) } });
/** A column of many records: null in it means that there is none. */
const column = (right, inner) => ({ right, wrong: orNull({ wrong: NOT_LISTS }).wrong, members: { 1: orNull(inner) } });

const VECTOR = [1, 2, 3, 4];
const CONTROL = { signal: place(new AbortController().signal, wrong.SIGNALS), timeoutMs: place(60_000, wrong.TIMEOUTS) };
const PROGRESS = { onProgress: place(() => {}, wrong.NOT_FUNCTIONS) };

const id = required(place('a', wrong.IDS));
const vector = place(VECTOR, wrong.VECTORS);
const text = place('t', wrong.NOT_STRINGS);
const metadata = place({ a: [1, { b: 'x' }] }, wrong.NOT_METADATA);
const expiresAt = place(4e12, wrong.TIMES);
const ttlMs = place(4e12, wrong.DURATIONS);
const ifVersion = place(2, wrong.VERSIONS);
const filter = place({ 'a.b': { $gt: 1 } }, wrong.FILTERS);
const include = place(['text'], wrong.INCLUDES);
const count = place(3, wrong.COUNTS);
const boolean = place(true, wrong.NOT_BOOLEANS);

const options = (own = {}) => object({ ...own, ...CONTROL });
const record = object({ id: place('new', wrong.IDS), vector: orNull(vector), text, metadata, expiresAt });
const withTtl = object({ ttlMs });
const fields = object({ vector: orNull(vector), text: orNull(text), metadata: orNull(metadata), expiresAt: orNull(expiresAt) });
const columns = object(
  {
    ids: column(['x', 'y'], place('y', wrong.IDS)),
    vectors: orNull(place(new Float32Array(8).fill(1), wrong.MATRICES)),
    texts: column(['x', 'y'], text),
    metadatas: column([{}, {}], metadata),
    expiresAts: column([4e12, 4e12], expiresAt),
  },
  NOT_LISTS,
);
// Without one, and without a text, it is the query that is wrong.
const vectorAlone = { ...vector, wrong: [['undefined', undefined, undefined], ...vector.wrong] };
const weight = place(0.5, wrong.WEIGHTS);
const share = place(0.5, wrong.SHARES);
const fieldPath = place('a.b', wrong.FIELD_PATHS);
const rank = object({
  similarity: weight,
  recency: object({ weight: required(weight), halfLifeMs: required(place(1000, wrong.SPANS)), field: fieldPath, decay: place('linear', wrong.DECAYS) }),
  fields: object({ 'a.b': weight }),
  usage: object({ weight: required(weight), field: required(fieldPath) }),
  now: place(5, wrong.MOMENTS),
});
rank.members.fields.isClosed = false; // Any path is one.
const chosen = { minScore: place(0.5, wrong.NOT_NUMBERS), mmr: object({ lambda: share }), autocut: place(3, [...wrong.COUNTS, ['101', 101, '']]), groupBy: object({ field: required(fieldPath), size: count }, wrong.NOT_OBJECTS.filter(([what]) => what !== 'a string')) };
const query = { k: count, ef: count, exact: boolean, filter, include, explain: boolean, rank, ...chosen };
const byWords = { text, typos: boolean, prefix: boolean, highlight: boolean, fusion: place('rrf', wrong.FUSIONS), alpha: share };
const collectionOptions = {
  dimensions: place(4, wrong.DIMENSIONS),
  metric: place('cosine', wrong.METRICS),
  text: object({ language: place('english', wrong.LANGUAGES), analyzer: place('default', wrong.ANALYZERS) }),
  hnsw: object({ M: place(16, wrong.HNSW_M), efConstruction: place(200, wrong.HNSW_EF), minSize: place(5000, wrong.HNSW_MIN_SIZE) }),
  indexes: place(['a.b'], INDEXES),
};

const put = [{ record: required(record), options: options() }, { record: withTtl, options: options() }];
const putMany = (own) => [
  { records: required(list({}, record)), options: options({ ...own, ...PROGRESS }) },
  { records: list({}, withTtl), options: options() },
  { records: columns, options: options() },
];
// An empty one is no query at all.
const queryMatrix = place(Float32Array.of(...VECTOR), wrong.MATRICES.filter(([, value]) => value?.length !== 0));
const fuse = object({ method: required(place('rrf', wrong.FUSES)), rankConstant: place(60, wrong.RANK_CONSTANTS), weights: place([1], wrong.WEIGHT_LISTS), k: count }, wrong.FUSES);
const searchMany = { options: options({ concurrency: count, fuse }) };

/** Ways to call each method: lists of { parameter: place }, in the order of the parameters. */
const COLLECTION = {
  add: put,
  upsert: put,
  addMany: putMany({}),
  upsertMany: putMany({ onConflict: place('replace', wrong.ON_CONFLICT) }),
  patch: [
    { id, fields: required(fields), options: options({ ifVersion }) },
    { id, fields: withTtl, options: options() },
  ],
  get: [{ id, options: options({ include }) }],
  has: [{ id, options: options() }],
  delete: [{ id, options: options({ ifVersion }) }],
  deleteWhere: [{ filter: required(filter), options: options() }],
  count: [{ filter, options: options() }],
  find: [
    { query: options({ filter, limit: count, cursor: place('row-1', wrong.CURSORS), total: boolean, include }) },
    { query: options({ orderBy: place(['-a.b', '$id'], ORDERS) }) },
  ],
  scan: [{ query: options({ filter, batchSize: count, include }) }],
  search: [
    { query: required(options({ ...query, vector: vectorAlone })) },
    { query: options({ ...byWords, vector: orNull(vector), rank, ...chosen, rerank: place((hits) => hits, wrong.NOT_FUNCTIONS), rerankK: place(60, wrong.COUNTS) }) },
  ],
  searchMany: [
    { queries: required(oneOf(object({ ...query, vector: vectorAlone }))), ...searchMany },
    { queries: list({ vector: VECTOR }, object({ ...byWords, vector: orNull(vector) })), options: options() },
    { queries: object({ ...query, vectors: required(queryMatrix) }, NOT_LISTS), ...searchMany },
  ],
  calibrate: [{ queries: required(oneOf(object({ text: required(text), vector: required(vector), relevant: required(place(['a'], wrong.RELEVANTS)) }))), options: options({ store: boolean }) }],
  indexed: [{ options: options() }],
  stats: [{ options: options() }],
};

// Not a list of places: what stands in it is bytes, and what is wrong with those is an error of its own.
const EXPORTED = Object.freeze(['{"agentmemdb":1}\n{"collection":"c"}\n{"id":"imported"}\n', '{"end":{"collections":1,"records":1}}\n']);
const EPISODES = Object.freeze(['{"dim":4,"episodes":[{"id":"episode","state_embedding":[1,2,3,4]}]}']);
const collections = oneOf(place('c', wrong.NOT_TEXTS));
const importing = {
  onConflict: place('replace', wrong.ON_CONFLICT),
  resumeAfter: place(0, wrong.NOT_COUNTS),
  ...PROGRESS,
};

/** @param c a collection of theirs.   @param target a file that is not there. */
function databaseMethods(c, target) {
  const collection = required(place(c, wrong.NOT_COLLECTIONS));
  const operation = (type, members) => {
    const inner = object({ type: required(place(type, wrong.OPERATION_TYPES)), collection, ...members });
    return { operations: required(oneOf(inner)), options: options() };
  };
  const opening = { name: place('new', wrong.NAMES), options: options(collectionOptions) };
  return {
    collection: [opening],
    createCollection: [opening],
    getCollection: [{ name: place('c', wrong.NAMES), options: options() }],
    listCollections: [{ options: options() }],
    deleteCollection: [{ name: place('c', wrong.NAMES), options: options() }],
    batch: [
      operation('add', { record: required(record) }),
      operation('upsert', { record: withTtl }),
      operation('patch', { id, fields: required(fields), ifVersion }),
      operation('delete', { id, ifVersion }),
    ],
    verify: [{ options: options(PROGRESS) }],
    backup: [{ path: place(target, wrong.PATHS), options: options(PROGRESS) }],
    createSnapshot: [{ name: place('new', wrong.NAMES), options: options(PROGRESS) }],
    listSnapshots: [{ options: options() }],
    restoreSnapshot: [{ name: place('there', wrong.NAMES), options: options(PROGRESS) }],
    deleteSnapshot: [{ name: place('new', wrong.NAMES), options: options() }],
    compact: [{ options: options(PROGRESS) }],
    exportJsonl: [{ options: options({ collections, onDamaged: place('skip', wrong.ON_CONFLICT), ...PROGRESS }) }],
    importJsonl: [{ source: required(place(EXPORTED, wrong.SOURCES)), options: options({ ...importing, collections }) }],
    importAgentMemDB: [{ source: place(EPISODES, wrong.SOURCES), options: options({ ...importing, collection: required(place('c', wrong.NAMES)) }) }],
    stats: [{ options: options() }],
  };
}

const ONLY_ASYNC = ['signal', 'timeoutMs', 'onProgress', 'concurrency', 'rerank', 'rerankK'];
const SNAPSHOTS = ['createSnapshot', 'listSnapshots', 'restoreSnapshot', 'deleteSnapshot'];
const NO_TWIN = ['scan', 'calibrate', 'indexed', 'backup', ...SNAPSHOTS, 'compact', 'exportJsonl', 'importJsonl', 'importAgentMemDB'];
const ITERATED = ['scan', 'exportJsonl'];
const COLLECTION_WRITES = ['add', 'upsert', 'addMany', 'upsertMany', 'patch', 'delete', 'deleteWhere', 'calibrate'];
const WRITES = [
  ...COLLECTION_WRITES, 'collection', 'createCollection', 'deleteCollection', 'batch', 'createSnapshot', 'restoreSnapshot', 'deleteSnapshot', 'compact',
  'importJsonl', 'importAgentMemDB',
];

/** The same call of the sync twin: no signals and deadlines, and no options when there are none left. */
function twinOf(call) {
  const places = Object.entries(call).map(([parameter, given]) => [parameter, withoutControl(given)]);
  return Object.fromEntries(places.filter(([parameter, given]) => parameter !== 'options' || Object.keys(given.members).length > 0));
}

function withoutControl(given) {
  if (!given.isClosed) return given;
  const members = Object.entries(given.members).filter(([key]) => !ONLY_ASYNC.includes(key));
  const left = object(Object.fromEntries(members), given.wrong);
  return { ...left, strangers: Object.keys(given.members).filter((key) => ONLY_ASYNC.includes(key)) };
}

/**
 * Every method in both forms: { type: 'Database' | 'Collection', name, isAsync, isIterated, writes, needsFile, calls }. What an iterated
 * one returns must be gone through.
 * Pass the collection and the file that database methods are to be called with.
 */
function surface(c, target) {
  const ofType = (type, methods) =>
    Object.entries(methods).flatMap(([name, calls]) => {
      const writes = WRITES.includes(name);
      const twin = { type, name: `${name}Sync`, isAsync: false, writes, calls: calls.map(twinOf) };
      const kind = { isIterated: ITERATED.includes(name), writes, needsFile: SNAPSHOTS.includes(name) };
      return [{ type, name, isAsync: true, ...kind, calls }, ...(NO_TWIN.includes(name) ? [] : [twin])];
    });
  return [...ofType('Collection', COLLECTION), ...ofType('Database', databaseMethods(c, target))];
}

/** @param own what is to stand in the last object, options or query, instead of what is right there. */
function rightArguments(call, own = {}) {
  const right = Object.values(call).map((given) => given.right);
  return Object.keys(own).length === 0 ? right : right.with(-1, { ...right.at(-1), ...own });
}

/** A deep copy in which `value` stands at `path`; what is not a plain object or array is shared. */
function replacedAt(right, [key, ...rest], value) {
  if (key === undefined) return value;
  const copy = Array.isArray(right) ? [...right] : { ...right };
  copy[key] = replacedAt(right?.[key], rest, value);
  return copy;
}

/** Every wrong way to make a call: { what, args, argument: the path that the refusal has to name, undefined when it may vary }. */
function* wrongCalls(call) {
  for (const [i, [parameter, given]] of Object.entries(call).entries()) {
    for (const { what, path, value, inside } of wrongAt(given, [])) {
      const right = rightArguments(call);
      const argument = [parameter, ...path].map((key, depth) => (depth === 0 ? key : /^\d+$/.test(key) ? `[${key}]` : `.${key}`)).join('');
      yield { what: `${argument} ${what}`, args: right.with(i, replacedAt(right[i], path, value)), argument: inside === undefined ? undefined : argument + inside };
    }
  }
}

function* wrongAt(given, path) {
  for (const [what, value, inside] of given.wrong) yield { what, path, value, inside };
  if (given.isClosed) {
    for (const key of ['unknown', '', ...(given.strangers ?? [])]) yield { what: 'is no option', path: [...path, key], value: 1, inside: '' };
  }
  for (const [key, member] of Object.entries(given.members ?? {})) yield* wrongAt(member, [...path, key]);
}

module.exports = { surface, rightArguments, wrongCalls };
