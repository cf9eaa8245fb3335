'use strict';

// Search queries on their way in: one, or many as one call, and how many of those are in flight at once.

const { types } = require('node:util');
const { checkKeys, isObject } = require('./call');
const { wantsVector } = require('./embedder');
const { AgentMemError, invalidArgument } = require('./errors');
const { toFilter } = require('./filters');
const { inSlices } = require('./slices');
const { toVector, toText, describe, describeNumber } = require('./values');

const CONCURRENCY_DEFAULT = 64;
const CONCURRENCY_MAX = 10000;
const SHARED_FIELDS = ['vectors', 'k', 'ef', 'exact', 'filter', 'include', 'explain', 'rank', 'minScore', 'mmr', 'autocut', 'groupBy'];

/** A query as the addon takes it: [query, filter]. What is no query field it refuses itself. `vector: null` asks for words alone. */
function toQuery(method, query, argument = 'query') {
  checkQuery(method, query, argument);
  const { filter, vector, text, groupBy, ...asked } = query;
  if (text !== undefined) asked.text = toText(method, `${argument}.text`, text);
  if (vector !== undefined && (vector !== null || text === undefined)) asked.vector = toQueryVector(method, `${argument}.vector`, vector);
  if (groupBy !== undefined) asked.groupBy = toGroupBy(groupBy);
  checkObjects(method, argument, asked);
  if (vector === undefined && text === undefined) throw invalidArgument(method, argument, 'must have a vector, a text, or both');
  return [asked, toFilter(method, `${argument}.filter`, filter)];
}

// The addon would take an empty one for none.
function toQueryVector(method, argument, value) {
  const vector = toVector(method, argument, value);
  if (vector.length === 0) throw invalidArgument(method, argument, 'must have numbers, got none');
  return vector;
}

// A Promise or a Map, which the addon would take for an object without members.
function checkObjects(method, argument, { rank, mmr, groupBy }) {
  const check = (name, value) => {
    if (value !== undefined && !isObject(value)) throw invalidArgument(method, `${argument}.${name}`, `must be an object, got ${describe(value)}`);
  };
  check('rank', rank);
  for (const name of ['recency', 'fields', 'usage']) check(`rank.${name}`, rank?.[name]);
  check('mmr', mmr);
  check('groupBy', groupBy);
}

// A path alone: one of each value.
function toGroupBy(groupBy) {
  return typeof groupBy === 'string' ? { field: groupBy } : groupBy;
}

function checkQuery(method, query, argument) {
  if (!isObject(query)) throw invalidArgument(method, argument, `must be an object, got ${describe(query)}`);
}

/**
 * Where the queries of one call come from: `length`, `at(i)` as toQuery makes them, and `place(i, argument)`: what the caller
 * calls an argument of query i, and whether the vector of one `isWanted(i)`.
 * @param queries an array of queries, or { vectors } row after row with options that all share.
 */
function querySource(method, queries, { dimensions, isEmbedded }) {
  if (Array.isArray(queries)) {
    const at = (i) => {
      for (const key of ['signal', 'timeoutMs']) {
        if (isObject(queries[i]) && key in queries[i]) {
          throw invalidArgument(method, `queries[${i}].${key}`, 'belongs in the options of searchMany');
        }
      }
      return toQuery(method, queries[i], `queries[${i}]`);
    };
    const isWanted = (i) => isEmbedded && wantsVector(queries[i]);
    return { length: queries.length, at, isWanted, place: (i, argument) => argument.replace('query', `queries[${i}]`) };
  }
  if (!isObject(queries)) {
    throw invalidArgument(method, 'queries', `must be an array of queries or { vectors, ... }, got ${describe(queries)}`);
  }
  checkKeys(method, 'queries', queries, SHARED_FIELDS);
  const { vectors, filter, ...shared } = queries;
  if (!types.isFloat32Array(vectors) || !dimensions || vectors.length % dimensions !== 0) {
    throw invalidArgument(method, 'queries.vectors', 'must be a Float32Array of queries x dimensions numbers');
  }
  if (shared.groupBy !== undefined) shared.groupBy = toGroupBy(shared.groupBy);
  checkObjects(method, 'queries', shared);
  const json = toFilter(method, 'queries.filter', filter);
  const at = (i) => [{ ...shared, vector: vectors.subarray(i * dimensions, (i + 1) * dimensions) }, json];
  const place = (i, argument) => (argument.startsWith('query.vector') ? 'queries.vectors' : argument.replace('query', 'queries'));
  return { length: vectors.length / dimensions, at, isWanted: () => false, place };
}

/** The error of one query, as an error of the call that asked many. */
function ofMany(method, error, place) {
  if (!(error instanceof AgentMemError) || !error.argument?.startsWith('query.')) return error;
  const argument = place(error.argument);
  const message = error.message.replace(/^\S+/, `${method}():`).replace(error.argument, () => argument);
  return new AgentMemError({ code: error.code, message, argument });
}

function toConcurrency(method, concurrency = CONCURRENCY_DEFAULT) {
  if (Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= CONCURRENCY_MAX) return concurrency;
  throw invalidArgument(method, 'options.concurrency', `must be an integer in 1..${CONCURRENCY_MAX}, got ${describeNumber(concurrency)}`);
}

/**
 * Results of run(0) .. run(length - 1), in that order; the first failure ends it. One that the handle has no room for is left to those under
 * way, of which there are fewer from then on; it fails when there is none.
 */
async function inParallel(length, concurrency, run) {
  const results = new Array(length);
  const refused = [];
  let next = 0;
  let working = 0;
  let areStarted = false;
  let failed = false;
  // Whether it was run. What is left to others is counted at once: the next that is refused must not rely on this one.
  const runOne = async (i) => {
    try {
      results[i] = await run(i);
      return true;
    } catch (error) {
      areStarted = true;
      if (error.code === 'ERR_QUEUE_FULL' && working > 1) {
        working--;
        refused.push(i);
        return false;
      }
      failed = true;
      throw error;
    }
  };
  const worker = async () => {
    working++;
    while (!failed && (refused.length > 0 || next < length)) {
      if (!(await runOne(refused.pop() ?? next++))) return;
    }
    working--;
  };
  const workers = [];
  const begin = () => {
    const running = worker();
    running.catch(() => {}); // All of them are awaited below.
    areStarted ||= workers.push(running) >= Math.min(concurrency, length);
    return 0; // Nothing is copied later.
  };
  areStarted = length === 0;
  await inSlices(() => areStarted, begin);
  await Promise.all(workers);
  return results;
}

module.exports = { toQuery, checkQuery, querySource, ofMany, toConcurrency, inParallel };
