'use strict';

// Values on their way in: vectors as Float32Array, metadata as JSON text, strings well formed.

const { types } = require('node:util');
const { invalidArgument } = require('./errors');

// Taken once: globals are slow to find where a test runner gives code a context of its own.
const { getOwnPropertySymbols, getPrototypeOf, keys, prototype: OBJECT_PROTOTYPE } = Object;
const { isArray } = Array;
const { abs } = Math;

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

/** A list of names; undefined when there is none. */
function toNames(method, argument, value) {
  if (value === undefined) return undefined;
  if (!isArray(value)) throw invalidArgument(method, argument, `must be an array, got ${describe(value)}`);
  return Array.from(value, (name, i) => toId(method, `${argument}[${i}]`, name));
}

function checkOneOf(method, argument, value, known) {
  if (known.includes(value)) return;
  const list = known.map((each) => `'${each}'`).join(', ');
  throw invalidArgument(method, argument, `must be one of ${list}, got ${typeof value === 'string' ? `'${value}'` : describe(value)}`);
}

// Text is kept even when a surrogate has lost its partner: it becomes U+FFFD.
function toText(method, argument, value) {
  if (typeof value !== 'string') throw invalidArgument(method, argument, `must be a string, got ${describe(value)}`);
  return value.toWellFormed();
}

// A point in time, as milliseconds since the epoch.
function toTime(method, argument, value) {
  const time = types.isDate(value) ? value.getTime() : value;
  if (!Number.isSafeInteger(time)) {
    throw invalidArgument(method, argument, `must be a Date or whole milliseconds since the epoch, got ${describe(value)}`);
  }
  return time;
}

function toDuration(method, argument, value) {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw invalidArgument(method, argument, `must be a positive whole number of milliseconds, got ${describe(value)}`);
}

function toJson(method, argument, value) {
  if (!isPlainObject(value)) throw invalidArgument(method, argument, `must be a plain object, got ${describe(value)}`);
  new JsonCheck(method, argument).check(value);
  return JSON.stringify(value);
}

/**
 * Refuses what JSON would drop, change or choke on, naming where it is; and, counting the bytes it would take, a small object
 * that shares its parts, before it is written out in full. No path is put together before something is refused.
 */
class JsonCheck {
  #method;
  #argument;
  #depthMax;
  #keepsUndefined;
  #path = [];
  #ancestors = [];
  #bytesLeft = JSON_BYTES_MAX;
  /** Whether there was a Date. */
  hasDates = false;

  /** `keepsUndefined`: an undefined member is refused, not dropped. */
  constructor(method, argument, { depthMax = DEPTH_MAX, keepsUndefined = false } = {}) {
    this.#method = method;
    this.#argument = argument;
    this.#depthMax = depthMax;
    this.#keepsUndefined = keepsUndefined;
  }

  check(value) {
    switch (typeof value) {
      case 'string':
        this.#spend(value.length + 2);
        if (!value.isWellFormed()) this.#refuse('must be well-formed Unicode');
        return;
      case 'number':
        this.#spend(1);
        this.#checkNumber(value);
        return;
      case 'boolean':
        this.#spend(4);
        return;
      case 'object':
        this.#spend(1); // Two brackets, and each member has a comma but one.
        if (value !== null) this.#checkObject(value);
        return;
      default:
        this.#refuse(`must be JSON, got ${describe(value)}`);
    }
  }

  #checkNumber(value) {
    if (!Number.isFinite(value)) this.#refuse(`must be a finite number, got ${value}`);
    if (Number.isInteger(value) && Math.abs(value) > SAFE_INTEGER_MAX) {
      this.#refuse(`must be an integer within 2^53, got ${value}; store it as a string`);
    }
  }

  #checkObject(value) {
    if (types.isDate(value)) {
      if (Number.isNaN(value.getTime())) this.#refuse('must be a valid Date');
      this.hasDates = true;
      return;
    }
    if (this.#ancestors.includes(value)) this.#refuse('must not contain itself');
    if (this.#ancestors.length === this.#depthMax) this.#refuse(`must be at most ${this.#depthMax} levels deep`);
    this.#ancestors.push(value);
    if (isArray(value)) {
      for (let i = 0; i < value.length; i++) this.#checkMember(i, value[i]);
    } else {
      this.#checkMembers(value);
    }
    this.#ancestors.pop();
  }

  #checkMembers(value) {
    if (!isPlainObject(value)) this.#refuse(`must be JSON, got ${describe(value)}`);
    if (getOwnPropertySymbols(value).length > 0) this.#refuse('must not have symbols as keys');
    for (const key of keys(value)) {
      if (!key.isWellFormed()) this.#refuse('must have well-formed Unicode keys');
      const member = value[key];
      if (member === undefined && !this.#keepsUndefined) continue;
      this.#spend(key.length + 3); // Quotes and colon.
      this.#checkMember(key, member);
    }
  }

  #checkMember(key, value) {
    this.#spend(1);
    if (typeof value === 'number' && abs(value) <= SAFE_INTEGER_MAX) {
      this.#spend(1); // The common case, and lists of numbers are long.
    } else {
      this.#path.push(key);
      this.check(value);
      this.#path.pop();
    }
  }

  #spend(bytes) {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft < 0) throw invalidArgument(this.#method, this.#argument, 'must be at most 1 MiB as JSON');
  }

  #refuse(message) {
    const path = this.#path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`));
    throw invalidArgument(this.#method, this.#argument + path.join(''), message);
  }
}

// In any realm: the prototype of a plain object is at the root, or absent.
function isPlainObject(value) {
  if (typeof value !== 'object' || value === null || isArray(value)) return false;
  const prototype = getPrototypeOf(value);
  if (prototype === OBJECT_PROTOTYPE || prototype === null) return true;
  return getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

function describe(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return `a ${nameOfClass(value)}`;
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
}

// What was given where a number is wanted: the number itself, if it is one.
function describeNumber(value) {
  return typeof value === 'number' ? `${value}` : describe(value);
}

function nameOfClass(object) {
  const name = object.constructor?.name;
  return typeof name === 'string' ? name : 'object without prototype';
}

module.exports = { JsonCheck, toVector, toId, toNames, checkOneOf, toText, toJson, describe, describeNumber, toTime, toDuration };
