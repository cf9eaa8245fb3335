'use strict';

// Pages of records: what find and scan ask for, and cursors.

const { checkKeys, checkControl, isObject } = require('./call');
const { invalidArgument } = require('./errors');
const { toFilter } = require('./filters');
const { describe } = require('./values');

const FIND_FIELDS = ['filter', 'limit', 'cursor', 'include', 'signal', 'timeoutMs'];
const SCAN_FIELDS = ['filter', 'batchSize', 'include', 'signal', 'timeoutMs'];
const BATCH_DEFAULT = 1000;
// A cursor is the row of the last record seen; rows are never reused, so it survives any write.
const CURSOR = /^row-(\d{1,16})$/;

function toPage(method, query = {}) {
  if (!isObject(query)) throw invalidArgument(method, 'query', `must be an object, got ${describe(query)}`);
  const { filter, limit, cursor, include, mayEndEarly, signal, timeoutMs } = query;
  if (mayEndEarly === undefined) checkKeys(method, 'query', query, FIND_FIELDS);
  checkControl(method, 'query', { signal, timeoutMs });
  return {
    page: { limit, after: toRow(method, cursor), include, mayEndEarly },
    filter: toFilter(method, 'query.filter', filter),
    control: { signal, timeoutMs },
  };
}

// A scan is pages one after the other, each as long as it likes.
function toBatches(method, query = {}) {
  if (!isObject(query)) throw invalidArgument(method, 'query', `must be an object, got ${describe(query)}`);
  checkKeys(method, 'query', query, SCAN_FIELDS);
  const { batchSize = BATCH_DEFAULT, ...rest } = query;
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > 10000) {
    throw invalidArgument(method, 'query.batchSize', `must be an integer in 1..10000, got ${String(batchSize)}`);
  }
  return { ...rest, limit: batchSize, mayEndEarly: true };
}

function toRow(method, cursor) {
  if (cursor === undefined) return undefined;
  const row = typeof cursor === 'string' ? CURSOR.exec(cursor) : null;
  if (row === null) throw invalidArgument(method, 'query.cursor', 'must be a cursor that find returned');
  return Number(row[1]);
}

function toFound({ records, about }) {
  return about.more ? { records, cursor: `row-${about.last}` } : { records };
}

module.exports = { toPage, toBatches, toFound };
