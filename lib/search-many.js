'use strict';

// Many searches as one call: what is asked, and how many are in flight at once.

const { types } = require('node:util');
const { checkKeys, isObject } = require('./call');
const { invalidArgument } = require('./errors');
const { describe } = require('./values');

const CONCURRENCY_DEFAULT = 64;
const CONCURRENCY_MAX = 10000;
const SHARED_FIELDS = ['vectors', 'k', 'ef', 'exact', 'include', 'explain'];

/** The queries one by one: an array of them, or { vectors } row after row with options that all share. */
function toQueries(method, queries, dimensions) {
  if (Array.isArray(queries)) {
    queries.forEach((query, i) => {
      if (!isObject(query)) throw invalidArgument(method, `queries[${i}]`, `must be an object, got ${describe(query)}`);
      for (const key of ['signal', 'timeoutMs']) {
        if (key in query) throw invalidArgument(method, `queries[${i}].${key}`, 'belongs in the options of searchMany');
      }
    });
    return queries;
  }
  if (!isObject(queries)) {
    throw invalidArgument(method, 'queries', `must be an array of queries or { vectors, ... }, got ${describe(queries)}`);
  }
  checkKeys(method, 'queries', queries, SHARED_FIELDS);
  const { vectors, ...shared } = queries;
  if (!types.isFloat32Array(vectors) || !dimensions || vectors.length % dimensions !== 0) {
    throw invalidArgument(method, 'queries.vectors', 'must be a Float32Array of queries x dimensions numbers');
  }
  const rows = vectors.length / dimensions;
  return Array.from({ length: rows }, (_, i) => ({ ...shared, vector: vectors.subarray(i * dimensions, (i + 1) * dimensions) }));
}

function toConcurrency(method, concurrency = CONCURRENCY_DEFAULT) {
  if (Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= CONCURRENCY_MAX) return concurrency;
  throw invalidArgument(method, 'options.concurrency', `must be an integer in 1..${CONCURRENCY_MAX}, got ${String(concurrency)}`);
}

/** Results in the order of `items`; the first failure ends it. */
async function inParallel(items, concurrency, run) {
  const results = new Array(items.length);
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < items.length && !failed) {
      const i = next++;
      try {
        results[i] = await run(items[i]);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
}

module.exports = { toQueries, toConcurrency, inParallel };
