'use strict';

// Pages of records: what find and scan ask for, and cursors.

const { checkKeys, checkControl, isObject, CALL_OPTIONS } = require('./call');
const { invalidArgument } = require('./errors');
const { toFilter } = require('./filters');
const { describe, describeNumber } = require('./values');

const FIND_FIELDS = ['filter', 'limit', 'cursor', 'include'];
const SCAN_FIELDS = ['filter', 'batchSize', 'include', ...CALL_OPTIONS];
const BATCH_DEFAULT = 1000;
const BATCH_MAX = 10000;
// A cursor is the row of the last record seen; rows are never reused, so it survives any write.
const CURSOR = /^row-(\d{1,15})$/;

/** @param control the call options that this form of find takes. */
function toPage(method, query = {}, control = CALL_OPTIONS) {
  checkQuery(method, query, [...FIND_FIELDS, ...control]);
  return read(method, query, { limit: query.limit, after: toRow(method, query.cursor) });
}

// A scan is pages one after the other, each as long as it likes.
function toBatches(method, query = {}) {
  checkQuery(method, query, SCAN_FIELDS);
  const { batchSize = BATCH_DEFAULT } = query;
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > BATCH_MAX) {
    throw invalidArgument(method, 'query.batchSize', `must be an integer in 1..${BATCH_MAX}, got ${describeNumber(batchSize)}`);
  }
  return read(method, query, { limit: batchSize, mayEndEarly: true });
}

function checkQuery(method, query, known) {
  if (!isObject(query)) throw invalidArgument(method, 'query', `must be an object, got ${describe(query)}`);
  checkKeys(method, 'query', query, known);
}

function read(method, { filter, include, signal, timeoutMs }, page) {
  checkControl(method, 'query', { signal, timeoutMs });
  return { page: { ...page, include }, filter: toFilter(method, 'query.filter', filter), control: { signal, timeoutMs } };
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
