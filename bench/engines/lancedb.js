'use strict';

const path = require('node:path');

const EF_OF_HYBRID = 100; // what ours has by default

/** LanceDB: a table on disk, all calls off the main thread. For texts only. */
class LanceDbEngine {
  #options;
  #lancedb = require('@lancedb/lancedb');
  #connection;
  #table;
  #schema;
  #reranker;

  constructor(options) {
    this.#options = options;
  }

  /** A new table for texts, with or without a vector each. */
  async createTexts(withVectors) {
    const { Field, FixedSizeList, Float32, Int32, Schema, Utf8 } = require('apache-arrow');
    const vector = new Field('vector', new FixedSizeList(this.#options.dim, new Field('item', new Float32(), true)), false);
    const fields = [new Field('id', new Int32(), false), new Field('text', new Utf8(), false)];
    this.#schema = new Schema(withVectors ? [...fields, vector] : fields);
    this.#connection = await this.#lancedb.connect(path.join(this.#options.folder, 'lancedb'));
    this.#table = await this.#connection.createEmptyTable('bench', this.#schema);
    this.#reranker = await this.#lancedb.rerankers.RRFReranker.create();
  }

  async loadTexts(first, texts, vectors) {
    const { dim } = this.#options;
    const rows = texts.map((text, i) => ({
      id: first + i,
      text,
      ...(vectors && { vector: Array.from(vectors.subarray(i * dim, (i + 1) * dim)) }),
    }));
    await this.#table.add(rows);
  }

  async settleTexts() {
    const { Index } = this.#lancedb;
    await this.#table.optimize(); // a file per add() otherwise
    await this.#table.createIndex('text', { config: Index.fts() });
    if (this.#schema.names.includes('vector')) {
      const { M, efConstruction } = this.#options;
      const config = Index.hnswSq({ distanceType: 'cosine', numPartitions: 1, m: M, efConstruction });
      await this.#table.createIndex('vector', { config });
    }
    return 'add, optimize(), createIndex(); vectors: hnswSq of one partition';
  }

  keywords({ text }) {
    return this.#words(text).select(['id', '_score']).toArray();
  }

  hybrid({ text, vector }) {
    return this.#words(text).nearestTo(vector).ef(EF_OF_HYBRID).rerank(this.#reranker).select(['id']).toArray();
  }

  #words(text) {
    return this.#table.query().fullTextSearch(text, { columns: ['text'] }).limit(this.#options.k);
  }

  count() {
    return this.#table.countRows();
  }

  ids(rows) {
    return rows.map(({ id }) => id);
  }

  close() {
    this.#table?.close();
    this.#connection?.close();
  }
}

module.exports = {
  name: 'lancedb',
  package: '@lancedb/lancedb',
  efMax: 10000,
  create: (options) => new LanceDbEngine(options),
};
