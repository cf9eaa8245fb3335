'use strict';

// Data for tests and their child processes: the same seed gives the same vectors in every process.

const fs = require('node:fs');
const path = require('node:path');

const { createRandom, gaussian } = require('../../examples/support/random');
const { readFvecs, readIvecs } = require('../../examples/support/fvecs');

const DATA = process.env.AGENTMEMDB_DATA ?? path.join(__dirname, '..', '..', '..', 'shared', 'data');
const CLUSTERS = 50;

/** `rows` x `dimensions` normally distributed numbers. */
function randomMatrix(random, rows, dimensions) {
  const values = new Float32Array(rows * dimensions);
  // A sum of four uniform numbers is near enough to normal, and faster than logarithms and cosines.
  for (let i = 0; i < values.length; i++) values[i] = random() + random() + random() + random() - 2;
  return values;
}

function randomVector(random, dimensions) {
  return randomMatrix(random, 1, dimensions);
}

function rowOf(matrix, i, dimensions) {
  return matrix.subarray(i * dimensions, (i + 1) * dimensions);
}

/** Vectors around a few centres, and queries from the same mixture: { base, queries } as arrays of Float32Array. */
function clustered(seed, { count, queries, dimensions }) {
  const random = createRandom(seed);
  const centres = Array.from({ length: CLUSTERS }, () => Float32Array.from({ length: dimensions }, () => gaussian(random)));
  const draw = () => {
    const centre = centres[Math.floor(random() * CLUSTERS)];
    return centre.map((x) => x + 0.7 * gaussian(random));
  };
  return { base: Array.from({ length: count }, draw), queries: Array.from({ length: queries }, draw) };
}

function l2(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}

/** The distance of the k-th nearest: whatever is not farther belongs to the k nearest, ties included. */
function radiusOf(base, query, k) {
  return base.map((vector) => l2(vector, query)).sort((a, b) => a - b)[k - 1];
}

/** sift5k when it is there, else generated: { name, base, queries, radius }; radius[q] = distance (l2) of the 10th nearest. */
async function recallData() {
  const folder = path.join(DATA, 'sift5k');
  if (fs.existsSync(folder)) {
    const rows = ({ rows: n, row }) => Array.from({ length: n }, (_, i) => row(i));
    const base = rows(await readFvecs(path.join(folder, 'base.fvecs')));
    const queries = rows(await readFvecs(path.join(folder, 'query.fvecs')));
    const tenth = rows(await readIvecs(path.join(folder, 'query_gt_l2.ivecs'))).map((row) => row[9]);
    return { name: 'sift5k', base, queries, radius: queries.map((query, q) => l2(query, base[tenth[q]])) };
  }
  const { base, queries } = clustered(1, { count: 5000, queries: 100, dimensions: 128 });
  return { name: 'generated', base, queries, radius: queries.map((query) => radiusOf(base, query, 10)) };
}

module.exports = { createRandom, randomMatrix, randomVector, rowOf, recallData };
