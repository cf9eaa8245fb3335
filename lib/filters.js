'use strict';

// Filters on their way in: data, as JSON text. The addon parses the grammar; here is only what JSON cannot carry.

const { types } = require('node:util');
const { isObject } = require('./call');
const { invalidArgument } = require('./errors');
const { describe } = require('./values');

const DEPTH_MAX = 100;
const JSON_BYTES_MAX = 2 ** 20;
const TIME_FIELDS = ['$createdAt', '$updatedAt', '$expiresAt'];

/** JSON text of a filter; undefined when there is none. */
function toFilter(method, argument, filter) {
  if (filter === undefined) return undefined;
  if (!isObject(filter)) throw invalidArgument(method, argument, `must be an object, got ${describe(filter)}`);
  const budget = { argument, bytes: JSON_BYTES_MAX };
  return JSON.stringify(toPlain(method, argument, filter, false, 0, budget));
}

// A small object that shares its parts is refused before it is written out in full.
function spend(method, budget, bytes) {
  budget.bytes -= bytes;
  if (budget.bytes < 0) throw invalidArgument(method, budget.argument, 'must be at most 1 MiB as JSON');
}

/** For what would be dangerous without one: {} matches everything, undefined is a mistake. */
function toRequiredFilter(method, filter) {
  if (filter === undefined) throw invalidArgument(method, 'filter', 'is required; {} matches every record');
  return toFilter(method, 'filter', filter);
}

// A Date is an ISO string in metadata, and milliseconds where it is compared with a system time.
function toPlain(method, argument, value, isTime, depth, budget) {
  spend(method, budget, typeof value === 'string' ? value.length + 2 : 1);
  if (depth > DEPTH_MAX) throw invalidArgument(method, argument, `must be at most ${DEPTH_MAX} levels deep`);
  if (typeof value === 'string' && !value.isWellFormed()) {
    throw invalidArgument(method, argument, 'must be well-formed Unicode');
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw invalidArgument(method, argument, `must be a finite number, got ${value}`);
  }
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value;
  if (types.isDate(value)) return toTime(method, argument, value, isTime);
  if (Array.isArray(value)) {
    return Array.from(value, (each, i) => toPlain(method, `${argument}[${i}]`, each, isTime, depth + 1, budget));
  }
  if (!isObject(value)) {
    throw invalidArgument(method, argument, `must be JSON or a Date, got ${describe(value)}`);
  }
  const plain = Object.create(null);
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed()) throw invalidArgument(method, argument, 'must have well-formed Unicode keys');
    spend(method, budget, key.length + 3);
    plain[key] = toPlain(method, `${argument}.${key}`, value[key], isTime || TIME_FIELDS.includes(key), depth + 1, budget);
  }
  return plain;
}

function toTime(method, argument, date, isTime) {
  if (Number.isNaN(date.getTime())) throw invalidArgument(method, argument, 'must be a valid Date');
  return isTime ? date.getTime() : date.toISOString();
}

module.exports = { toFilter, toRequiredFilter };
