'use strict';

// Pages of records: what find and scan ask for, and cursors.

const { checkKeys, checkControl, isObject, CALL_OPTIONS } = require('./call');
const { invalidArgument } = require('./errors');
const { toFilter } = require('./filters');
const { checkOneOf, describe, describeNumber, toId } = require('./values');

const FIND_FIELDS = ['filter', 'orderBy', 'limit', 'cursor', 'total', 'include'];
const SCAN_FIELDS = ['filter', 'batchSize', 'include', ...CALL_OPTIONS];
const ORDER_MAX = 8;
const BATCH_DEFAULT = 1000;
const BATCH_MAX = 10000;
// A cursor is the row of the last record seen; rows are never reused, so it survives any write. In another order it is what that
// record was sorted by too, as the addon wrote it down.
const CURSOR = /^row-(\d{1,15})$/;
const SORTED_CURSOR = /^by-([\w-]+)$/;
const CURSOR_LENGTH_MAX = 4 * 2 ** 20;
const DIRECTIONS = { asc: '+', desc: '-' };

/** @param control the call options that this form of find takes. */
function toPage(method, query = {}, control = CALL_OPTIONS) {
  checkQuery(method, query, [...FIND_FIELDS, ...control]);
  const { limit, total, cursor } = query;
  const orderBy = toOrder(method, query.orderBy);
  const begin = orderBy === undefined ? { after: toRow(method, cursor) } : { cursor: toSortedCursor(method, cursor) };
  return read(method, query, { limit, total, orderBy, ...begin });
}

/** Paths, each after '+' or '-', from 'year', ['-year', 'title'] or { year: 'desc', title: 'asc' }. */
function toOrder(method, orderBy) {
  if (orderBy === undefined) return undefined;
  if (isObject(orderBy)) {
    return Object.entries(orderBy).map(([path, direction]) => {
      const argument = `query.orderBy.${path}`;
      checkOneOf(method, argument, direction, Object.keys(DIRECTIONS));
      return DIRECTIONS[direction] + toId(method, argument, path);
    });
  }
  if (!Array.isArray(orderBy)) return [withSign(toId(method, 'query.orderBy', orderBy))];
  if (orderBy.length > ORDER_MAX) throw invalidArgument(method, 'query.orderBy', `must name 1..${ORDER_MAX} fields, got ${orderBy.length}`);
  return Array.from(orderBy, (path, i) => withSign(toId(method, `query.orderBy[${i}]`, path)));
}

const withSign = (path) => (path.startsWith('-') ? path : `+${path}`);

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
  if (row === null) throw notACursor(method);
  return Number(row[1]);
}

function toSortedCursor(method, cursor) {
  if (cursor === undefined) return undefined;
  const bytes = typeof cursor === 'string' && cursor.length <= CURSOR_LENGTH_MAX ? SORTED_CURSOR.exec(cursor) : null;
  if (bytes === null) throw notACursor(method);
  return Buffer.from(bytes[1], 'base64url').toString();
}

function notACursor(method) {
  return invalidArgument(method, 'query.cursor', 'must be a cursor that find returned, with the same orderBy');
}

function toFound({ records, about: { last, more, cursor, total } }) {
  const found = { records };
  if (total !== undefined) found.total = total;
  if (more) found.cursor = cursor === undefined ? `row-${last}` : `by-${Buffer.from(cursor).toString('base64url')}`;
  return found;
}

module.exports = { toPage, toBatches, toFound };
