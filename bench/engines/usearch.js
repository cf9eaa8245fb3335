'use strict';

const os = require('node:os');
const path = require('node:path');
const { turnByTurn } = require('../in-flight');

// One add() call takes a batch and can use all cores, but blocks until the batch is in.
const ROWS_PER_TURN = 100;
const EF_AFTER_BUILD = 100;

/**
 * usearch with float32 vectors or 8-bit ones: in memory, every call synchronous. It gets both of its batch forms, which use
 * all cores: add() of many rows, and search() of all the queries of one turn.
 */
class UsearchEngine {
  #options;
  #quantization;
  #threads;
  #file;
  #index;
  #ef = EF_AFTER_BUILD;
  #saved = false;

  constructor(options, quantization) {
    this.#options = options;
    this.#quantization = quantization;
    this.#threads = options.threads ?? os.availableParallelism();
    this.#file = path.join(options.folder, 'usearch.index');
  }

  async build(vectors) {
    this.#index = this.#create(this.#ef);
    await this.insert(0, vectors);
    return { settings: `add of ${ROWS_PER_TURN} rows a call on ${this.#threads} threads, ${this.#quantization}` };
  }

  async insert(first, vectors) {
    const { dim } = this.#options;
    for (let row = 0; row < vectors.length / dim; row += ROWS_PER_TURN) {
      const rows = vectors.subarray(row * dim, (row + ROWS_PER_TURN) * dim);
      const keys = BigUint64Array.from({ length: rows.length / dim }, (_, i) => BigInt(first + row + i));
      this.#index.add(keys, rows, this.#threads);
      await new Promise(setImmediate);
    }
    this.#saved = false;
  }

  remove(first, count) {
    this.#index.remove(BigUint64Array.from({ length: count }, (_, i) => BigInt(first + i)));
    this.#saved = false;
  }

  save() {
    this.#index.save(this.#file);
  }

  /** Reads what an earlier process built and saved. */
  reopen() {
    this.#index = this.#create(this.#ef);
    this.#index.load(this.#file);
  }

  #create(ef) {
    const { Index } = require('usearch');
    const { dim, metric, M, efConstruction } = this.#options;
    return new Index({
      dimensions: dim,
      metric: metric === 'cosine' ? 'cos' : metric,
      quantization: this.#quantization,
      connectivity: M,
      expansion_add: efConstruction,
      expansion_search: ef,
    });
  }

  prepare(query) {
    return query;
  }

  /** ef can be given only when an index is made, so the graph is saved once and loaded again for every other ef. */
  use(ef) {
    if (ef === this.#ef) return;
    if (!this.#saved) this.save();
    this.#saved = true;
    this.#index = this.#create(ef);
    this.#index.load(this.#file);
    this.#ef = ef;
    globalThis.gc?.();
  }

  search(query) {
    return this.#index.search(query, this.#options.k, 1);
  }

  ids(matches) {
    return Array.from(matches.keys, Number);
  }

  searchMany(width, take, done) {
    const { dim, k } = this.#options;
    const matrix = new Float32Array(width * dim);
    return turnByTurn(width, take, done, (queries, answered) => {
      queries.forEach((query, i) => matrix.set(query, i * dim));
      this.#index.search(matrix.subarray(0, queries.length * dim), k, os.availableParallelism());
      queries.forEach(answered);
    });
  }

  close() {
    this.#index = undefined;
  }
}

module.exports = {
  name: 'usearch',
  package: 'usearch',
  efMax: 10000,
  create: (options, quantization = 'f32') => new UsearchEngine(options, quantization),
};
