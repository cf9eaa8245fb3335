'use strict';

const path = require('node:path');
const { slidingWindow } = require('../in-flight');
const { metadataOf, textOf } = require('../texts');

const ROOT = path.join(__dirname, '..', '..');
const ROWS_PER_CALL = 1000;

/** agentmemdb, opened as users open it: a database file, durability 'full'. Only the graph is forced (minSize 0). */
class AgentMemDbEngine {
  #options;
  #file;
  #database;
  #collection;
  #ef = 100;

  constructor(options) {
    this.#options = options;
    this.#file = path.join(options.folder, 'bench.db');
  }

  async build(vectors) {
    const { dim } = this.#options;
    await this.#open();
    const start = performance.now();
    for (let row = 0; row < vectors.length / dim; row += ROWS_PER_CALL) {
      await this.insert(row, vectors.subarray(row * dim, (row + ROWS_PER_CALL) * dim));
    }
    const loadMs = performance.now() - start;
    await this.settle();
    return { loadMs, settings: `addMany of ${ROWS_PER_CALL} rows a call, durability full, then indexed()` };
  }

  async #open() {
    const { dim, metric, M, efConstruction } = this.#options;
    const { open } = require(ROOT);
    this.#database = await open(this.#file, { durability: 'full' });
    const hnsw = { M, efConstruction, minSize: 0 };
    this.#collection = await this.#database.collection('bench', { dimensions: dim, metric, hnsw });
  }

  /** Searchable and durable when it resolves; linked when settle() does. */
  insert(first, vectors) {
    const rows = Array.from({ length: vectors.length / this.#options.dim }, (_, i) => first + i);
    const { fields } = this.#options;
    const metadatas = fields && rows.map((row) => ({ independent: fields.independent[row], correlated: fields.correlated[row] }));
    return this.#collection.addMany({ ids: rows.map(String), vectors, ...(metadatas && { metadatas }) });
  }

  remove(first, count) {
    const ids = Array.from({ length: count }, (_, i) => String(first + i));
    return this.#database.batch(ids.map((id) => ({ type: 'delete', collection: this.#collection, id })));
  }

  settle() {
    return this.#collection.indexed();
  }

  /** Opens what an earlier process built and closed. */
  reopen() {
    return this.#open();
  }

  /** A new database for rows with texts and metadata. */
  async create() {
    await this.#open();
    return this.#file;
  }

  /** Those rows; resolves to the time of the writing, their texts made before. */
  async load(first, vectors) {
    const rows = Array.from({ length: vectors.length / this.#options.dim }, (_, i) => first + i);
    const records = { ids: rows.map(String), vectors, texts: rows.map(textOf), metadatas: rows.map(metadataOf) };
    const start = performance.now();
    await this.#collection.upsertMany(records);
    return performance.now() - start;
  }

  /** A new database for texts, with or without a vector each. */
  async createTexts(withVectors) {
    if (withVectors) return void (await this.#open());
    this.#database = await require(ROOT).open(this.#file, { durability: 'full' });
    this.#collection = await this.#database.collection('bench');
  }

  async loadTexts(first, texts, vectors) {
    await this.#collection.upsertMany({ ids: texts.map((_, i) => String(first + i)), texts, ...(vectors && { vectors }) });
  }

  /** The first search for words fills the keyword index; from then on the background does. */
  async settleTexts() {
    await this.#collection.search({ text: 'anything', k: 1, include: [] });
    await this.#collection.indexed();
    return 'upsertMany, durability full, then a search and indexed()';
  }

  keywords({ text }) {
    return this.#collection.search({ text, k: this.#options.k, include: [] });
  }

  hybrid({ text, vector }) {
    return this.#collection.search({ text, vector, k: this.#options.k, include: [] });
  }

  count() {
    return this.#collection.count();
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

  filter(field, below) {
    return { [field]: { $lt: below } };
  }

  searchFiltered(query, filter) {
    return this.#collection.search({ ...this.#query(query), filter });
  }

  ids(hits) {
    return hits.map((hit) => Number(hit.id));
  }

  searchMany(width, take, done) {
    return slidingWindow(width, take, done, (query) => this.search(query));
  }

  /** Vectors that are not linked yet. */
  async tail() {
    const { index } = await this.#collection.stats();
    return index.tail;
  }

  async facts() {
    const { queue } = await this.#database.stats();
    const { index } = await this.#collection.stats();
    return { loopStepMaxMs: queue.loopStepMaxMs, indexBytes: index?.memoryBytes };
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
