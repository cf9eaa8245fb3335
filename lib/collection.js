'use strict';

const { availableParallelism } = require('node:os');

const { overSteps, splitOptions, syncOptions, checkControl, toOnProgress } = require('./call');
const { toRecord, toPatch, BatchBuilder } = require('./records');
const { build, buildSync } = require('./slices');
const { toFilter, toRequiredFilter } = require('./filters');
const { toPage, toBatches, toFound } = require('./pages');
const { parseMany, parseManySync, toHits, parseRecord } = require('./results');
const { toQuery, checkQuery, querySource, ofMany, toConcurrency, inParallel } = require('./queries');
const { toId } = require('./values');

// Slices of linking at a time, of one indexed().
const LINKERS = Math.min(4, availableParallelism());

const readHits = async (packed) => toHits(await parseMany(packed));

class Collection {
  #native;
  #handle;
  #info;

  /** Made by Database; see index.d.ts for the contract of every method. */
  constructor(native, handle) {
    this.#native = native;
    this.#handle = handle;
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
    return this.#put('add', 'error', record, options);
  }

  addSync(record) {
    return this.#putSync('add', 'error', record);
  }

  async upsert(record, options) {
    return this.#put('upsert', 'replace', record, options);
  }

  upsertSync(record) {
    return this.#putSync('upsert', 'replace', record);
  }

  async addMany(records, options) {
    return this.#putMany('addMany', [], records, options);
  }

  addManySync(records) {
    return this.#putManySync('addMany', 'error', records);
  }

  async upsertMany(records, options) {
    return this.#putMany('upsertMany', ['onConflict'], records, options);
  }

  upsertManySync(records, options) {
    const { onConflict = 'replace' } = syncOptions('Collection.upsertMany', options, ['onConflict']);
    return this.#putManySync('upsertMany', onConflict, records);
  }

  async patch(id, fields, options) {
    const method = 'Collection.patch';
    const control = splitOptions(method, options, ['ifVersion']);
    const args = [toId(method, 'id', id), toPatch(method, fields), control.ifVersion];
    return this.#written(await this.#call('patch', args, control));
  }

  patchSync(id, fields, options) {
    const method = 'Collection.patch';
    const { ifVersion } = syncOptions(method, options, ['ifVersion']);
    return this.#written(this.#handle.callSync(this.#native, 'patch', [toId(method, 'id', id), toPatch(method, fields), ifVersion]));
  }

  async get(id, options) {
    const control = splitOptions('Collection.get', options, ['include']);
    return this.#call('get', [toId('Collection.get', 'id', id), control.include], control, parseRecord);
  }

  getSync(id, options) {
    const { include } = syncOptions('Collection.get', options, ['include']);
    return parseRecord(this.#handle.callSync(this.#native, 'get', [toId('Collection.get', 'id', id), include]));
  }

  async has(id, options) {
    return this.#call('has', [toId('Collection.has', 'id', id)], splitOptions('Collection.has', options));
  }

  hasSync(id) {
    return this.#handle.callSync(this.#native, 'has', [toId('Collection.has', 'id', id)]);
  }

  async delete(id, options) {
    const control = splitOptions('Collection.delete', options, ['ifVersion']);
    return this.#written(await this.#call('delete', [toId('Collection.delete', 'id', id), control.ifVersion], control));
  }

  deleteSync(id, options) {
    const { ifVersion } = syncOptions('Collection.delete', options, ['ifVersion']);
    return this.#written(this.#handle.callSync(this.#native, 'delete', [toId('Collection.delete', 'id', id), ifVersion]));
  }

  async deleteWhere(filter, options) {
    const method = 'Collection.deleteWhere';
    return this.#written(await this.#call('deleteWhere', [toRequiredFilter(method, filter)], splitOptions(method, options)));
  }

  deleteWhereSync(filter) {
    const args = [toRequiredFilter('Collection.deleteWhere', filter)];
    return this.#written(this.#handle.callSync(this.#native, 'deleteWhere', args));
  }

  async count(filter, options) {
    const method = 'Collection.count';
    return this.#call('count', [toFilter(method, 'filter', filter)], splitOptions(method, options));
  }

  countSync(filter) {
    return this.#handle.callSync(this.#native, 'count', [toFilter('Collection.count', 'filter', filter)]);
  }

  async search(query) {
    const method = 'Collection.search';
    checkQuery(method, query, 'query');
    const { signal, timeoutMs, ...asked } = query;
    checkControl(method, 'query', { signal, timeoutMs });
    return this.#call('search', toQuery(method, asked), { signal, timeoutMs }, readHits);
  }

  searchSync(query) {
    return this.#searchSync(toQuery('Collection.search', query));
  }

  async find(query) {
    const { page, filter, control } = toPage('Collection.find', query);
    return this.#call('find', [page, filter], control, async (packed) => toFound(await parseMany(packed)));
  }

  findSync(query) {
    const { page, filter } = toPage('Collection.find', query, []);
    return toFound(parseManySync(this.#handle.callSync(this.#native, 'find', [page, filter])));
  }

  async *scan(query) {
    const { page, filter, control } = toBatches('Collection.scan', query);
    for (let more = true; more; ) {
      const found = await this.#call('find', [page, filter], control, parseMany, 'scan');
      yield* found.records;
      page.after = found.about.last;
      more = found.about.more;
    }
  }

  async searchMany(queries, options) {
    const method = 'Collection.searchMany';
    const control = splitOptions(method, options, ['concurrency']);
    const concurrency = toConcurrency(method, control.concurrency);
    const next = overSteps(method, control);
    const { length, at, place } = querySource(method, queries, this.dimensions);
    const search = async (i) => {
      try {
        return await readHits(await this.#step('search', at(i), next()));
      } catch (error) {
        throw ofMany(method, error, (argument) => place(i, argument));
      }
    };
    return this.#during('searchMany', (about) => {
      about.size = length;
      return inParallel(length, concurrency, search);
    });
  }

  searchManySync(queries) {
    const method = 'Collection.searchMany';
    const { length, at, place } = querySource(method, queries, this.dimensions);
    const search = (i) => {
      try {
        return this.#searchSync(at(i));
      } catch (error) {
        throw ofMany(method, error, (argument) => place(i, argument));
      }
    };
    return Array.from({ length }, (_, i) => search(i));
  }

  async indexed(options) {
    const method = 'Collection.indexed';
    const next = overSteps(method, splitOptions(method, options));
    await this.#during('indexed', async () => {
      const mark = await this.#step('addedMark', [], next());
      const link = async () => {
        while (!(await this.#step('linkUpTo', [mark], next())));
      };
      // Slices take pieces of the same work, so that several run at once where there are cores. What ends one early (a full queue, an
      // abort) is for the first to tell.
      const helpers = Array.from({ length: LINKERS - 1 }, () => link().catch(() => {}));
      await Promise.all([link(), ...helpers]);
    });
  }

  async stats(options) {
    return this.#call('stats', [], splitOptions('Collection.stats', options), JSON.parse);
  }

  statsSync() {
    return JSON.parse(this.#handle.callSync(this.#native, 'stats', []));
  }

  #call(name, args, control, convert, method = name) {
    return this.#handle.call(this.#native, name, args, control, this.#about(method), convert);
  }

  #during(method, steps) {
    const about = this.#about(method);
    return this.#handle.during(about, () => steps(about));
  }

  #step(name, args, control) {
    return this.#handle.step(this.#native, name, args, control);
  }

  #about(method) {
    return { operation: `Collection.${method}`, collection: this.name };
  }

  #searchSync(args) {
    return toHits(parseManySync(this.#handle.callSync(this.#native, 'search', args)));
  }

  async #put(name, onConflict, record, options) {
    const method = `Collection.${name}`;
    const control = splitOptions(method, options);
    return this.#written(await this.#call('put', [name, onConflict, toRecord(method, record)], control, undefined, name));
  }

  #putSync(name, onConflict, record) {
    const args = [name, onConflict, toRecord(`Collection.${name}`, record)];
    return this.#written(this.#handle.callSync(this.#native, 'put', args));
  }

  async #putMany(name, known, records, options) {
    const method = `Collection.${name}`;
    const control = splitOptions(method, options, ['onProgress', ...known]);
    const onProgress = toOnProgress(method, control.onProgress);
    const { onConflict = name === 'addMany' ? 'error' : 'replace' } = control;
    const next = overSteps(method, control);
    const make = () => this.#batchOf(method, records, true);
    const put = async ({ batch, ids }, about) => {
      about.size = ids.length;
      const written = await this.#step('putMany', [name, onConflict, batch], { ...next(), onProgress });
      return this.#written({ ids, ...written });
    };
    return this.#during(name, (about) => build(make, next, (built) => put(built, about)));
  }

  #putManySync(name, onConflict, records) {
    return buildSync(
      () => this.#batchOf(`Collection.${name}`, records, false),
      ({ batch, ids }) => this.#written({ ids, ...this.#handle.callSync(this.#native, 'putMany', [name, onConflict, batch]) }),
    );
  }

  #batchOf(method, records, bounded) {
    return new BatchBuilder(method, records, { collection: this.#native, dimensions: this.dimensions, bounded });
  }

  // After a write: there may be something to link.
  #written(result) {
    this.#handle.wrote();
    return result;
  }

  /** For Database.batch: the addon's collection. */
  static nativeOf(collection) {
    return #native in collection ? collection.#native : undefined;
  }
}

module.exports = { Collection };
