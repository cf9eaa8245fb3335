'use strict';

// Filters written down a second time, without regard to speed: what MongoDB's rules say of one record in plain JavaScript,
// and random filters to compare with.

const { integer, pick } = require('./database');

const SYSTEM = { $id: 'id', $version: 'version', $expiresAt: 'expiresAt' };

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

// The types in the order in which values of different types sort.
function typeOf(value) {
  if (value === null) return 0;
  if (Array.isArray(value)) return 4;
  return { number: 1, string: 2, object: 3, boolean: 5 }[typeof value];
}

/** Negative, 0 or positive. */
function compare(a, b) {
  const type = typeOf(a);
  if (type !== typeOf(b)) return type - typeOf(b);
  if (type === 2) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (type === 4) return compareLists(a, b, compare);
  if (type === 3) return compareLists(Object.entries(a), Object.entries(b), compareMembers);
  return a < b ? -1 : Number(a > b);
}

function compareLists(a, b, compareEach) {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareEach(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareMembers([nameA, a], [nameB, b]) {
  return typeOf(a) - typeOf(b) || compare(nameA, nameB) || compare(a, b);
}

/** What a path reaches: { value }, with value undefined where the field is missing; the elements of an array at its end come first. */
function* reached(value, [name, ...rest]) {
  if (name === undefined) {
    if (Array.isArray(value)) yield* value.map((element) => ({ value: element, ofArray: true }));
    yield { value };
  } else if (Array.isArray(value)) {
    for (const [i, element] of value.entries()) {
      if (isObject(element)) yield* reached(element, [name, ...rest]);
      if (name !== String(i)) continue;
      if (rest.length === 0) yield { value: element };
      else if (typeof element === 'object' && element !== null) yield* reached(element, rest);
    }
  } else {
    yield* reachedMember(isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined, rest);
  }
}

function* reachedMember(value, rest) {
  if (value === undefined) yield { value };
  else yield* reached(value, rest);
}

const TESTS = {
  $eq: (value, operand) => compare(value ?? null, operand) === 0,
  $gt: (value, operand) => sameType(value, operand) && compare(value ?? null, operand) > 0,
  $gte: (value, operand) => sameType(value, operand) && compare(value ?? null, operand) >= 0,
  $lt: (value, operand) => sameType(value, operand) && compare(value ?? null, operand) < 0,
  $lte: (value, operand) => sameType(value, operand) && compare(value ?? null, operand) <= 0,
  $in: (value, operands) => operands.some((operand) => TESTS.$eq(value, operand)),
  $startsWith: (value, operand) => typeof value === 'string' && value.startsWith(operand),
  $regex: (value, { source, flags }) => typeof value === 'string' && new RegExp(source, flags).test(value),
};
// Of what a path leads to as a whole.
const WHOLE_TESTS = {
  $contains: (value, operand) => {
    if (Array.isArray(value)) return value.some((element) => compare(element, operand) === 0);
    return typeof value === 'string' && typeof operand === 'string' && value.includes(operand);
  },
  $elemMatch: (value, wanted) => Array.isArray(value) && value.some((element) => (isOfValues(wanted) ? meets([{ value: element }], wanted) : isLikeObject(element, wanted))),
};
const isOfValues = (wanted) => Object.keys(wanted)[0]?.startsWith('$') && !['$and', '$or', '$nor'].includes(Object.keys(wanted)[0]);
const isLikeObject = (element, wanted) => typeof element === 'object' && element !== null && matches(wanted, { metadata: { ...element } });
const sameType = (value, operand) => typeOf(value ?? null) === typeOf(operand);

function passes(values, operator, operand) {
  if (operator === '$ne') return !passes(values, '$eq', operand);
  if (operator === '$nin') return !passes(values, '$in', operand);
  if (operator === '$not') return !meets(values, operand);
  if (operator === '$exists') return operand === values.some(({ value }) => value !== undefined);
  if (operator === '$all') return operand.length > 0 && operand.every((each) => (isObject(each) && each.$elemMatch ? meets(values, each) : passes(values, '$eq', each)));
  if (operator in WHOLE_TESTS) return values.some(({ value, ofArray }) => !ofArray && WHOLE_TESTS[operator](value, operand));
  return values.some(({ value }) => TESTS[operator](value, operand));
}

function meets(values, condition) {
  const hasOperators = isObject(condition) && Object.keys(condition).some((key) => key.startsWith('$'));
  if (!hasOperators) return passes(values, '$eq', condition);
  const { $options: flags, ...operators } = condition;
  return Object.entries(operators).every(([operator, operand]) => passes(values, operator, operator === '$regex' ? { source: operand, flags: `u${flags ?? ''}` } : operand));
}

/** @param record { id, version, expiresAt, metadata }, absent fields undefined. */
function matches(filter, record) {
  const each = (inner) => matches(inner, record);
  return Object.entries(filter).every(([key, value]) => {
    if (key === '$and') return value.every(each);
    if (key === '$or') return value.some(each);
    if (key === '$nor') return !value.some(each);
    if (key === '$not') return !each(value);
    const values = key in SYSTEM ? [{ value: record[SYSTEM[key]] }] : [...reached(record.metadata ?? {}, key.split('.'))];
    return meets(values, value);
  });
}

/** What a record is sorted by: undefined for an empty array, which comes first. */
function sortKey(record, path, descending) {
  const values = path in SYSTEM ? [{ value: record[SYSTEM[path]] }] : [...reached(record.metadata ?? {}, path.split('.'))];
  const keys = values.filter(({ ofArray }) => !ofArray).flatMap(({ value }) => (Array.isArray(value) && value.length > 0 ? value : [value ?? null]));
  keys.sort((a, b) => (descending ? -1 : 1) * compareKeys(a, b));
  return keys.length === 0 ? null : keys[0];
}

const isEmptyArray = (key) => Array.isArray(key) && key.length === 0;

function compareKeys(a, b) {
  if (isEmptyArray(a) || isEmptyArray(b)) return Number(isEmptyArray(b)) - Number(isEmptyArray(a));
  return compare(a, b);
}

/** Records, given in row order, in the order of [[path, descending], ...]. */
function sorted(records, order) {
  const keyed = records.map((record) => ({ record, keys: order.map(([path, descending]) => sortKey(record, path, descending)) }));
  const compareAll = (a, b) => {
    for (const [i, [, descending]] of order.entries()) {
      const by = compareKeys(a.keys[i], b.keys[i]);
      if (by !== 0) return descending ? -by : by;
    }
    return 0;
  };
  return keyed.sort(compareAll).map(({ record }) => record);
}

const TOPICS = ['food', 'travel', 'Ärger', '😀', ''];

/** Metadata with few values, so that filters match now this and now that. */
function randomMetadata(random) {
  const metadata = {};
  if (random() < 0.8) metadata.n = integer(random, 12);
  if (random() < 0.6) metadata.topic = pick(random, [...TOPICS, null]);
  if (random() < 0.5) metadata.tags = Array.from({ length: integer(random, 4) }, () => pick(random, ['a', 'b', 'c', 2]));
  if (random() < 0.4) metadata.at = { deep: integer(random, 4), list: [{ x: integer(random, 3) }, { y: 1 }, [{ x: 5 }]] };
  if (random() < 0.3) metadata.flag = random() < 0.5;
  return metadata;
}

const FIELDS = {
  n: (random) => integer(random, 12),
  topic: (random) => pick(random, [...TOPICS, null]),
  tags: (random) => pick(random, ['a', 'b', 2, ['a', 'b'], []]),
  'tags.0': (random) => pick(random, ['a', 'b', 2]),
  'at.deep': (random) => integer(random, 4),
  'at.list.x': (random) => pick(random, [0, 1, 2, 5, null]),
  'at.list.0.x': (random) => integer(random, 3),
  'at.list.2.0.x': () => 5,
  'at.list': (random) => pick(random, [{ y: 1 }, { x: 1 }]),
  flag: (random) => random() < 0.5,
  nowhere: (random) => pick(random, [null, 1]),
  'n.more': (random) => pick(random, [null, 1]),
};

function randomCondition(random, value) {
  const one = () => value(random);
  const operator = pick(random, OPERATORS);
  if (operator === '') return one();
  if (operator === '$all') return { $all: random() < 0.2 ? [{ $elemMatch: { $gte: one() } }] : Array.from({ length: integer(random, 3) }, one) };
  if (operator === '$elemMatch') return { $elemMatch: randomWanted(random, one) };
  if (operator === '$startsWith') return { $startsWith: pick(random, ['', 'f', 'a', 'Ä', '😀', 'food']) };
  if (operator === '$regex') return pick(random, [{ $regex: '^[a-f]' }, { $regex: 'O', $options: 'i' }, { $regex: '^.?$' }, { $regex: 'a|😀' }]);
  if (operator === 'range') return random() < 0.5 ? { $gte: one(), $lt: one() } : { $gte: one(), $lte: one() };
  if (operator === '$exists') return { $exists: random() < 0.5 };
  if (operator === '$in' || operator === '$nin') return { [operator]: Array.from({ length: integer(random, 4) }, one) };
  if (operator === '$not') return { $not: { [pick(random, ['$eq', '$gt', '$lte'])]: one() } };
  return { [operator]: one() };
}

const OPERATORS = `  $eq $ne $gt $gte $lt $lte $in $nin $exists $not range $all $elemMatch $contains $startsWith $regex`.split(' ').slice(1);

// What an $elemMatch asks of an element.
function randomWanted(random, one) {
  return pick(random, [
    () => ({ $gte: one(), $ne: one() }),
    () => ({ $in: [one(), one()] }),
    () => ({ $not: { $lt: one() } }),
    () => ({ $elemMatch: { x: 5 } }),
    () => ({ x: one() }),
    () => ({ x: { $gte: 1 }, y: null }),
    () => ({ $or: [{ y: 1 }, { x: one() }] }),
    () => ({ 0: { x: 5 } }),
    () => ({}),
  ])();
}

/** @param version the newest there is, for conditions on $version; undefined: none of those. */
function randomFilter(random, version, depth = 0) {
  if (depth < 2 && random() < 0.25) {
    const inner = () => randomFilter(random, version, depth + 1);
    const operator = pick(random, ['$and', '$or', '$nor', '$not']);
    return { [operator]: operator === '$not' ? inner() : Array.from({ length: 1 + integer(random, 3) }, inner) };
  }
  if (version !== undefined && random() < 0.1) return { $version: { [pick(random, ['$lt', '$gte'])]: version - integer(random, 200) } };
  if (random() < 0.1) return { $expiresAt: { $exists: random() < 0.5 } };
  if (random() < 0.1) return { $id: { [pick(random, ['$lt', '$gte'])]: `id ${integer(random, 200)}` } };
  const filter = {};
  for (let i = random() < 0.3 ? 2 : 1; i > 0; i--) {
    const field = pick(random, Object.keys(FIELDS));
    filter[field] = randomCondition(random, FIELDS[field]);
  }
  return filter;
}

module.exports = { matches, randomFilter, randomMetadata, sorted };
