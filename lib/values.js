'use strict';

// Values on their way in: vectors as Float32Array, metadata as JSON text, strings well formed.

const { types } = require('node:util');
const { invalidArgument } = require('./errors');

const DIMENSIONS_MAX = 8192;
const DEPTH_MAX = 32;
const JSON_BYTES_MAX = 2 ** 20;
const SAFE_INTEGER_MAX = 2 ** 53;

function toVector(method, argument, value) {
  if (types.isFloat32Array(value)) return value;
  if (!Array.isArray(value)) {
    throw invalidArgument(method, argument, `must be a Float32Array or an array of numbers, got ${describe(value)}`);
  }
  if (value.length > DIMENSIONS_MAX) {
    throw invalidArgument(method, argument, `must have at most ${DIMENSIONS_MAX} numbers, got ${value.length}`);
  }
  const vector = new Float32Array(value.length);
  for (let i = 0; i < vector.length; i++) {
    const number = value[i];
    if (typeof number !== 'number') {
      throw invalidArgument(method, `${argument}[${i}]`, `must be a number, got ${describe(number)}`);
    }
    vector[i] = number;
  }
  return vector;
}

function toId(method, argument, value) {
  if (typeof value !== 'string') throw invalidArgument(method, argument, `must be a string, got ${describe(value)}`);
  if (!value.isWellFormed()) throw invalidArgument(method, argument, 'must be well-formed Unicode');
  return value;
}

// Text is kept even when a surrogate has lost its partner: it becomes U+FFFD.
function toText(method, argument, value) {
  if (typeof value !== 'string') throw invalidArgument(method, argument, `must be a string, got ${describe(value)}`);
  return value.toWellFormed();
}

function toJson(method, argument, value) {
  if (!isPlainObject(value)) throw invalidArgument(method, argument, `must be a plain object, got ${describe(value)}`);
  checkJson(method, argument, value, { ancestors: [], budget: { root: argument, bytes: JSON_BYTES_MAX } });
  return JSON.stringify(value);
}

// Refuses what JSON would drop, change or choke on, naming where it is. `within`: where we are, and how many bytes of JSON
// are left, so that a small object that shares its parts is refused before it is written out in full.
function checkJson(method, argument, value, within) {
  spend(method, within.budget, typeof value === 'string' ? value.length : 1);
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw invalidArgument(method, argument, 'must be well-formed Unicode');
      return;
    case 'number':
      checkNumber(method, argument, value);
      return;
    case 'boolean':
      return;
    case 'object':
      if (value !== null) checkObject(method, argument, value, within);
      return;
    default:
      throw invalidArgument(method, argument, `must be JSON, got ${describe(value)}`);
  }
}

function spend(method, budget, bytes) {
  budget.bytes -= bytes;
  if (budget.bytes < 0) throw invalidArgument(method, budget.root, 'must be at most 1 MiB as JSON');
}

function checkNumber(method, argument, value) {
  if (!Number.isFinite(value)) throw invalidArgument(method, argument, `must be a finite number, got ${value}`);
  if (Number.isInteger(value) && Math.abs(value) > SAFE_INTEGER_MAX) {
    throw invalidArgument(method, argument, `must be an integer within 2^53, got ${value}; store it as a string`);
  }
}

function checkObject(method, argument, value, { ancestors, budget }) {
  if (types.isDate(value)) {
    if (Number.isNaN(value.getTime())) throw invalidArgument(method, argument, 'must be a valid Date');
    return;
  }
  if (ancestors.includes(value)) throw invalidArgument(method, argument, 'must not contain itself');
  if (ancestors.length === DEPTH_MAX) throw invalidArgument(method, argument, `must be at most ${DEPTH_MAX} levels deep`);
  const within = { ancestors: [...ancestors, value], budget };
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) checkJson(method, `${argument}[${i}]`, value[i], within);
    return;
  }
  if (!isPlainObject(value)) throw invalidArgument(method, argument, `must be JSON, got ${describe(value)}`);
  if (Object.getOwnPropertySymbols(value).length > 0) {
    throw invalidArgument(method, argument, 'must not have symbols as keys');
  }
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed()) throw invalidArgument(method, argument, 'must have well-formed Unicode keys');
    if (value[key] === undefined) continue;
    spend(method, budget, key.length);
    checkJson(method, `${argument}.${key}`, value[key], within);
  }
}

// In any realm: the prototype of a plain object is at the root, or absent.
function isPlainObject(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty'));
}

function describe(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return `a ${nameOfClass(value)}`;
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
}

function nameOfClass(object) {
  const name = object.constructor?.name;
  return typeof name === 'string' ? name : 'object without prototype';
}

module.exports = { toVector, toId, toText, toJson, describe };
