'use strict';

const native = require('./native');
const { Background } = require('./background');
const { callAsync, callSync, overSteps, splitOptions, checkSignal, isObject } = require('./call');
const { Collection } = require('./collection');
const { AgentMemError, invalidArgument } = require('./errors');
const { toId, describe } = require('./values');

// Takes { signal, timeoutMs } out of options whose rest the addon reads and checks.
function takeControl(method, options) {
  if (options === undefined) return { rest: undefined, control: {} };
  if (!isObject(options)) throw invalidArgument(method, 'options', `must be an object, got ${describe(options)}`);
  const { signal, timeoutMs, ...rest } = options;
  checkSignal(method, signal);
  return { rest, control: { signal, timeoutMs } };
}

function notFound(method, name) {
  return new AgentMemError({
    code: 'ERR_NOT_FOUND',
    message: `${method}(): there is no collection '${name}'; collection() would create it`,
    argument: 'name',
  });
}

class Database {
  #native;
  #background;
  #path;
  #closing;

  /** Made by open(); see index.d.ts for the contract of every method. */
  constructor(handle) {
    this.#native = handle;
    this.#background = new Background(handle);
    this.#path = handle.path();
    this.#background.kick(); // What was loaded is not linked yet.
  }

  get path() {
    return this.#path;
  }

  get isOpen() {
    return this.#closing === undefined;
  }

  async collection(name, options) {
    const method = 'Database.collection';
    const { rest, control } = takeControl(method, options);
    const next = overSteps(control);
    const found = await callAsync(this.#native, 'getCollection', [toId(method, 'name', name), rest], next());
    return this.#wrap(found ?? (await callAsync(this.#native, 'createCollection', [name, rest, true], next())));
  }

  collectionSync(name, options) {
    const found = callSync(this.#native, 'getCollection', [toId('Database.collection', 'name', name), options]);
    return this.#wrap(found ?? callSync(this.#native, 'createCollection', [name, options, true]));
  }

  async createCollection(name, options) {
    const method = 'Database.createCollection';
    const { rest, control } = takeControl(method, options);
    return this.#wrap(await callAsync(this.#native, 'createCollection', [toId(method, 'name', name), rest, false], control));
  }

  createCollectionSync(name, options) {
    const args = [toId('Database.createCollection', 'name', name), options, false];
    return this.#wrap(callSync(this.#native, 'createCollection', args));
  }

  async getCollection(name, options) {
    const method = 'Database.getCollection';
    const control = splitOptions(method, options);
    const found = await callAsync(this.#native, 'getCollection', [toId(method, 'name', name), undefined], control);
    if (found === undefined) throw notFound(method, name);
    return this.#wrap(found);
  }

  getCollectionSync(name) {
    const method = 'Database.getCollection';
    const found = callSync(this.#native, 'getCollection', [toId(method, 'name', name), undefined]);
    if (found === undefined) throw notFound(method, name);
    return this.#wrap(found);
  }

  async listCollections(options) {
    const control = splitOptions('Database.listCollections', options);
    return JSON.parse(await callAsync(this.#native, 'listCollections', [], control));
  }

  listCollectionsSync() {
    return JSON.parse(callSync(this.#native, 'listCollections', []));
  }

  async deleteCollection(name, options) {
    const method = 'Database.deleteCollection';
    return callAsync(this.#native, 'deleteCollection', [toId(method, 'name', name)], splitOptions(method, options));
  }

  deleteCollectionSync(name) {
    return callSync(this.#native, 'deleteCollection', [toId('Database.deleteCollection', 'name', name)]);
  }

  async stats(options) {
    return JSON.parse(await callAsync(this.#native, 'stats', [], splitOptions('Database.stats', options)));
  }

  statsSync() {
    return JSON.parse(callSync(this.#native, 'stats', []));
  }

  async close() {
    this.#closing ??= callAsync(this.#native, 'close', []);
    await this.#closing;
  }

  closeSync() {
    if (this.#closing !== undefined) return;
    this.#closing = Promise.resolve();
    callSync(this.#native, 'close', []);
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  #wrap(collection) {
    return new Collection(collection, this.#background);
  }
}

async function open(path, options) {
  const { rest, control } = takeControl('open', options);
  return new Database(await callAsync(native, 'open', [path, rest], control));
}

function openSync(path, options) {
  return new Database(callSync(native, 'open', [path, options]));
}

module.exports = { Database, open, openSync };
