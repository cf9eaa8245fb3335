'use strict';

// Vectors of texts that were embedded before, by the hash of model and text: in memory, or where the caller keeps them.

const crypto = require('node:crypto');
const { inSlices, turnOfTheLoop } = require('./slices');

const PIECE_CHARS = 2 ** 15;
const ASKED_AT_ONCE = 64;
const ENTRY_BYTES = 200; // of a key and its places, about

// A Hash each is a burden to the collector of garbage; before Node 20.12 there is no other way.
const hashOf = crypto.hash ?? ((algorithm, text, encoding) => crypto.createHash(algorithm).update(text).digest(encoding));

/** The keys of texts, in their order. A long text is hashed in pieces, as UTF-16, which no cut can change. */
async function keysOf(prefix, texts, next) {
  const keys = [];
  let hash;
  let at = 0;
  const step = () => {
    const text = texts[keys.length];
    if (text.length <= PIECE_CHARS) {
      keys.push(hashOf('sha256', prefix + text, 'base64url'));
      return text.length;
    }
    hash ??= crypto.createHash('sha256').update(prefix, 'utf16le');
    hash.update(text.slice(at, at + PIECE_CHARS), 'utf16le');
    at += PIECE_CHARS;
    if (at < text.length) return PIECE_CHARS;
    const weight = text.length - at + PIECE_CHARS;
    keys.push(hash.digest('base64url'));
    hash = undefined;
    at = 0;
    return weight;
  };
  await inSlices(() => keys.length === texts.length, step, next);
  return keys;
}

/** The vectors used last, up to a number of bytes. */
class MemoryCache {
  #vectors = new Map(); // the one used last comes last
  #bytes = 0;
  #bytesMax;

  constructor(bytesMax) {
    this.#bytesMax = bytesMax;
  }

  async getMany(keys, next) {
    const vectors = [];
    const get = () => {
      vectors.push(this.#get(keys[vectors.length]));
      return 0; // Nothing is copied.
    };
    await inSlices(() => vectors.length === keys.length, get, next);
    return vectors;
  }

  #get(key) {
    const vector = this.#vectors.get(key);
    if (vector === undefined) return undefined;
    this.#vectors.delete(key);
    this.#vectors.set(key, vector);
    return vector;
  }

  set(key, shared) {
    const vector = shared.slice(); // It would keep the memory of its whole batch.
    this.#forget(key);
    this.#vectors.set(key, vector);
    this.#bytes += vector.byteLength + ENTRY_BYTES;
    while (this.#bytes > this.#bytesMax) this.#forget(this.#vectors.keys().next().value);
  }

  #forget(key) {
    const vector = this.#vectors.get(key);
    if (vector === undefined) return;
    this.#vectors.delete(key);
    this.#bytes -= vector.byteLength + ENTRY_BYTES;
  }
}

/** A key-value store of the caller's, such as a Keyv. It may fail: then texts are embedded, and the process warned once. */
class StoreCache {
  #store;
  #dimensions;
  #hasWarned = false;

  constructor(store, dimensions) {
    this.#store = store;
    this.#dimensions = dimensions;
  }

  async getMany(keys, next) {
    const vectors = [];
    for (let at = 0; at < keys.length; at += ASKED_AT_ONCE) {
      next();
      const asked = keys.slice(at, at + ASKED_AT_ONCE).map((key) => this.#get(key));
      vectors.push(...(await Promise.all(asked)));
      await turnOfTheLoop();
    }
    return vectors;
  }

  async #get(key) {
    try {
      return this.#read(await this.#store.get(key));
    } catch (error) {
      return this.#warn(error);
    }
  }

  async set(key, vector) {
    try {
      await this.#store.set(key, Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64'));
    } catch (error) {
      this.#warn(error);
    }
  }

  // What is not a vector of ours is as good as nothing.
  #read(value) {
    if (typeof value !== 'string') return undefined;
    const bytes = Buffer.from(value, 'base64');
    if (bytes.length !== 4 * this.#dimensions) return undefined;
    const vector = new Float32Array(new Uint8Array(bytes).buffer);
    return vector.every(Number.isFinite) ? vector : undefined;
  }

  #warn(error) {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(`the cache of an embedder fails, and texts are embedded again: ${error?.message ?? error}`, { type: 'AgentMemWarning' });
  }
}

module.exports = { keysOf, MemoryCache, StoreCache };
