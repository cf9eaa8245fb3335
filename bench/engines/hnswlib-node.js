'use strict';

const path = require('node:path');
const { turnByTurn } = require('../in-flight');

// addPoint() blocks for about a millisecond; yielding this often costs it nothing and keeps its stalls short.
const ROWS_PER_TURN = 100;
const EF_AFTER_REOPEN = 100;

/** hnswlib-node: the classic graph, in memory, every call synchronous. */
class HnswlibNodeEngine {
  #options;
  #file;
  #index;

  constructor(options) {
    this.#options = options;
    this.#file = path.join(options.folder, 'hnswlib.index');
  }

  async build(vectors) {
    const { HierarchicalNSW } = require('hnswlib-node');
    const { dim, metric, M, efConstruction, seed } = this.#options;
    const count = vectors.length / dim;
    this.#index = new HierarchicalNSW(metric, dim);
    this.#index.initIndex(count, M, efConstruction, seed);
    await this.insert(0, vectors);
    return { settings: `addPoint, yielding to the event loop every ${ROWS_PER_TURN}` };
  }

  async insert(first, vectors) {
    const { dim } = this.#options;
    const row = new Array(dim);
    for (let i = 0; i < vectors.length / dim; i++) {
      for (let d = 0; d < dim; d++) row[d] = vectors[i * dim + d];
      this.#index.addPoint(row, first + i);
      if (i % ROWS_PER_TURN === ROWS_PER_TURN - 1) await new Promise(setImmediate);
    }
  }

  remove(first, count) {
    for (let i = 0; i < count; i++) this.#index.markDelete(first + i);
  }

  save() {
    this.#index.writeIndexSync(this.#file);
  }

  /** Reads what an earlier process built and saved. */
  async reopen() {
    const { HierarchicalNSW } = require('hnswlib-node');
    this.#index = new HierarchicalNSW(this.#options.metric, this.#options.dim);
    await this.#index.readIndex(this.#file);
    this.#index.setEf(EF_AFTER_REOPEN);
  }

  /** It takes plain arrays only: converted before the clock starts. */
  prepare(query) {
    return Array.from(query);
  }

  use(ef) {
    this.#index.setEf(ef);
  }

  search(query) {
    return this.#index.searchKnn(query, this.#options.k);
  }

  filter(field, below) {
    const column = this.#options.fields[field];
    return (label) => column[label] < below;
  }

  searchFiltered(query, filter) {
    return this.#index.searchKnn(query, this.#options.k, filter);
  }

  ids(result) {
    return result.neighbors;
  }

  searchMany(width, take, done) {
    return turnByTurn(width, take, done, (queries, answered) => {
      for (const query of queries) {
        this.search(query);
        answered();
      }
    });
  }

  close() {
    this.#index = undefined;
  }
}

module.exports = {
  name: 'hnswlib-node',
  package: 'hnswlib-node',
  efMax: 10000,
  create: (options) => new HnswlibNodeEngine(options),
};
