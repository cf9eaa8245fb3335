'use strict';

// Vectors with queries and their true neighbours: the real ones when the data folder is there, generated ones when not.

const fs = require('node:fs');
const path = require('node:path');
const { readFvecs, readIvecs } = require('../../examples/support/fvecs');
const { createRandom } = require('../../examples/support/random');
const { clusteredVectors, euclidean, exactHits, randomVector, rowOf } = require('./database');

const FOLDER = path.join(process.env.AGENTMEMDB_DATA ?? path.join(__dirname, '..', '..', '..', 'shared', 'data'), 'sift5k');
const K = 10;

/**
 * { name, dimensions, ids, vectors: Float32Array, sets: [{ name, floor, queries: [{ vector, reach }] }] }
 * `reach`: the distance of the tenth nearest.
 * `floor`: the recall@10 that a graph with M 16, efConstruction 200 must reach at ef 50 (l2).
 */
async function loadVectors() {
  return fs.existsSync(FOLDER) ? readSift() : generate();
}

async function readSift() {
  const base = await readFvecs(path.join(FOLDER, 'base.fvecs'));
  const read = async (name, floor) => {
    const vectors = await readFvecs(path.join(FOLDER, `${name}.fvecs`));
    const truth = await readIvecs(path.join(FOLDER, `${name}_gt_l2.ivecs`));
    const queries = Array.from({ length: vectors.rows }, (_, i) => ({
      vector: vectors.row(i),
      reach: euclidean(vectors.row(i), base.row(truth.row(i)[K - 1])),
    }));
    return { name, floor, queries };
  };
  return {
    name: 'sift5k',
    dimensions: base.dimensions,
    ids: Array.from({ length: base.rows }, (_, i) => String(i)),
    vectors: base.values,
    sets: [await read('query', 0.98), await read('query_ood', 0.85)],
  };
}

function generate() {
  const random = createRandom(7); // Not from the environment: the floors below hold for these vectors.
  const dimensions = 64;
  const rows = 5000;
  const vectors = clusteredVectors(random, rows, dimensions);
  const records = Array.from({ length: rows }, (_, i) => ({ id: String(i), vector: rowOf(vectors, dimensions, i) }));
  const withTruth = (vector) => ({ vector, reach: exactHits(records, vector, K, 'l2')[K - 1].distance });
  const near = Array.from({ length: 100 }, () => {
    const { vector } = records[Math.floor(random() * rows)];
    return withTruth(vector.map((x) => x + 0.1 * (random() - 0.5)));
  });
  const far = Array.from({ length: 100 }, () => withTruth(randomVector(random, dimensions)));
  return {
    name: 'generated',
    dimensions,
    ids: records.map((record) => record.id),
    vectors,
    sets: [
      { name: 'near', floor: 0.98, queries: near },
      { name: 'far', floor: 0.85, queries: far },
    ],
  };
}

module.exports = { loadVectors };
