'use strict';

const { turnByTurn } = require('../in-flight');

// addPoint() blocks for about a millisecond; yielding this often costs it nothing and keeps its stalls short.
const ROWS_PER_TURN = 100;

/** hnswlib-node: the classic graph, in memory, every call synchronous. */
class HnswlibNodeEngine {
  #options;
  #index;

  constructor(options) {
    this.#options = options;
  }

  async build(vectors) {
    const { HierarchicalNSW } = require('hnswlib-node');
    const { dim, metric, M, efConstruction, seed } = this.#options;
    const count = vectors.length / dim;
    this.#index = new HierarchicalNSW(metric, dim);
    this.#index.initIndex(count, M, efConstruction, seed);
    const row = new Array(dim);
    for (let i = 0; i < count; i++) {
      for (let d = 0; d < dim; d++) row[d] = vectors[i * dim + d];
      this.#index.addPoint(row, i);
      if (i % ROWS_PER_TURN === ROWS_PER_TURN - 1) await new Promise(setImmediate);
    }
    return { settings: `addPoint, yielding to the event loop every ${ROWS_PER_TURN}` };
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
