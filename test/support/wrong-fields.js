'use strict';

// Wrong values for orders of pages and declared indexes: [what it is, the value, where inside it the refusal points].

const { ALIENS } = require('./wrong-values');

const ORDERS = [
  ...ALIENS,
  ['null', null, ''],
  ['a number', 5, ''],
  ['an empty string', '', ''],
  ['a sign alone', '-', ''],
  ['an empty segment', 'a..b', ''],
  ['an unknown field of records', '-$ids', ''],
  ['no fields', [], ''],
  ['nine fields', Array.from('abcdefghi'), ''],
  ['a field twice', ['a', '-a'], ''],
  ['a number inside', ['a', 5], '[1]'],
  ['another direction', { a: 'down' }, '.a'],
  ['a number as direction', { a: -1 }, '.a'],
  ['an object without fields', {}, ''],
];

const INDEXES = [
  ...ALIENS,
  ['null', null, ''],
  ['a string', 'a', ''],
  ['an object', { a: 1 }, ''],
  ['a number inside', ['a', 5], ''],
  ['null inside', [null], ''],
  ['an empty path', ['a', ''], '[1]'],
  ['an unknown field of records', ['$ids'], '[0]'],
  ['33 paths', Array.from({ length: 33 }, (_, i) => `p${i}`), ''],
  ['a million paths', Array(1e6).fill('a'), ''],
];

module.exports = { ORDERS, INDEXES };
