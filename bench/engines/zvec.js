'use strict';

const path = require('node:path');
const { slidingWindow } = require('../in-flight');
const { metadataOf, textOf } = require('../texts');

const ROWS_PER_CALL = 1000;
const EF_AFTER_REOPEN = 100;
const VECTOR = 'embedding';
const TEXT = 'text';
const EF_OF_HYBRID = 100; // what ours has by default

/** zvec: on disk, writes synchronous, optimize() and queries off the main thread. */
class ZvecEngine {
  #options;
  #file;
  #zvec;
  #collection;
  #params;

  constructor(options) {
    this.#options = options;
    this.#file = path.join(options.folder, 'zvec');
    this.#zvec = require('@zvec/zvec');
    this.#zvec.ZVecInitialize({ logLevel: this.#zvec.ZVecLogLevel.ERROR });
  }

  async build(vectors) {
    const { dim, threads, fields } = this.#options;
    this.#collection = this.#zvec.ZVecCreateAndOpen(this.#file, this.#schema(fields ? this.#numbers() : []));
    const start = performance.now();
    for (let row = 0; row < vectors.length / dim; row += ROWS_PER_CALL) {
      this.insert(row, vectors.subarray(row * dim, (row + ROWS_PER_CALL) * dim));
      await new Promise(setImmediate);
    }
    const loadMs = performance.now() - start;
    await this.settle();
    const settings = `insertSync of ${ROWS_PER_CALL} rows a call, optimize() on ${threads ?? 'its own choice of'} threads`;
    return { loadMs, settings };
  }

  #schema(fields) {
    const { ZVecCollectionSchema, ZVecDataType, ZVecIndexType, ZVecMetricType } = this.#zvec;
    const { dim, metric, M, efConstruction } = this.#options;
    const metricType = metric === 'cosine' ? ZVecMetricType.COSINE : ZVecMetricType.IP;
    const indexParams = { indexType: ZVecIndexType.HNSW, metricType, m: M, efConstruction };
    const vectors = { name: VECTOR, dataType: ZVecDataType.VECTOR_FP32, dimension: dim, indexParams };
    return new ZVecCollectionSchema({ name: 'bench', vectors, fields });
  }

  // The numbers of fields.js, each with the index made for ranges.
  #numbers() {
    const { ZVecDataType, ZVecIndexType } = this.#zvec;
    const indexParams = { indexType: ZVecIndexType.INVERT, enableRangeOptimization: true };
    return ['independent', 'correlated'].map((name) => ({ name, dataType: ZVecDataType.INT32, indexParams }));
  }

  insert(first, vectors) {
    const { fields } = this.#options;
    const numbers = (row) => fields && { independent: fields.independent[row], correlated: fields.correlated[row] };
    this.#write('insertSync', this.#documents(first, vectors, numbers));
  }

  #documents(first, vectors, fieldsOf) {
    const { dim } = this.#options;
    return Array.from({ length: vectors.length / dim }, (_, i) => {
      const fields = fieldsOf(first + i);
      return { id: String(first + i), vectors: { [VECTOR]: vectors.subarray(i * dim, (i + 1) * dim) }, ...(fields && { fields }) };
    });
  }

  #write(how, documents) {
    const refused = this.#collection[how](documents).find((status) => !status.ok);
    if (refused) throw new Error(`${how} refused a row: ${refused.message}`);
  }

  remove(first, count) {
    this.#write('deleteSync', Array.from({ length: count }, (_, i) => String(first + i)));
  }

  async settle() {
    const { threads } = this.#options;
    await this.#collection.optimize(threads ? { concurrency: threads } : {});
  }

  /** Opens what an earlier process built and closed. */
  reopen() {
    this.#collection = this.#zvec.ZVecOpen(this.#file);
    this.use(EF_AFTER_REOPEN);
  }

  /** A new collection for rows with texts and metadata. */
  create() {
    const { STRING, INT32 } = this.#zvec.ZVecDataType;
    const field = (name, dataType) => ({ name, dataType });
    const schema = this.#schema([field('text', STRING), field('topic', STRING), field('number', INT32)]);
    this.#collection = this.#zvec.ZVecCreateAndOpen(this.#file, schema);
    this.use(EF_AFTER_REOPEN);
  }

  /** Those rows; the time of the writing, their texts made before. */
  load(first, vectors) {
    const documents = this.#documents(first, vectors, (row) => ({ text: textOf(row), ...metadataOf(row) }));
    const start = performance.now();
    this.#write('upsertSync', documents);
    return performance.now() - start;
  }

  /** A new collection for texts, with or without a vector each; words by their stems, as ours and LanceDB take them by default. */
  createTexts(withVectors) {
    const { ZVecCollectionSchema, ZVecDataType, ZVecIndexType } = this.#zvec;
    const indexParams = { indexType: ZVecIndexType.FTS, tokenizerName: 'standard', filters: ['lowercase', 'stemmer'] };
    const fields = [{ name: TEXT, dataType: ZVecDataType.STRING, indexParams }];
    const schema = withVectors ? this.#schema(fields) : new ZVecCollectionSchema({ name: 'bench', fields });
    this.#collection = this.#zvec.ZVecCreateAndOpen(this.#file, schema);
    this.use(EF_OF_HYBRID);
  }

  async loadTexts(first, texts, vectors) {
    const { dim } = this.#options;
    const documents = texts.map((text, i) => ({
      id: String(first + i),
      fields: { [TEXT]: text },
      ...(vectors && { vectors: { [VECTOR]: vectors.subarray(i * dim, (i + 1) * dim) } }),
    }));
    this.#write('upsertSync', documents);
    await new Promise(setImmediate);
  }

  async settleTexts() {
    await this.settle();
    return 'upsertSync, then optimize(); stemmer on';
  }

  keywords({ text }) {
    return this.#collection.query({ ...this.#words(text), topk: this.#options.k, outputFields: [] });
  }

  hybrid({ text, vector }) {
    const queries = [this.#words(text), { fieldName: VECTOR, vector, params: this.#params }];
    return this.#collection.multiQuery({ queries, topk: this.#options.k, outputFields: [] });
  }

  #words(text) {
    return { fieldName: TEXT, fts: { matchString: text } };
  }

  count() {
    return this.#collection.stats.docCount;
  }

  prepare(query) {
    return query;
  }

  use(ef) {
    this.#params = { indexType: this.#zvec.ZVecIndexType.HNSW, ef };
  }

  search(query) {
    return this.#collection.query(this.#query(query));
  }

  #query(vector) {
    return { fieldName: VECTOR, vector, topk: this.#options.k, outputFields: [], params: this.#params };
  }

  filter(field, below) {
    return `${field} < ${below}`;
  }

  searchFiltered(query, filter) {
    return this.#collection.query({ ...this.#query(query), filter });
  }

  ids(documents) {
    return documents.map((document) => Number(document.id));
  }

  searchMany(width, take, done) {
    return slidingWindow(width, take, done, (query) => this.search(query));
  }

  close() {
    this.#collection?.closeSync();
  }
}

module.exports = {
  name: 'zvec',
  package: '@zvec/zvec',
  efMax: 2048, // it refuses more
  create: (options) => new ZvecEngine(options),
};
