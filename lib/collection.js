'use strict';

const { callAsync, callSync, overSteps, splitOptions, checkSignal, isObject } = require('./call');
const { invalidArgument } = require('./errors');
const { toRecord, buildBatch, buildBatchSync } = require('./records');
const { parseHits, parseHitsSync, parseRecord } = require('./results');
const { toId, toVector, describe } = require('./values');

function toQuery(query) {
  const method = 'Collection.search';
  if (!isObject(query)) throw invalidArgument(method, 'query', `must be an object, got ${describe(query)}`);
  const { signal, timeoutMs, ...rest } = query;
  checkSignal(method, signal);
  if (rest.vector === undefined) throw invalidArgument(method, 'query.vector', 'is required');
  rest.vector = toVector(method, 'query.vector', rest.vector);
  return { query: rest, control: { signal, timeoutMs } };
}

function toBulkResult(ids, { inserted, updated, version }) {
  return { ids, inserted, updated, skipped: 0, version };
}

class Collection {
  #native;
  #background;
  #info;

  /** Made by Database; see index.d.ts for the contract of every method. */
  constructor(native, background) {
    this.#native = native;
    this.#background = background;
    this.#info = JSON.parse(native.info());
  }

  get name() {
    return this.#info.name;
  }

  get dimensions() {
    return this.#info.dimensions;
  }

  get metric() {
    return this.#info.metric;
  }

  async add(record, options) {
    return this.#put('Collection.add', false, record, options);
  }

  addSync(record) {
    return this.#putSync('Collection.add', false, record);
  }

  async upsert(record, options) {
    return this.#put('Collection.upsert', true, record, options);
  }

  upsertSync(record) {
    return this.#putSync('Collection.upsert', true, record);
  }

  async addMany(records, options) {
    return this.#putMany('Collection.addMany', false, records, options);
  }

  addManySync(records) {
    return this.#putManySync('Collection.addMany', false, records);
  }

  async upsertMany(records, options) {
    return this.#putMany('Collection.upsertMany', true, records, options);
  }

  upsertManySync(records) {
    return this.#putManySync('Collection.upsertMany', true, records);
  }

  async get(id, options) {
    const control = splitOptions('Collection.get', options, ['include']);
    return parseRecord(await callAsync(this.#native, 'get', [toId('Collection.get', 'id', id), control.include], control));
  }

  getSync(id, options) {
    const { include } = splitOptions('Collection.get', options, ['include']);
    return parseRecord(callSync(this.#native, 'get', [toId('Collection.get', 'id', id), include]));
  }

  async has(id, options) {
    return callAsync(this.#native, 'has', [toId('Collection.has', 'id', id)], splitOptions('Collection.has', options));
  }

  hasSync(id) {
    return callSync(this.#native, 'has', [toId('Collection.has', 'id', id)]);
  }

  async delete(id, options) {
    const control = splitOptions('Collection.delete', options);
    return callAsync(this.#native, 'delete', [toId('Collection.delete', 'id', id)], control);
  }

  deleteSync(id) {
    return callSync(this.#native, 'delete', [toId('Collection.delete', 'id', id)]);
  }

  async count(options) {
    return callAsync(this.#native, 'count', [], splitOptions('Collection.count', options));
  }

  countSync() {
    return callSync(this.#native, 'count', []);
  }

  async search(query) {
    const asked = toQuery(query);
    return parseHits(await callAsync(this.#native, 'search', [asked.query], asked.control), this.dimensions);
  }

  searchSync(query) {
    return parseHitsSync(callSync(this.#native, 'search', [toQuery(query).query]), this.dimensions);
  }

  async indexed(options) {
    const next = overSteps(splitOptions('Collection.indexed', options));
    const mark = await callAsync(this.#native, 'addedMark', [], next());
    while (!(await callAsync(this.#native, 'linkUpTo', [mark], next())));
  }

  async stats(options) {
    return JSON.parse(await callAsync(this.#native, 'stats', [], splitOptions('Collection.stats', options)));
  }

  statsSync() {
    return JSON.parse(callSync(this.#native, 'stats', []));
  }

  async #put(method, replace, record, options) {
    const control = splitOptions(method, options);
    const written = await callAsync(this.#native, 'put', [replace, toRecord(method, record)], control);
    this.#background.kick();
    return written;
  }

  #putSync(method, replace, record) {
    const written = callSync(this.#native, 'put', [replace, toRecord(method, record)]);
    this.#background.kick();
    return written;
  }

  async #putMany(method, replace, records, options) {
    const control = splitOptions(method, options);
    const next = overSteps(control);
    const { batch, ids } = await buildBatch(method, records, this.dimensions, control.signal);
    const written = await callAsync(this.#native, 'putMany', [replace, batch], next());
    this.#background.kick();
    return toBulkResult(ids, written);
  }

  #putManySync(method, replace, records) {
    const { batch, ids } = buildBatchSync(method, records, this.dimensions);
    const written = callSync(this.#native, 'putMany', [replace, batch]);
    this.#background.kick();
    return toBulkResult(ids, written);
  }
}

module.exports = { Collection };
