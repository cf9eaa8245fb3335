'use strict';

const path = require('node:path');
const { slidingWindow } = require('../in-flight');

const ROWS_PER_CALL = 1000;
const FIELD = 'embedding';

/** zvec: on disk, writes synchronous, optimize() and queries off the main thread. */
class ZvecEngine {
  #options;
  #zvec;
  #collection;
  #params;

  constructor(options) {
    this.#options = options;
  }

  async build(vectors) {
    this.#zvec = require('@zvec/zvec');
    this.#zvec.ZVecInitialize({ logLevel: this.#zvec.ZVecLogLevel.ERROR });
    this.#collection = this.#zvec.ZVecCreateAndOpen(path.join(this.#options.folder, 'zvec'), this.#schema());
    const { dim } = this.#options;
    const start = performance.now();
    for (let row = 0; row < vectors.length / dim; row += ROWS_PER_CALL) {
      this.#insertRows(vectors, row);
      await new Promise(setImmediate);
    }
    const loadMs = performance.now() - start;
    await this.#collection.optimize({});
    return { loadMs, settings: `insertSync of ${ROWS_PER_CALL} rows a call, optimize() on its own choice of threads` };
  }

  #schema() {
    const { ZVecCollectionSchema, ZVecDataType, ZVecIndexType, ZVecMetricType } = this.#zvec;
    const { dim, metric, M, efConstruction } = this.#options;
    const metricType = metric === 'cosine' ? ZVecMetricType.COSINE : ZVecMetricType.IP;
    const indexParams = { indexType: ZVecIndexType.HNSW, metricType, m: M, efConstruction };
    const vectors = { name: FIELD, dataType: ZVecDataType.VECTOR_FP32, dimension: dim, indexParams };
    return new ZVecCollectionSchema({ name: 'bench', vectors });
  }

  #insertRows(vectors, row) {
    const { dim } = this.#options;
    const count = Math.min(ROWS_PER_CALL, vectors.length / dim - row);
    const documents = Array.from({ length: count }, (_, i) => ({
      id: String(row + i),
      vectors: { [FIELD]: vectors.subarray((row + i) * dim, (row + i + 1) * dim) },
    }));
    const refused = this.#collection.insertSync(documents).find((status) => !status.ok);
    if (refused) throw new Error(`insertSync refused a row: ${refused.message}`);
  }

  prepare(query) {
    return query;
  }

  use(ef) {
    this.#params = { indexType: this.#zvec.ZVecIndexType.HNSW, ef };
  }

  search(query) {
    const { k } = this.#options;
    return this.#collection.query({ fieldName: FIELD, vector: query, topk: k, outputFields: [], params: this.#params });
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
