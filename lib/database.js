'use strict';

const { EventEmitter } = require('node:events');
const native = require('./native');
const { callAsync, callSync, overSteps, splitOptions, checkControl, toOnProgress, isObject } = require('./call');
const { WriteBatchBuilder } = require('./batch');
const { Collection } = require('./collection');
const { toEmbedder } = require('./embedder');
const { Handle } = require('./handle');
const { AgentMemError, invalidArgument } = require('./errors');
const { exportStream } = require('./exporter');
const { withEmbedder, opening, takeSteps, takeStepsSync } = require('./opening');
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
  for (const key of ['hnsw', 'text']) {
    const given = options[key];
    if (given !== undefined && !isObject(given)) throw invalidArgument(method, `options.${key}`, `must be an object, got ${describe(given)}`);
  }
  return options;
}

// Takes { embedder } out of options whose rest the addon reads and checks.
function takeEmbedder(method, options) {
  if (checkObjects(method, options) === undefined) return { rest: undefined, embedder: undefined };
  const { embedder, ...rest } = options;
  return { rest, embedder: embedder === null ? null : toEmbedder(method, embedder) };
}

// Takes { signal, timeoutMs, embedder } out of them.
function takeControl(method, options) {
  const { rest, embedder } = takeEmbedder(method, options);
  if (rest === undefined) return { rest, embedder, control: {} };
  const { signal, timeoutMs, ...others } = rest;
  checkControl(method, 'options', { signal, timeoutMs });
  return { rest: others, embedder, control: { signal, timeoutMs } };
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
  #embedder;
  #isEmbedded = false; // Whether any of the collections made here has an embedder.

  /** Made by open(); see index.d.ts for the contract of every method. */
  constructor(opened, embedder) {
    this.#native = opened;
    this.#embedder = embedder;
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
    const { rest, embedder, control } = takeControl(method, options);
    toId(method, 'name', name);
    return this.#open(method, name, rest, { embedder, mayCreate: true }, control);
  }

  collectionSync(name, options) {
    const method = 'Database.collection';
    const { rest, embedder } = takeEmbedder(method, options);
    toId(method, 'name', name);
    return this.#openSync(method, name, rest, { embedder, mayCreate: true });
  }

  async createCollection(name, options) {
    const method = 'Database.createCollection';
    const { rest, embedder, control } = takeControl(method, options);
    const { args, using } = this.#creating(method, name, rest, embedder);
    return this.#call('createCollection', args, control, name, (collection) => this.#wrap({ collection, embedder: using }));
  }

  createCollectionSync(name, options) {
    const method = 'Database.createCollection';
    const { rest, embedder } = takeEmbedder(method, options);
    const { args, using } = this.#creating(method, name, rest, embedder);
    return this.#wrap({ collection: this.#handle.callSync(this.#native, 'createCollection', args), embedder: using });
  }

  async getCollection(name, options) {
    const method = 'Database.getCollection';
    const control = splitOptions(method, options);
    toId(method, 'name', name);
    return this.#open(method, name, undefined, { mayCreate: false }, control);
  }

  getCollectionSync(name) {
    const method = 'Database.getCollection';
    toId(method, 'name', name);
    return this.#openSync(method, name, undefined, { mayCreate: false });
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
    return new WriteBatchBuilder(operations, { database: this.#native, bounded, isEmbedded: this.#isEmbedded });
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

  #open(method, name, options, how, control) {
    const next = overSteps(method, control);
    const steps = opening(name, options, { ...how, usual: this.#embedder });
    return this.#handle.during({ operation: method, collection: name }, async () => {
      const opened = await takeSteps(steps, (called, args) => this.#step(called, args, next()));
      return this.#wrapFound(method, name, opened);
    });
  }

  #openSync(method, name, options, how) {
    const steps = opening(name, options, { ...how, usual: this.#embedder });
    return this.#wrapFound(method, name, takeStepsSync(steps, (called, args) => this.#handle.callSync(this.#native, called, args)));
  }

  #wrapFound(method, name, opened) {
    if (opened === undefined) throw notFound(method, name);
    return this.#wrap(opened);
  }

  #creating(method, name, options, embedder = this.#embedder) {
    const using = embedder ?? undefined;
    return { args: [toId(method, 'name', name), using === undefined ? options : withEmbedder(options, using), false], using };
  }

  #wrap({ collection, embedder }) {
    this.#isEmbedded ||= embedder !== undefined;
    return new Collection(collection, this.#handle, embedder);
  }
}

async function open(path, options) {
  const about = { operation: 'open', database: toId('open', 'path', path) };
  const { rest, embedder, control } = takeControl('open', options);
  return traced(about, async () => new Database(await callAsync(native, 'open', [path, rest], control), embedder ?? undefined));
}

function openSync(path, options) {
  toId('open', 'path', path);
  const { rest, embedder } = takeEmbedder('open', options);
  return new Database(callSync(native, 'open', [path, rest]), embedder ?? undefined);
}

module.exports = { Database, open, openSync };
