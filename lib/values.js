'use strict';

// Values on their way in: vectors as Float32Array, metadata as JSON text, strings well formed.

const { types } = require('node:util');
const { invalidArgument } = require('./errors');

const DEPTH_MAX = 32;
const SAFE_INTEGER_MAX = 2 ** 53;

function toVector(method, argument, value) {
  if (types.isFloat32Array(value)) return value;
  if (!Array.isArray(value)) {
    throw invalidArgument(method, argument, `must be a Float32Array or an array of numbers, got ${describe(value)}`);
  }
  const vector = new Float32Array(value.length);
  for (let i = 0; i < value.length; i++) {
    if (typeof value[i] !== 'number') {
      throw invalidArgument(method, `${argument}[${i}]`, `must be a number, got ${describe(value[i])}`);
    }
    vector[i] = value[i];
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
  checkJson(method, argument, value, []);
  return JSON.stringify(value);
}

// Refuses what JSON would drop, change or choke on, naming where it is.
function checkJson(method, argument, value, ancestors) {
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
      if (value !== null) checkObject(method, argument, value, ancestors);
      return;
    default:
      throw invalidArgument(method, argument, `must be JSON, got ${describe(value)}`);
  }
}

function checkNumber(method, argument, value) {
  if (!Number.isFinite(value)) throw invalidArgument(method, argument, `must be a finite number, got ${value}`);
  if (Number.isInteger(value) && Math.abs(value) > SAFE_INTEGER_MAX) {
    throw invalidArgument(method, argument, `must be an integer within 2^53, got ${value}; store it as a string`);
  }
}

function checkObject(method, argument, value, ancestors) {
  if (types.isDate(value)) {
    if (Number.isNaN(value.getTime())) throw invalidArgument(method, argument, 'must be a valid Date');
    return;
  }
  if (ancestors.includes(value)) throw invalidArgument(method, argument, 'must not contain itself');
  if (ancestors.length === DEPTH_MAX) throw invalidArgument(method, argument, `must be at most ${DEPTH_MAX} levels deep`);
  const path = [...ancestors, value];
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) checkJson(method, `${argument}[${i}]`, value[i], path);
    return;
  }
  if (!isPlainObject(value)) throw invalidArgument(method, argument, `must be JSON, got ${describe(value)}`);
  if (Object.getOwnPropertySymbols(value).length > 0) {
    throw invalidArgument(method, argument, 'must not have symbols as keys');
  }
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed()) throw invalidArgument(method, argument, 'must have well-formed Unicode keys');
    if (value[key] !== undefined) checkJson(method, `${argument}.${key}`, value[key], path);
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
  if (typeof value === 'object') return `a ${value.constructor?.name ?? 'object without prototype'}`;
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
}

module.exports = { toVector, toId, toText, toJson, describe };
