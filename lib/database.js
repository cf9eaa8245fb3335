'use strict';

const { EventEmitter } = require('node:events');
const native = require('./native');
const { callAsync, callSync, overSteps, splitOptions, checkControl, toOnProgress, isObject } = require('./call');
const { WriteBatchBuilder } = require('./batch');
const { Collection } = require('./collection');
const { Handle } = require('./handle');
const { AgentMemError, invalidArgument } = require('./errors');
const { exportStream } = require('./exporter');
const { importJsonl, importAgentMemDB } = require('./importer');
const { build, buildSync } = require('./slices');
const { traced } = require('./tracing');
const { toId, describe } = require('./values');

const EVENTS = ['change', 'drain'];
const PURGED_AT_ONCE = 10_000;

// The rest is read and checked by the addon, which takes any object for one with members.
function checkObjects(method, options) {
  if (options === undefined) return undefined;
  if (!isObject(options)) throw invalidArgument(method, 'options', `must be an object, got ${describe(options)}`);
  const { hnsw } = options;
  if (hnsw === undefined || isObject(hnsw)) return options;
  throw invalidArgument(method, 'options.hnsw', `must be an object, got ${describe(hnsw)}`);
}

// Takes { signal, timeoutMs } out of options whose rest the addon reads and checks.
function takeControl(method, options) {
  if (checkObjects(method, options) === undefined) return { rest: undefined, control: {} };
  const { signal, timeoutMs, ...rest } = options;
  checkControl(method, 'options', { signal, timeoutMs });
  return { rest, control: { signal, timeoutMs } };
}

function notFound(method, name) {
  return new AgentMemError({
    code: 'ERR_NOT_FOUND',
    message: `${method}(): there is no collection '${name}'; collection() would create it`,
    argument: 'name',
  });
}

function checkListener(method, event, listener) {
  if (typeof listener !== 'function') {
    throw invalidArgument(method, 'listener', `must be a function, got ${describe(listener)}`);
  }
  if (EVENTS.includes(event)) return;
  throw invalidArgument(method, 'event', `must be one of ${EVENTS.map((name) => `'${name}'`).join(', ')}, got ${describe(event)}`);
}

class Database {
  #native;
  #events = new EventEmitter();
  #handle;

  /** Made by open(); see index.d.ts for the contract of every method. */
  constructor(opened) {
    this.#native = opened;
    this.#handle = new Handle(opened, this.#events);
  }

  get path() {
    return this.#handle.path;
  }

  get isOpen() {
    return this.#handle.isOpen;
  }

  async collection(name, options) {
    const method = 'Database.collection';
    const { rest, control } = takeControl(method, options);
    const next = overSteps(method, control);
    const about = { operation: method, collection: toId(method, 'name', name) };
    return this.#handle.during(about, async () => {
      const found = await this.#step('getCollection', [name, rest], next());
      return this.#wrap(found ?? (await this.#step('createCollection', [name, rest, true], next())));
    });
  }

  collectionSync(name, options) {
    const method = 'Database.collection';
    const args = [toId(method, 'name', name), checkObjects(method, options)];
    const found = this.#handle.callSync(this.#native, 'getCollection', args);
    return this.#wrap(found ?? this.#handle.callSync(this.#native, 'createCollection', [name, options, true]));
  }

  async createCollection(name, options) {
    const method = 'Database.createCollection';
    const { rest, control } = takeControl(method, options);
    return this.#call('createCollection', [toId(method, 'name', name), rest, false], control, name, (made) => this.#wrap(made));
  }

  createCollectionSync(name, options) {
    const method = 'Database.createCollection';
    const args = [toId(method, 'name', name), checkObjects(method, options), false];
    return this.#wrap(this.#handle.callSync(this.#native, 'createCollection', args));
  }

  async getCollection(name, options) {
    const method = 'Database.getCollection';
    const control = splitOptions(method, options);
    return this.#call('getCollection', [toId(method, 'name', name), undefined], control, name, (found) => {
      if (found === undefined) throw notFound(method, name);
      return this.#wrap(found);
    });
  }

  getCollectionSync(name) {
    const method = 'Database.getCollection';
    const found = this.#handle.callSync(this.#native, 'getCollection', [toId(method, 'name', name), undefined]);
    if (found === undefined) throw notFound(method, name);
    return this.#wrap(found);
  }

  async listCollections(options) {
    const control = splitOptions('Database.listCollections', options);
    return this.#call('listCollections', [], control, undefined, JSON.parse);
  }

  listCollectionsSync() {
    return JSON.parse(this.#handle.callSync(this.#native, 'listCollections', []));
  }

  async deleteCollection(name, options) {
    const method = 'Database.deleteCollection';
    return this.#call('deleteCollection', [toId(method, 'name', name)], splitOptions(method, options), name);
  }

  deleteCollectionSync(name) {
    return this.#handle.callSync(this.#native, 'deleteCollection', [toId('Database.deleteCollection', 'name', name)]);
  }

  async batch(operations, options) {
    const method = 'Database.batch';
    const next = overSteps(method, splitOptions(method, options));
    const about = { operation: method };
    const write = async (builder) => {
      about.size = builder.ids.length;
      const answer = await this.#step('batch', [builder.batch], next());
      this.#handle.wrote();
      return builder.results(answer);
    };
    return this.#handle.during(about, () => build(() => this.#batchOf(operations, true), next, write));
  }

  batchSync(operations) {
    const write = (builder) => {
      const answer = this.#handle.callSync(this.#native, 'batch', [builder.batch]);
      this.#handle.wrote();
      return builder.resultsSync(answer);
    };
    return buildSync(() => this.#batchOf(operations, false), write);
  }

  async backup(path, options) {
    const method = 'Database.backup';
    const control = splitOptions(method, options, ['onProgress']);
    const onProgress = toOnProgress(method, control.onProgress);
    await this.#call('backup', [toId(method, 'path', path)], { ...control, onProgress });
  }

  async createSnapshot(name, options) {
    const [made] = await this.#snapshot('createSnapshot', name, options, JSON.parse);
    return made;
  }

  async listSnapshots(options) {
    return this.#call('listSnapshots', [], splitOptions('Database.listSnapshots', options), undefined, JSON.parse);
  }

  async restoreSnapshot(name, options) {
    const restored = await this.#snapshot('restoreSnapshot', name, options, (version) => ({ version }));
    this.#handle.wrote();
    return restored;
  }

  async deleteSnapshot(name, options) {
    const method = 'Database.deleteSnapshot';
    return this.#call('deleteSnapshot', [toId(method, 'name', name)], splitOptions(method, options));
  }

  async compact(options) {
    const method = 'Database.compact';
    const { onProgress, ...control } = splitOptions(method, options, ['onProgress']);
    const progress = toOnProgress(method, onProgress);
    const next = overSteps(method, control);
    return this.#handle.during({ operation: method }, async () => {
      while ((await this.#step('purge', [PURGED_AT_ONCE, true], next())) === PURGED_AT_ONCE);
      const report = await this.#step('compact', [], { ...next(), onProgress: progress });
      this.#handle.wrote(); // What was loaded anew is not linked yet.
      return JSON.parse(report);
    });
  }

  exportJsonl(options) {
    return exportStream(this.#handle, this.#native, options);
  }

  async importJsonl(source, options) {
    return importJsonl(this.#handle, this.#native, source, options);
  }

  async importAgentMemDB(source, options) {
    return importAgentMemDB(this.#handle, this.#native, source, options);
  }

  async verify(options) {
    const method = 'Database.verify';
    const control = splitOptions(method, options, ['onProgress']);
    const onProgress = toOnProgress(method, control.onProgress);
    return this.#call('verify', [], { ...control, onProgress }, undefined, JSON.parse);
  }

  verifySync() {
    return JSON.parse(this.#handle.callSync(this.#native, 'verify', []));
  }

  async stats(options) {
    return this.#call('stats', [], splitOptions('Database.stats', options), undefined, JSON.parse);
  }

  statsSync() {
    return JSON.parse(this.#handle.callSync(this.#native, 'stats', []));
  }

  on(event, listener) {
    checkListener('Database.on', event, listener);
    this.#events.on(event, listener);
    return this;
  }

  once(event, listener) {
    checkListener('Database.once', event, listener);
    this.#events.once(event, listener);
    return this;
  }

  off(event, listener) {
    checkListener('Database.off', event, listener);
    this.#events.off(event, listener);
    return this;
  }

  async close() {
    await this.#handle.close();
  }

  closeSync() {
    this.#handle.closeSync();
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  #batchOf(operations, bounded) {
    return new WriteBatchBuilder(operations, { database: this.#native, bounded });
  }

  #call(name, args, control, collection, convert) {
    const about = { operation: `Database.${name}`, ...(collection !== undefined && { collection }) };
    return this.#handle.call(this.#native, name, args, control, about, convert);
  }

  #snapshot(name, snapshot, options, convert) {
    const method = `Database.${name}`;
    const { onProgress, ...control } = splitOptions(method, options, ['onProgress']);
    const args = [toId(method, 'name', snapshot)];
    return this.#call(name, args, { ...control, onProgress: toOnProgress(method, onProgress) }, undefined, convert);
  }

  #step(name, args, control) {
    return this.#handle.step(this.#native, name, args, control);
  }

  #wrap(collection) {
    return new Collection(collection, this.#handle);
  }
}

async function open(path, options) {
  const about = { operation: 'open', database: toId('open', 'path', path) };
  const { rest, control } = takeControl('open', options);
  return traced(about, async () => new Database(await callAsync(native, 'open', [path, rest], control)));
}

function openSync(path, options) {
  return new Database(callSync(native, 'open', [toId('open', 'path', path), checkObjects('open', options)]));
}

module.exports = { Database, open, openSync };
