'use strict';

const { availableParallelism } = require('node:os');

const { overSteps, splitOptions, syncOptions, checkControl, toOnProgress } = require('./call');
const { wantsVector, gather, refuseToEmbed } = require('./embedder');
const { invalidArgument } = require('./errors');
const { toJudged, packJudged } = require('./judged');
const { toRecord, toPatch, BatchBuilder } = require('./records');
const { build, buildSync } = require('./slices');
const { toFilter, toRequiredFilter } = require('./filters');
const { toFusing, fuse, fuseSync } = require('./fuse');
const { toPage, toBatches, toFound } = require('./pages');
const { parseMany, parseManySync, readHits, toHits, parseRecord } = require('./results');
const { toQuery, checkQuery, querySource, ofMany, toConcurrency, inParallel } = require('./queries');
const { splitReranking, rerankHits } = require('./rerank');
const { toId, describe } = require('./values');

// Slices of linking at a time, of one indexed(): one for each core, and one that waits, so that nobody waits for the event loop.
const SLICES = Math.min(4, availableParallelism()) + 1;

class Collection {
  #native;
  #handle;
  #info;
  #embedder;

  /** Made by Database; see index.d.ts for the contract of every method. */
  constructor(native, handle, embedder) {
    this.#native = native;
    this.#handle = handle;
    this.#info = JSON.parse(native.info());
    this.#embedder = embedder;
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
    const made = this.#toPatch(method, fields);
    const args = [toId(method, 'id', id), made, control.ifVersion];
    if (!this.#wantsVector(fields)) return this.#written(await this.#call('patch', args, control));
    return this.#embedding('patch', control, made, (left) => this.#step('patch', args, left));
  }

  patchSync(id, fields, options) {
    const method = 'Collection.patch';
    const { ifVersion } = syncOptions(method, options, ['ifVersion']);
    const args = [toId(method, 'id', id), this.#toPatch(method, fields), ifVersion];
    if (this.#wantsVector(fields)) refuseToEmbed(method, 'fields.vector');
    return this.#written(this.#handle.callSync(this.#native, 'patch', args));
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
    const { signal, timeoutMs, ...given } = query;
    checkControl(method, 'query', { signal, timeoutMs });
    const { asked, reranking } = splitReranking(method, given);
    const args = toQuery(method, asked);
    const wantsVector = this.#wantsVector(asked);
    // Awaited, because a promise that is returned takes two turns more.
    if (!wantsVector && reranking === undefined) return await this.#call('search', args, { signal, timeoutMs }, readHits);
    const next = overSteps(method, { signal, timeoutMs });
    return this.#during('search', async () => {
      if (wantsVector) await this.#embedQueries(method, [args], next);
      const hits = await readHits(await this.#step('search', args, next()));
      return reranking === undefined ? hits : rerankHits(method, hits, reranking, next());
    });
  }

  searchSync(query) {
    const method = 'Collection.search';
    const args = toQuery(method, query);
    if (this.#wantsVector(query)) refuseToEmbed(method, 'query.vector');
    return this.#searchSync(args);
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
    const control = splitOptions(method, options, ['concurrency', 'fuse']);
    const concurrency = toConcurrency(method, control.concurrency);
    const next = overSteps(method, control);
    const source = this.#querySource(method, queries);
    const fusing = toFusing(method, control.fuse, source);
    const { length, place } = source;
    const search = async (args, i) => {
      try {
        return await readHits(await this.#step('search', args, next()));
      } catch (error) {
        throw ofMany(method, error, (argument) => place(i, argument));
      }
    };
    return this.#during('searchMany', async (about) => {
      about.size = length;
      const results = await this.#searchAll(method, source, concurrency, search, next);
      return fusing === undefined ? results : fuse(results, fusing, queries, next);
    });
  }

  async #searchAll(method, source, concurrency, search, next) {
    const { length, at } = source;
    if (this.#embedder === undefined) return inParallel(length, concurrency, async (i) => search(at(i), i));
    const { made, wanting } = await gather(source, () => this.dimensions, next);
    await this.#embedQueries(method, wanting, next);
    return inParallel(length, concurrency, (i) => search(made[i], i));
  }

  searchManySync(queries, options) {
    const method = 'Collection.searchMany';
    const control = syncOptions(method, options, ['fuse']);
    const source = this.#querySource(method, queries);
    const fusing = toFusing(method, control.fuse, source);
    const { length, at, isWanted, place } = source;
    const search = (i) => {
      if (isWanted(i)) refuseToEmbed(method, `queries[${i}].vector`);
      try {
        return this.#searchSync(at(i));
      } catch (error) {
        throw ofMany(method, error, (argument) => place(i, argument));
      }
    };
    const results = Array.from({ length }, (_, i) => search(i));
    return fusing === undefined ? results : fuseSync(results, fusing, queries);
  }

  async calibrate(queries, options) {
    const method = 'Collection.calibrate';
    const control = splitOptions(method, options, ['store']);
    const { store = true } = control;
    if (typeof store !== 'boolean') throw invalidArgument(method, 'options.store', `must be a boolean, got ${describe(store)}`);
    const next = overSteps(method, control);
    const judged = toJudged(method, queries, { dimensions: this.dimensions, isEmbedded: this.#embedder !== undefined });
    return this.#during('calibrate', async () => {
      const wanting = judged.filter(({ vector }) => vector === undefined);
      if (wanting.length > 0) {
        const vectors = await this.#embedder.embed(method, wanting.map(({ text }) => text), next, { isUrgent: true });
        wanting.forEach((query, i) => (query.vector = vectors[i]));
      }
      const report = JSON.parse(await this.#step('calibrate', packJudged(judged), next()));
      if (store) await this.#step('setAlpha', [report.alpha], next());
      return report;
    });
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
      const helpers = Array.from({ length: SLICES - 1 }, () => link().catch(() => {}));
      await Promise.all([link(), ...helpers]);
      while (await this.#step('workOnTexts', [], next()));
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

  #querySource(method, queries) {
    return querySource(method, queries, { dimensions: this.dimensions, isEmbedded: this.#embedder !== undefined });
  }

  /** Gives queries, as the addon takes them, the vectors of their texts. */
  async #embedQueries(method, queries, next) {
    const vectors = await this.#embedder.embed(method, queries.map(([{ text }]) => text), next, { isUrgent: true });
    queries.forEach(([query], i) => (query.vector = vectors[i]));
  }

  #searchSync(args) {
    return toHits(parseManySync(this.#handle.callSync(this.#native, 'search', args)));
  }

  async #put(name, onConflict, record, options) {
    const method = `Collection.${name}`;
    const control = splitOptions(method, options);
    const made = toRecord(method, record);
    const args = [name, onConflict, made];
    if (!this.#wantsVector(record)) return this.#written(await this.#call('put', args, control, undefined, name));
    return this.#embedding(name, control, made, (left) => this.#step('put', args, left));
  }

  #putSync(name, onConflict, record) {
    const method = `Collection.${name}`;
    const args = [name, onConflict, toRecord(method, record)];
    if (this.#wantsVector(record)) refuseToEmbed(method, 'record.vector');
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
    return new BatchBuilder(method, records, { collection: this.#native, dimensions: this.dimensions, bounded, embedder: this.#embedder });
  }

  #wantsVector(given) {
    return this.#embedder !== undefined && wantsVector(given);
  }

  /** A write whose `made` first gets the vector of its text. `write` is given the options of its step. */
  #embedding(name, control, made, write) {
    const method = `Collection.${name}`;
    const next = overSteps(method, control);
    return this.#during(name, async () => {
      [made.vector] = await this.#embedder.embed(method, [made.text], next);
      return this.#written(await write(next()));
    });
  }

  #toPatch(method, fields) {
    return toPatch(method, fields, 'fields', this.#embedder !== undefined);
  }

  // After a write: there may be something to link.
  #written(result) {
    this.#handle.wrote();
    return result;
  }

  /** For Database.batch: the addon's collection, and its embedder. */
  static partsOf(collection) {
    return #native in collection ? { collection: collection.#native, embedder: collection.#embedder } : undefined;
  }
}

module.exports = { Collection };
