'use strict';

// What callers get wrong, by what the place wants: [what it is, the value, where inside the refusal points ('' = the place)].

const vm = require('node:vm');

function detached() {
  const vector = new Float32Array(4).fill(1);
  structuredClone(vector, { transfer: [vector.buffer] });
  return vector;
}

function holes(array, at) {
  delete array[at];
  return array;
}

function cycle() {
  const object = { a: { list: [1] } };
  object.a.list.push(object.a);
  return object;
}

function nested(levels) {
  let object = {};
  for (let i = 1; i < levels; i++) object = { a: object };
  return object;
}

// Small in memory, and 2^40 values when written out.
function shared(levels) {
  let object = {};
  for (let i = 1; i < levels; i++) object = { l: object, r: object };
  return object;
}

class Custom {
  value = 1;
}

// Wrong wherever a string, a number, a list or an object of ours is wanted.
const ALIENS = [
  ['a symbol', Symbol('s'), ''],
  ['a bigint', 5n, ''],
  ['a function', () => 5, ''],
  ['a boolean', true, ''],
];

const NOT_STRINGS = [
  ...ALIENS,
  ['null', null, ''],
  ['a number', 5, ''],
  ['NaN', NaN, ''],
  ['an object', {}, ''],
  ['an array', ['a'], ''],
  ['a String object', Object('a'), ''],
  ['an object that turns into a string', { toString: () => 'a' }, ''],
  ['a Buffer', Buffer.from('a'), ''],
];

const ILL_FORMED = [
  ['half a surrogate pair', '\ud800', ''],
  ['the other half inside a string', 'a\udc00b', ''],
];

const IDS = [
  ...NOT_STRINGS,
  ...ILL_FORMED,
  ['an empty string', '', ''],
  ['513 bytes', 'x'.repeat(513), ''],
  ['513 bytes of UTF-8 in 257 characters', `x${'é'.repeat(256)}`, ''],
  ['a string with NUL', 'a\0b', ''],
];

const NAMES = [
  ...NOT_STRINGS,
  ...ILL_FORMED,
  ['undefined', undefined, ''],
  ['an empty string', '', ''],
  ['a dot', '.', ''],
  ['two dots', '..', ''],
  ['a path', '../other', ''],
  ['a separator', 'a/b', ''],
  ['a space', 'a b', ''],
  ['129 bytes', 'x'.repeat(129), ''],
  ['300 bytes', 'x'.repeat(300), ''],
  ['a string with NUL', 'a\0', ''],
];

const NOT_OBJECTS = [
  ...ALIENS,
  ['null', null, ''],
  ['a number', 5, ''],
  ['a string', 'text', ''],
  ['an array', [], ''],
  ['a Promise somebody forgot to await', Promise.resolve({}), ''],
  ['a Map', new Map([['a', 1]]), ''],
  ['a RegExp', /a/, ''],
  ['a typed array', new Float32Array(0), ''],
];

// For a collection of 4 dimensions with the cosine metric.
const VECTORS = [
  ...ALIENS,
  ['null', null, ''],
  ['a number', 5, ''],
  ['a string', '1,2,3,4', ''],
  ['an object', { 0: 1, 1: 2, 2: 3, 3: 4, length: 4 }, ''],
  ['a Set', new Set([1, 2, 3, 4]), ''],
  ['a Float64Array', Float64Array.of(1, 2, 3, 4), ''],
  ['a Uint8Array', Uint8Array.of(1, 2, 3, 4), ''],
  ['a Buffer', Buffer.alloc(16, 1), ''],
  ['an ArrayBuffer', new ArrayBuffer(16), ''],
  ['a DataView', new DataView(new ArrayBuffer(16)), ''],
  ['a Float32Array on shared memory', new Float32Array(new SharedArrayBuffer(16)).fill(1), ''],
  ['a detached Float32Array', detached(), ''],
  ['no numbers', [], ''],
  ['an empty Float32Array', new Float32Array(0), ''],
  ['too few numbers', [1, 2, 3], ''],
  ['too many numbers', Float32Array.of(1, 2, 3, 4, 5), ''],
  ['a billion holes', new Array(1e9), ''],
  ['NaN inside', [1, NaN, 3, 4], '[1]'],
  ['NaN inside a Float32Array', Float32Array.of(1, 2, NaN, 4), '[2]'],
  ['Infinity inside', [1, 2, 3, Infinity], '[3]'],
  ['-Infinity inside', Float32Array.of(-Infinity, 2, 3, 4), '[0]'],
  ['a number beyond float32', [1, 1e39, 3, 4], '[1]'],
  ['1e30', [1e30, 0, 0, 0], ''],
  ['a norm a little above 1e18', [0, 1.001e18, 0, 0], ''],
  ['only zeros', [0, 0, 0, 0], ''],
  ['a denormal length', [1e-40, 0, 0, 0], ''],
  ['a norm a little below 1e-18', Float32Array.of(0, 0, 0.999e-18, 0), ''],
  ['a string inside', [1, '2', 3, 4], '[1]'],
  ['null inside', [1, 2, null, 4], '[2]'],
  ['undefined inside', [undefined, 2, 3, 4], '[0]'],
  ['a hole', holes([1, 2, 3, 4], 2), '[2]'],
  ['a bigint inside', [1, 2, 3, 4n], '[3]'],
  ['a boxed number inside', [Object(1), 2, 3, 4], '[0]'],
  ['an array inside', [1, [2], 3, 4], '[1]'],
];

const NOT_METADATA = [
  ...NOT_OBJECTS,
  ['a Set', new Set(), ''],
  ['a Date', new Date(), ''],
  ['an object of a class', new Custom(), ''],
  ['an object with a prototype of its own', Object.create({ a: 1 }), ''],
  ['an Error', new Error('a'), ''],
  ['a Uint8Array', new Uint8Array(2), ''],
  ['a Map of another realm', vm.runInNewContext('new Map()'), ''],
  ['a bigint inside', { a: 1n }, '.a'],
  ['a function inside', { a: { f() {} } }, '.a.f'],
  ['a symbol inside', { a: Symbol('s') }, '.a'],
  ['a symbol as key', { a: { [Symbol('s')]: 1 } }, '.a'],
  ['NaN inside', { a: [0, NaN] }, '.a[1]'],
  ['Infinity inside', { a: -Infinity }, '.a'],
  ['an integer above 2^53', { a: 2 ** 53 + 2 }, '.a'],
  ['an integer below -2^53', { a: { b: -(2 ** 53) - 2 } }, '.a.b'],
  ['1e300, an integer too', { a: 1e300 }, '.a'],
  ['a Map inside', { a: new Map() }, '.a'],
  ['a typed array inside', { a: new Float32Array(1) }, '.a'],
  ['an object of a class inside', { a: [new Custom()] }, '.a[0]'],
  ['a boxed number inside', { a: Object(1) }, '.a'],
  ['undefined in an array', { a: [1, undefined] }, '.a[1]'],
  ['an array with a hole', { a: holes([1, 2, 3], 1) }, '.a[1]'],
  ['a date that is none', { a: new Date(NaN) }, '.a'],
  ['itself', cycle(), '.a.list[1]'],
  ['33 levels', nested(33), '.a'.repeat(32)],
  ['10,000 levels', nested(10_000), '.a'.repeat(32)],
  ['half a surrogate pair inside', { a: 'x\ud800' }, '.a'],
  ['half a surrogate pair in a key', { a: { '\udc00': 1 } }, '.a'],
  ['2 MB', { a: 'x'.repeat(2e6) }, ''],
  ['more than 1 MiB of UTF-8 in fewer characters', { a: 'é'.repeat(600_000) }, ''],
  ['more than 1 MiB by its keys', Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`${'k'.repeat(50)}${i}`, i])), ''],
  ['more than 1 MiB by what it shares', { a: Array(1000).fill('x'.repeat(1e6)) }, ''],
  ['a trillion values by what it shares', shared(31), ''],
];

// For k and ef.
const COUNTS = [
  ...ALIENS,
  ['null', null, ''],
  ['0', 0, ''],
  ['-1', -1, ''],
  ['1e9', 1e9, ''],
  ['1e20', 1e20, ''],
  ['NaN', NaN, ''],
  ['Infinity', Infinity, ''],
  ['1.5', 1.5, ''],
  ["'5'", '5', ''],
  ['10,001', 10_001, ''],
  ['an array', [5], ''],
  ['an object', {}, ''],
  ['a Number object', Object(5), ''],
];

const NOT_BOOLEANS = [['null', null, ''], ['1', 1, ''], ['0', 0, ''], ["'true'", 'true', ''], ['an object', {}, ''], ['a symbol', Symbol('s'), '']];

const INCLUDES = [
  ...ALIENS,
  ['null', null, ''],
  ['a string', 'text', ''],
  ['an object', { text: true }, ''],
  ['a Set', new Set(['text']), ''],
  ['an unknown field', ['text', 'vectors'], ''],
  ['a number inside', [5], ''],
  ['null inside', [null], ''],
  ['a hole', holes(['text', 'metadata'], 0), ''],
  ['an empty string', [''], ''],
  ['a million entries', Array(1e6).fill('text'), ''],
];

const SIGNALS = [
  ...ALIENS,
  ['null', null, ''],
  ['a string', 'abort', ''],
  ['an object', {}, ''],
  ['a controller', new AbortController(), ''],
  ['an EventTarget', new EventTarget(), ''],
  ['half a signal', { aborted: false }, ''],
];

const TIMEOUTS = [
  ...ALIENS,
  ['null', null, ''],
  ['0', 0, ''],
  ['-1', -1, ''],
  ['1.5', 1.5, ''],
  ['NaN', NaN, ''],
  ['Infinity', Infinity, ''],
  ['2^31', 2 ** 31, ''],
  ["'5'", '5', ''],
  ['an object', {}, ''],
];

const NOT_FUNCTIONS = [['null', null, ''], ['true', true, ''], ['a string', 'log', ''], ['an object', {}, ''], ['a symbol', Symbol('s'), '']];

// For expiresAt.
const TIMES = [
  ...ALIENS,
  ['null', null, ''],
  ['a string', 'tomorrow', ''],
  ['an ISO string', '2026-01-01T00:00:00.000Z', ''],
  ['1.5', 1.5, ''],
  ['-1', -1, ''],
  ['NaN', NaN, ''],
  ['Infinity', Infinity, ''],
  ['2^53', 2 ** 53, ''],
  ['a date that is none', new Date(NaN), ''],
  ['a date before the epoch', new Date(-1), ''],
  ['an object', {}, ''],
];

// For ttlMs.
const DURATIONS = [
  ...ALIENS,
  ['null', null, ''],
  ['0', 0, ''],
  ['-1', -1, ''],
  ['1.5', 1.5, ''],
  ['NaN', NaN, ''],
  ['Infinity', Infinity, ''],
  ['2^53', 2 ** 53, ''],
  ["'5'", '5', ''],
  ['a Date', new Date(5), ''],
];

// For ifVersion.
const VERSIONS = [...ALIENS, ['null', null, ''], ['1.5', 1.5, ''], ['NaN', NaN, ''], ['2^54', 2 ** 54, ''], ["'5'", '5', ''], ['an object', {}, '']];

const CURSORS = [
  ...ALIENS,
  ['null', null, ''],
  ['a number', 5, ''],
  ['an empty string', '', ''],
  ['text', 'next', ''],
  ['another form', 'row-', ''],
  ['a negative row', 'row--1', ''],
  ['more digits than a row has', `row-${'9'.repeat(20)}`, ''],
  ['a cursor with more behind it', 'row-1 ', ''],
];

const ON_CONFLICT = [...ALIENS, ['null', null, ''], ['a number', 1, ''], ['another word', 'merge', ''], ['other case', 'Replace', ''], ['an empty string', '', '']];

const NOT_INTEGERS = [null, NaN, Infinity, -1, 1.5, '3', true, [3], {}, 3n, Symbol('s'), 2 ** 32, 1e300].map((value) => [shown(value), value, '']);
const integers = (...outside) => [...NOT_INTEGERS, ...outside.map((value) => [String(value), value, ''])];
const DIMENSIONS = integers(0, 8193);
const HNSW_M = integers(3, 65);
const HNSW_EF = integers(7, 4097);
const HNSW_MIN_SIZE = integers(2 ** 31);
const METRICS = [null, 5, '', 'L2', 'euclidean', 'cosine ', ['l2'], {}, Symbol('s')].map((value) => [shown(value), value, '']);

// For matrices.
const MATRICES = [
  ...VECTORS.filter(([, value]) => !(value instanceof Float32Array)).map(([what, value]) => [what, value, '']),
  ['an empty Float32Array', new Float32Array(0), ''],
  ['another shape', new Float32Array(5).fill(1), ''],
];

const OPERATION_TYPES = [...NOT_STRINGS.filter(([, value]) => value !== null), ['an unknown one', 'drop', ''], ['a name that objects have', 'constructor', '']];

const NOT_COLLECTIONS = [
  ...NOT_OBJECTS,
  ['an object', {}, ''],
  ['its name', 'c', ''],
  ['an object with its methods', { name: 'c', dimensions: 4, add() {} }, ''],
];

// Where a list of names has one.
const NOT_TEXTS = [...NOT_STRINGS, ...ILL_FORMED];

// Where whole numbers from 0 on are wanted.
const NOT_COUNTS = [...ALIENS, ['null', null, ''], ['-1', -1, ''], ['1.5', 1.5, ''], ['NaN', NaN, ''], ['2^53', 2 ** 53, ''], ["'5'", '5', ''], ['an object', {}, '']];

// For imports: no iterables, and those that give something else.
const SOURCES = [
  ...ALIENS,
  ['null', null, ''],
  ['a number', 5, ''],
  ['a string', '{"agentmemdb":1}', ''],
  ['a Buffer', Buffer.from('{}'), ''],
  ['an object', {}, ''],
  ['an object that says it is iterable', { [Symbol.iterator]: 5 }, ''],
  ['numbers', [1, 2], ''],
  ['null inside', [null], ''],
  ['other numbers inside', [new Float32Array(4)], ''],
  ['half a surrogate pair inside', ['{"agentmemdb":1}\ud800'], ''],
  ['a Map', new Map([['a', 1]]), ''],
];

const PATHS = [['undefined', undefined, ''], ...NOT_STRINGS, ...ILL_FORMED, ['an empty string', '', ''], ['a string with NUL', 'a\0b', '']];

const many = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const around = (levels, inner) => many(levels, (i) => i).reduce((filter) => ({ $and: [filter] }), inner);

const FILTERS = [
  ...NOT_OBJECTS,
  ['a text that ends early', 'a = 1 AND', ''],
  ['a text with half a surrogate pair', "a = '\ud800'", ''],
  ['a text of 2 MB', `a = '${'x'.repeat(2e6)}'`, ''],
  ['no list for $all', { a: { $all: 5 } }, '.a.$all'],
  ['no object for $elemMatch', { a: { $elemMatch: [1] } }, '.a.$elemMatch'],
  ['an unknown operator in $elemMatch', { a: { $elemMatch: { b: { $foo: 1 } } } }, '.a.$elemMatch.b.$foo'],
  ['a number for $startsWith', { a: { $startsWith: 5 } }, '.a.$startsWith'],
  ['a broken $regex', { a: { $regex: '(' } }, '.a.$regex'],
  ['a RegExp for $regex', { a: { $regex: /a/ } }, '.a.$regex'],
  ['a back-reference', { a: { $regex: '(a)\\1' } }, '.a.$regex'],
  ['unknown $options', { a: { $regex: 'a', $options: 'g' } }, '.a.$options'],
  ['an unknown operator', { a: { $foo: 1 } }, '.a.$foo'],
  ['an unknown operator at the top', { $xor: [] }, '.$xor'],
  ['an operator deep inside', { $or: [{ a: 1 }, { b: { $gtt: 2 } }] }, '.$or[1].b.$gtt'],
  ['an operator inside a value', { a: { b: { $gt: 1 } } }, '.a.b.$gt'],
  ['no list', { $and: 'x' }, '.$and'],
  ['an empty list', { $or: [] }, '.$or'],
  ['a list for $not', { $not: [] }, '.$not'],
  ['a value for $not', { a: { $not: 5 } }, '.a.$not'],
  ['no list for $in', { a: { $in: 5 } }, '.a.$in'],
  ['a number for $exists', { a: { $exists: 1 } }, '.a.$exists'],
  ['an empty path', { '': 1 }, '.'],
  ['an empty segment', { 'a..b': 1 }, '.a..b'],
  ['a path of 33 segments', { [many(33, () => 'a').join('.')]: 1 }, `.${many(33, () => 'a').join('.')}`],
  ['undefined inside', { a: undefined }, '.a'],
  ['NaN inside', { a: { $gt: NaN } }, '.a.$gt'],
  ['Infinity inside', { a: { $in: [1, Infinity] } }, '.a.$in[1]'],
  ['a bigint inside', { a: 5n }, '.a'],
  ['a function inside', { $and: [{ a: () => 5 }] }, '.$and[0].a'],
  ['a symbol inside', { a: Symbol('s') }, '.a'],
  ['a Map inside', { a: new Map() }, '.a'],
  ['a RegExp inside', { a: /a/ }, '.a'],
  ['a date that is none', { a: new Date(NaN) }, '.a'],
  ['half a surrogate pair', { a: 'x\ud800' }, '.a'],
  ['a number for $id', { $id: 5 }, '.$id'],
  ['a string for $version', { $version: { $gt: '5' } }, '.$version.$gt'],
  ['a string for $createdAt', { $createdAt: '2026-01-01' }, '.$createdAt'],
  ['33 levels', around(33, { a: 1 }), '.$and[0]'.repeat(32) + '.$and'],
  ['10,000 levels', around(10_000, { a: 1 }), undefined],
  ['itself', itself(), undefined],
  ['1,001 clauses', { $or: many(1001, (i) => ({ a: i })) }, '.$or[1000].a'],
  ['100,000 clauses', { $or: many(100_000, (i) => ({ a: i })) }, undefined],
  ['2 MB', { a: 'x'.repeat(2e6) }, ''],
  ['a trillion values by what it shares', { a: shared(31) }, undefined],
];

function itself() {
  const filter = { $and: [] };
  filter.$and.push(filter);
  return filter;
}

function shown(value) {
  return typeof value === 'string' ? JSON.stringify(value) : String(Array.isArray(value) ? `[${value}]` : value);
}

module.exports = {
  ALIENS, IDS, NAMES, NOT_STRINGS, NOT_OBJECTS, VECTORS, MATRICES, NOT_METADATA, COUNTS, NOT_BOOLEANS, INCLUDES, SIGNALS, TIMEOUTS, NOT_FUNCTIONS, TIMES,
  DURATIONS, VERSIONS, CURSORS, ON_CONFLICT, DIMENSIONS, HNSW_M, HNSW_EF, HNSW_MIN_SIZE, METRICS, OPERATION_TYPES, NOT_COLLECTIONS, PATHS, FILTERS,
  NOT_TEXTS, NOT_COUNTS, SOURCES,
  nested,
};
