'use strict';

// Database.importJsonl and importAgentMemDB: bytes of the source are passed to the addon, which reads them on the pool; what it read
// is written, a part in a transaction of its own.

const { types } = require('node:util');
const { performance } = require('node:perf_hooks');
const native = require('./native');
const { awaitOther, overSteps, splitOptions, toOnProgress } = require('./call');
const { AgentMemError, fromNative, invalidArgument } = require('./errors');
const { turnOfTheLoop } = require('./slices');
const { describe, describeNumber, toId, toNames, checkOneOf } = require('./values');

const PIECE_BYTES = 2 ** 18;
const READ_BYTES = 2 ** 20;
const SLICE_MS = 1;
const OPTIONS = ['onConflict', 'onProgress', 'resumeAfter'];

async function importJsonl(handle, database, source, options) {
  const method = 'Database.importJsonl';
  const control = splitOptions(method, options, [...OPTIONS, 'collections']);
  const names = toNames(method, 'options.collections', control.collections);
  const wanted = ({ name, options: request, done }) => {
    if (names !== undefined && !names.includes(name)) return undefined;
    const place = (argument) => `line ${done}: ${argument === 'name' ? 'collection' : argument}`;
    return { name, like: request, request, place };
  };
  const { done, ...result } = await new Import(method, handle, database, control, wanted).run(source);
  const missing = names?.find((name) => !result.collections.includes(name));
  if (missing === undefined) return { ...result, lines: done };
  const message = `${method}(): the source has no collection '${missing}'`;
  throw new AgentMemError({ code: 'ERR_NOT_FOUND', message, argument: 'options.collections' });
}

async function importAgentMemDB(handle, database, source, options) {
  const method = 'Database.importAgentMemDB';
  const control = splitOptions(method, options, [...OPTIONS, 'collection']);
  const name = toId(method, 'options.collection', control.collection);
  const place = (argument) => (argument === 'name' ? 'options.collection' : argument);
  // Its distances are Euclidean; one that is there may have any metric.
  const wanted = ({ options: like }) => ({ name, like, request: { ...like, metric: 'l2' }, place });
  const { done, ...result } = await new Import(method, handle, database, control, wanted).run(source);
  return { ...result, episodes: done };
}

class Import {
  #method;
  #handle;
  #database;
  #next;
  #onConflict;
  #onProgress;
  #importer;
  #wanted;
  #collection;
  #collections = [];
  #counts = { inserted: 0, updated: 0, skipped: 0 };
  #done = 0;
  #unread = 0;
  #turnAtMs = performance.now();

  /**
   * @param database  the addon's.
   * @param wanted    what becomes of the { name, options, done } of a collection that was read: { name, like, request, place }, options
   *                  that one of that name must have, what to create it with, and what messages call an argument; or undefined to
   *                  leave its records out.
   */
  constructor(method, handle, database, control, wanted) {
    this.#method = method;
    this.#handle = handle;
    this.#database = database;
    this.#next = overSteps(method, control);
    const { onConflict = 'error' } = control;
    checkOneOf(method, 'options.onConflict', onConflict, ['error', 'replace', 'skip']);
    this.#onConflict = onConflict;
    this.#onProgress = toOnProgress(method, control.onProgress);
    this.#wanted = wanted;
    handle.admit(method);
    this.#importer = new native.Importer(database, method, toCount(method, control.resumeAfter));
  }

  /** Resolves to { collections, inserted, updated, skipped, done }. */
  run(source) {
    const about = { operation: this.#method };
    return this.#handle.beside(about, async () => {
      const { iterator, leave } = open(this.#method, source);
      try {
        this.#importer.begin();
        await this.#readAll(iterator);
      } catch (error) {
        leave();
        throw this.#about(error);
      } finally {
        this.#importer.drop();
      }
      about.size = this.#counts.inserted + this.#counts.updated + this.#counts.skipped;
      return { collections: this.#collections, ...this.#counts, done: this.#done };
    });
  }

  #about(thrown) {
    const error = fromNative(thrown);
    if (AgentMemError.isError(error)) error.resumeAfter = this.#done;
    return error;
  }

  async #readAll(iterator) {
    for (;;) {
      const control = this.#next();
      const { done, value } = await awaitOther(this.#method, iterator.next(), control);
      if (done) break;
      for (const piece of piecesOf(this.#method, value)) await this.#feed(piece);
    }
    this.#importer.end();
    await this.#read();
  }

  async #feed(piece) {
    this.#importer.feed(piece);
    this.#unread += piece.length;
    if (this.#unread >= READ_BYTES) await this.#read();
    // A source that is never waited for would keep the loop to itself.
    if (performance.now() - this.#turnAtMs < SLICE_MS) return;
    await turnOfTheLoop();
    this.#turnAtMs = performance.now();
  }

  async #read() {
    this.#unread = 0;
    for (let more = true; more; ) {
      const part = await this.#step(this.#importer, 'read', []);
      if (part.name !== undefined) await this.#enter(part);
      if (part.records > 0 && this.#collection !== undefined) await this.#write();
      if (part.done > this.#done || part.records > 0) this.#tell(part);
      more = part.more;
    }
  }

  async #enter({ name, options, done }) {
    this.#collection = undefined;
    const wanted = this.#wanted({ name, options: JSON.parse(options), done });
    if (wanted === undefined) return;
    try {
      const found = await this.#step(this.#database, 'getCollection', [wanted.name, wanted.like]);
      this.#collection = found ?? (await this.#step(this.#database, 'createCollection', [wanted.name, wanted.request, true]));
    } catch (error) {
      throw renamed(this.#method, error, wanted.place);
    }
    if (!this.#collections.includes(wanted.name)) this.#collections.push(wanted.name);
  }

  async #write() {
    const written = await this.#step(this.#importer, 'write', [this.#collection, this.#onConflict]);
    for (const [key, count] of Object.entries(written)) this.#counts[key] += count;
    this.#handle.wrote();
  }

  #tell({ done, bytes }) {
    this.#done = done;
    this.#onProgress?.({ done, bytes });
  }

  #step(target, name, args) {
    return this.#handle.step(target, name, args, this.#next());
  }
}

function toCount(method, value = 0) {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidArgument(method, 'options.resumeAfter', `must be a whole number from 0 on, got ${describeNumber(value)}`);
}

/** A way through the source, and how to leave it early: without waiting, since one that stalls would never answer. */
function open(method, source) {
  const isObject = (typeof source === 'object' && source !== null) || typeof source === 'function';
  const begin = isObject && !ArrayBuffer.isView(source) ? (source[Symbol.asyncIterator] ?? source[Symbol.iterator]) : undefined;
  if (typeof begin !== 'function') {
    throw invalidArgument(method, 'source', `must be a stream or another iterable of Buffers or strings, got ${describe(source)}`);
  }
  const iterator = begin.call(source);
  const leave = async () => (typeof source.destroy === 'function' ? source.destroy() : iterator.return?.());
  return { iterator, leave: () => leave().catch(() => {}) }; // What made us leave is what is told.
}

/** Bytes of a chunk, in pieces that are cheap to copy. */
function* piecesOf(method, chunk) {
  if (typeof chunk === 'string') {
    for (let at = 0, end; at < chunk.length; at = end) {
      end = Math.min(at + PIECE_BYTES, chunk.length);
      if (isFirstHalf(chunk.charCodeAt(end - 1))) end = Math.min(end + 1, chunk.length);
      const piece = chunk.slice(at, end);
      if (!piece.isWellFormed()) throw invalidArgument(method, 'source', 'must give well-formed Unicode');
      yield Buffer.from(piece);
    }
  } else if (types.isUint8Array(chunk)) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
  } else {
    throw invalidArgument(method, 'source', `must give Buffers or strings, got ${describe(chunk)}`);
  }
}

const isFirstHalf = (unit) => (unit & 0xfc00) === 0xd800; // of a surrogate pair

// What opening the collection refused, as it is called here.
function renamed(method, error, place) {
  if (!AgentMemError.isError(error)) return error;
  const { code, argument, path } = error;
  if (argument === undefined) return error;
  const called = place(argument);
  const message = error.message.replace(/^\S+/, `${method}():`).replace(argument, () => called);
  return new AgentMemError({ code, message, argument: called, path });
}

module.exports = { importJsonl, importAgentMemDB };
