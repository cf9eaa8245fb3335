'use strict';

const path = require('node:path');
const { slidingWindow } = require('../in-flight');

const ROOT = path.join(__dirname, '..', '..');
const ROWS_PER_CALL = 1000;

/** agentmemdb, opened as users open it: a database file, durability 'full'. Only the graph is forced (minSize 0). */
class AgentMemDbEngine {
  #options;
  #database;
  #collection;
  #ef;

  constructor(options) {
    this.#options = options;
  }

  async build(vectors) {
    const { dim, metric, M, efConstruction, folder } = this.#options;
    const { open } = require(ROOT);
    this.#database = await open(path.join(folder, 'bench.db'), { durability: 'full' });
    const hnsw = { M, efConstruction, minSize: 0 };
    this.#collection = await this.#database.collection('bench', { dimensions: dim, metric, hnsw });
    const start = performance.now();
    for (let row = 0; row < vectors.length / dim; row += ROWS_PER_CALL) await this.#addRows(vectors, row);
    const loadMs = performance.now() - start;
    await this.#collection.indexed();
    return { loadMs, settings: `addMany of ${ROWS_PER_CALL} rows a call, durability full, then indexed()` };
  }

  #addRows(vectors, row) {
    const { dim } = this.#options;
    const rows = vectors.subarray(row * dim, (row + ROWS_PER_CALL) * dim);
    const ids = Array.from({ length: rows.length / dim }, (_, i) => String(row + i));
    return this.#collection.addMany({ ids, vectors: rows });
  }

  prepare(query) {
    return query;
  }

  async use(ef) {
    this.#ef = ef;
    await this.#assertGraphAnswers();
  }

  // A small collection, or one that is not linked yet, is searched exactly: right for users, wrong for this bench.
  async #assertGraphAnswers() {
    const anyVector = new Float32Array(this.#options.dim).fill(1);
    const { explain } = await this.#collection.search({ ...this.#query(anyVector), explain: true });
    if (explain.strategy !== 'hnsw') throw new Error(`the graph did not answer: strategy '${explain.strategy}'`);
    if (explain.scanned !== 0) throw new Error(`${explain.scanned} vectors were not linked when the search began`);
  }

  // `include: []`, because the peers return ids and distances only.
  #query(vector) {
    return { vector, k: this.#options.k, ef: this.#ef, include: [] };
  }

  search(query) {
    return this.#collection.search(this.#query(query));
  }

  ids(hits) {
    return hits.map((hit) => Number(hit.id));
  }

  searchMany(width, take, done) {
    return slidingWindow(width, take, done, (query) => this.search(query));
  }

  async facts() {
    const { queue } = await this.#database.stats();
    const { index } = await this.#collection.stats();
    return {
      'longest own step on the event loop, ms CPU': queue.loopStepMaxMs,
      'index bytes by its own count': index?.memoryBytes,
    };
  }

  async close() {
    await this.#database?.close();
  }
}

module.exports = {
  name: 'agentmemdb',
  package: ROOT,
  efMax: 10000,
  create: (options) => new AgentMemDbEngine(options),
};
