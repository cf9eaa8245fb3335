'use strict';

// What makes vectors of texts: the caller's embedder behind a queue, with retries, and a cache before it.

const { types } = require('node:util');
const { awaitOther, isObject } = require('./call');
const { AgentMemError, invalidArgument } = require('./errors');
const { keysOf, MemoryCache, StoreCache } = require('./embedding-cache');
const { EmbeddingQueue, Request } = require('./embedding-queue');
const { withRetries } = require('./retry');
const { inSlices } = require('./slices');
const { describe, describeNumber } = require('./values');

const { isArray } = Array;
const { isFinite } = Number;

// By name: the least, the greatest, and what it is when it is left out.
const NUMBERS = {
  maxBatch: [1, 100_000, 96],
  maxConcurrency: [1, 1000, 4],
  retries: [0, 100, 2],
  retryDelayMs: [0, 3_600_000, 500],
  maxCacheBytes: [0, 2 ** 53 - 1, 8 * 2 ** 20],
};
// Of one call: for more, what waits would be a burden to the collector of garbage.
const TEXTS_AT_ONCE = 2 ** 12;
const MODEL_BYTES_MAX = 200;
const DIMENSIONS_MAX = 8192;

// By the caller's object: collections and handles that share one share its queue and its cache.
const known = new WeakMap();

/** The embedder of an option: undefined when there is none. */
function toEmbedder(method, given, argument = 'options.embedder') {
  if (given === undefined || given === null) return undefined;
  if (!isObject(given)) throw invalidArgument(method, argument, `must be an embedder, got ${describe(given)}`);
  if (!known.has(given)) known.set(given, new Embedder(given, toSettings(method, given, argument)));
  return known.get(given);
}

function toSettings(method, given, argument) {
  const refuse = (key, message) => {
    throw invalidArgument(method, `${argument}.${key}`, message);
  };
  const { model, dimensions, embed, cache } = given;
  if (typeof model !== 'string') refuse('model', `must be a string, got ${describe(model)}`);
  const bytes = Buffer.byteLength(model);
  if (bytes < 1 || bytes > MODEL_BYTES_MAX || !model.isWellFormed() || model.includes('\0')) {
    refuse('model', `must have 1..${MODEL_BYTES_MAX} bytes of UTF-8 without NUL`);
  }
  const checkInteger = (key, value, least, most) => {
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    return refuse(key, `must be an integer in ${least}..${most}, got ${describeNumber(value)}`);
  };
  checkInteger('dimensions', dimensions, 1, DIMENSIONS_MAX);
  if (typeof embed !== 'function') refuse('embed', `must be a function, got ${describe(embed)}`);
  const isStore = typeof cache?.get === 'function' && typeof cache.set === 'function';
  if (cache !== undefined && cache !== false && !isStore) refuse('cache', `must be false or have methods get and set, got ${describe(cache)}`);
  const numbers = Object.entries(NUMBERS).map(([key, [least, most, other]]) => [key, checkInteger(key, given[key] ?? other, least, most)]);
  return { model, dimensions, cache, ...Object.fromEntries(numbers) };
}

function cacheOf({ cache, maxCacheBytes, dimensions }) {
  if (cache === false || (cache === undefined && maxCacheBytes === 0)) return undefined;
  return cache === undefined ? new MemoryCache(maxCacheBytes) : new StoreCache(cache, dimensions);
}

/** What the caller's embedder gave is not what was asked for. */
class ShapeError extends Error {
  isRetryable = false;
}

class Embedder {
  model;
  dimensions;
  #given;
  #retries;
  #cache;
  #queue;

  constructor(given, settings) {
    this.model = settings.model;
    this.dimensions = settings.dimensions;
    this.#given = given;
    this.#retries = { retries: settings.retries, delayMs: settings.retryDelayMs };
    this.#cache = cacheOf(settings);
    this.#queue = new EmbeddingQueue({
      embed: (texts, signal) => this.#embedBatch(texts, signal),
      onMade: (key, vector) => this.#cache?.set(key, vector),
      batchMax: settings.maxBatch,
      concurrency: settings.maxConcurrency,
    });
  }

  /**
   * The vectors of texts, in their order. Nobody may change them: others may have been given the same.
   * Rejects with the reason of the signal, or with an AgentMemError: ERR_INVALID_ARGUMENT for what is no vector, ERR_IO with the
   * cause when the embedder failed, ERR_TIMEOUT.
   * @param next  as of overSteps(): gives the options of what is left to do, or throws.
   * @param isUrgent  goes before what is not.
   */
  async embed(method, texts, next, { isUrgent = false } = {}) {
    const vectors = [];
    for (let at = 0; at < texts.length; at += TEXTS_AT_ONCE) {
      vectors.push(...(await this.#embedSome(method, texts.slice(at, at + TEXTS_AT_ONCE), next, isUrgent)));
    }
    return vectors;
  }

  async #embedSome(method, texts, next, isUrgent) {
    const control = next();
    const keys = this.#cache && (await keysOf(`${this.model}\0${this.dimensions}\0`, texts, next));
    const vectors = keys === undefined ? new Array(texts.length) : await awaitOther(method, this.#cache.getMany(keys, next), control);
    const missing = [];
    texts.forEach((_, i) => vectors[i] === undefined && missing.push(i));

    const request = new Request(missing.length);
    let added = 0;
    const add = () => {
      const i = missing[added];
      this.#queue.add(request, added++, { text: texts[i], key: keys?.[i], isUrgent });
      return 0; // Nothing is copied.
    };
    try {
      await inSlices(() => added === missing.length, add, next);
      await awaitOther(method, request.made, next());
    } catch (error) {
      throw control.signal?.aborted ? control.signal.reason : this.#named(method, error);
    } finally {
      this.#queue.leave(request);
    }
    missing.forEach((i, at) => (vectors[i] = request.vectors[at]));
    return vectors;
  }

  #named(method, error) {
    if (AgentMemError.isError(error) && error.code === 'ERR_TIMEOUT') return error;
    if (error instanceof ShapeError) {
      return new AgentMemError({
        code: 'ERR_INVALID_ARGUMENT',
        message: `${method}(): the embedder of '${this.model}' ${error.message}`,
        argument: 'embedder',
      });
    }
    const why = typeof error?.message === 'string' ? error.message : String(error);
    return new AgentMemError({ code: 'ERR_IO', message: `${method}(): the embedder of '${this.model}' failed: ${why}` }, { cause: error });
  }

  #embedBatch(texts, signal) {
    const attempt = async () => this.#toVectors(await this.#given.embed(texts, { signal }), texts.length, signal);
    return withRetries(attempt, { ...this.#retries, signal });
  }

  /** Copies of the vectors in what the embedder gave: a list of them, or one row after the other. They share their memory. */
  async #toVectors(given, count, signal) {
    const { dimensions } = this;
    const at = this.#source(given, count);
    const rows = new Float32Array(count * dimensions);
    const vectors = [];
    const copy = () => {
      const i = vectors.length;
      vectors.push(this.#copy(at(i), i, rows.subarray(i * dimensions, (i + 1) * dimensions)));
      return dimensions;
    };
    await inSlices(() => vectors.length === count, copy, () => signal.throwIfAborted());
    return vectors;
  }

  #source(given, count) {
    const { dimensions } = this;
    if (isArray(given)) {
      if (given.length !== count) throw new ShapeError(`must give a vector for each of ${count} texts, and gave ${given.length}`);
      return (i) => given[i];
    }
    if (!types.isFloat32Array(given)) throw new ShapeError(`must give a list of vectors or a Float32Array, and gave ${describe(given)}`);
    if (given.length === count * dimensions) return (i) => given.subarray(i * dimensions, (i + 1) * dimensions);
    throw new ShapeError(`must give ${count} x ${dimensions} numbers for ${count} texts, and gave ${given.length}`);
  }

  #copy(given, i, vector) {
    const { dimensions } = this;
    if (!types.isFloat32Array(given) && !isArray(given)) {
      throw new ShapeError(`must give vectors, and gave ${describe(given)} for text ${i} of a batch`);
    }
    if (given.length !== dimensions) {
      throw new ShapeError(`must give vectors of ${dimensions} dimensions, and gave one of ${given.length} for text ${i} of a batch`);
    }
    for (let at = 0; at < dimensions; at++) {
      const number = given[at];
      vector[at] = number;
      if (!isFinite(number) || !isFinite(vector[at])) throw new ShapeError(`must give finite numbers, and gave ${describeNumber(number)} at ${at} for text ${i} of a batch`);
    }
    return vector;
  }
}

/** Whether a record or a query, as the caller gave it, has a text of which the vector is to be made; null as its vector means none. */
function wantsVector({ vector, text }) {
  return vector === undefined && typeof text === 'string' && text !== '';
}

/**
 * All records or queries of a source, converted in slices, before anything is embedded: { made, wanting }, those whose vectors are wanted.
 * @param weigh  how much of one there is to copy.
 */
async function gather({ length, at, isWanted }, weigh, next) {
  const made = [];
  const wanting = [];
  const convert = () => {
    const each = at(made.length);
    if (isWanted(made.length)) wanting.push(each);
    made.push(each);
    return weigh(each);
  };
  await inSlices(() => made.length === length, convert, next);
  return { made, wanting };
}

/** For a sync twin, which cannot wait for an embedder. */
function refuseToEmbed(method, argument) {
  throw invalidArgument(method, argument, 'is needed by a sync twin, which cannot wait for the embedder: await the method itself, or pass null for none');
}

module.exports = { toEmbedder, wantsVector, gather, refuseToEmbed };
