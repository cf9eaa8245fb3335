'use strict';

// Filters on their way in: data, as JSON text; the string form is a JSON string. The addon parses both grammars; here is only what
// JSON cannot carry.

const { types } = require('node:util');
const { isObject } = require('./call');
const { invalidArgument } = require('./errors');
const { describe, JsonCheck } = require('./values');

const DEPTH_MAX = 100;
const CLAUSES_MAX = 1000;
const CLAUSE_DEPTH_MAX = 32;
const LISTS = ['$and', '$or', '$nor'];
const TIME_FIELDS = ['$createdAt', '$updatedAt', '$expiresAt'];

/** JSON text of a filter; undefined when there is none. */
function toFilter(method, argument, filter) {
  if (filter === undefined) return undefined;
  if (typeof filter !== 'string' && !isObject(filter)) {
    throw invalidArgument(method, argument, `must be an object or a string, got ${describe(filter)}`);
  }
  new ClauseCheck(method).check(argument, filter);
  const check = new JsonCheck(method, argument, { depthMax: DEPTH_MAX, keepsUndefined: true });
  check.check(filter);
  return JSON.stringify(check.hasDates ? withTimes(filter, false) : filter);
}

// Counts as the addon will: a hundred thousand clauses are not even written out.
class ClauseCheck {
  #method;
  #left = CLAUSES_MAX;

  constructor(method) {
    this.#method = method;
  }

  check(argument, filter, depth = 0) {
    if (!isObject(filter) || depth > CLAUSE_DEPTH_MAX) return; // Refused later, by a better name.
    const keys = Object.keys(filter);
    if (keys.length === 0) this.#count(argument);
    for (const key of keys) {
      const place = `${argument}.${key}`;
      if (LISTS.includes(key) && Array.isArray(filter[key])) {
        for (const [i, each] of filter[key].entries()) this.check(`${place}[${i}]`, each, depth + 1);
      } else {
        this.#count(place);
      }
    }
  }

  #count(argument) {
    if (--this.#left >= 0) return;
    throw invalidArgument(this.#method, argument, 'is one clause too many: a filter has at most 1,000');
  }
}

/** For what would be dangerous without one: {} matches everything, undefined is a mistake. */
function toRequiredFilter(method, filter) {
  if (filter === undefined) throw invalidArgument(method, 'filter', 'is required; {} matches every record');
  return toFilter(method, 'filter', filter);
}

// A Date is an ISO string in metadata, and milliseconds where it is compared with a system time.
function withTimes(value, isTime) {
  if (types.isDate(value)) return isTime ? value.getTime() : value;
  if (Array.isArray(value)) return value.map((each) => withTimes(each, isTime));
  if (!isObject(value)) return value;
  const members = Object.entries(value);
  return Object.fromEntries(members.map(([key, member]) => [key, withTimes(member, isTime || TIME_FIELDS.includes(key))]));
}

module.exports = { toFilter, toRequiredFilter };
