'use strict';

// What callers get wrong in searches, in the manner of wrong-values.js.

const { ALIENS, NOT_STRINGS } = require('./wrong-values');

// Numbers between two.
const NOT_NUMBERS = [...ALIENS, ['null', null, ''], ['NaN', NaN, ''], ['Infinity', Infinity, ''], ["'0.5'", '0.5', ''], ['an object', {}, ''], ['a list', [0.5], '']];
const numbers = (...outside) => [...NOT_NUMBERS, ...outside.map((value) => [String(value), value, ''])];
const SHARES = numbers(-0.01, 1.01, -Infinity);
const WEIGHTS = numbers(-1000.5, 1001);
const SPANS = numbers(0, -1, 2 ** 60);
const MOMENTS = numbers(0.5, 2 ** 60);
const words = (...others) => [...NOT_STRINGS, ['an empty string', '', ''], ...others.map((value) => [value, value, ''])];
const FUSIONS = words('sum', 'RRF', 'weighted ');
const DECAYS = words('exp', 'Linear');
const LANGUAGES = words('klingon', 'English', 'en ');
const ANALYZERS = words('standard', 'Default');
const FIELD_PATHS = words('a..b', '$nothing', Array(33).fill('a').join('.'));
const RANK_CONSTANTS = numbers(-1, 1e7);
const WEIGHT_LISTS = [['null', null, ''], ['a number', 1, ''], ['none', [], ''], ['too many', [1, 2], ''], ['a string inside', ['1'], '[0]'], ['NaN inside', [NaN], '[0]'], ['-1 inside', [-1], '[0]']];
const RELEVANTS = [['null', null, ''], ['a string', 'a', ''], ['a number', 1, ''], ['a Set', new Set(['a']), ''], ['a Map', new Map([['a', 1]]), ''], ['no ids', [], ''], ['a number among ids', [1], ''], ['a string for a grade', { a: '1' }, '']];
const FUSES = [['null', null, ''], ['a number', 1, ''], ['another rule', 'sum', ''], ['a list', ['rrf'], ''], ['a function', () => {}, '']];

module.exports = {
  NOT_NUMBERS, SHARES, WEIGHTS, SPANS, MOMENTS, FUSIONS, DECAYS, LANGUAGES, ANALYZERS, FIELD_PATHS, FUSES, WEIGHT_LISTS, RANK_CONSTANTS, RELEVANTS,
};
