'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Mixture, exactNeighbours } = require('./generate');

// Raise it when generate.js changes, so that nobody measures on a data set of an older shape.
const GENERATOR_VERSION = 1;

/**
 * The data set of a run: base vectors, held-out queries and the exact answers, in one file that every engine's process
 * reads. Generating and scanning exactly takes longer than some runs, so the file stays in the temp folder and is used
 * again by a run with the same shape and seed.
 *   file := base float32 n x dim · queries float32 queries x dim · truth uint32 queries x k
 */
function prepareData({ n, dim, queries, k, seed }, onGenerate = () => {}) {
  const shape = { n, dim, queries, k, seed };
  const folder = path.join(os.tmpdir(), 'agentmemdb-bench-data');
  const file = path.join(folder, `v${GENERATOR_VERSION}-${n}x${dim}-q${queries}-k${k}-s${seed}.bin`);
  if (!isComplete(file, shape)) {
    onGenerate(file);
    fs.mkdirSync(folder, { recursive: true });
    writeWhole(file, generate(shape));
  }
  return { ...shape, file };
}

function generate({ n, dim, queries, k, seed }) {
  const mixture = new Mixture(dim, seed);
  const base = mixture.draw(n);
  const held = mixture.draw(queries);
  return [base, held, exactNeighbours(base, held, dim, k)];
}

/** Reads what prepareData() described. */
function readData({ n, dim, queries, k, file }) {
  const handle = fs.openSync(file, 'r');
  try {
    return {
      base: readInto(handle, new Float32Array(n * dim)),
      queries: readInto(handle, new Float32Array(queries * dim)),
      truth: readInto(handle, new Uint32Array(queries * k)),
    };
  } finally {
    fs.closeSync(handle);
  }
}

function readInto(handle, array) {
  const bytes = new Uint8Array(array.buffer);
  // One read call returns at most 2 GiB.
  for (let done = 0; done < bytes.length; ) {
    const got = fs.readSync(handle, bytes, done, Math.min(bytes.length - done, 2 ** 30));
    if (got === 0) throw new Error('the data file is shorter than it should be; delete it and run again');
    done += got;
  }
  return array;
}

function isComplete(file, { n, dim, queries, k }) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  return stat !== undefined && stat.size === 4 * (n * dim + queries * dim + queries * k);
}

function writeWhole(file, arrays) {
  const draft = `${file}.${process.pid}`;
  const handle = fs.openSync(draft, 'w');
  try {
    for (const array of arrays) writeAll(handle, new Uint8Array(array.buffer));
  } finally {
    fs.closeSync(handle);
  }
  fs.renameSync(draft, file);
}

function writeAll(handle, bytes) {
  for (let done = 0; done < bytes.length; ) {
    done += fs.writeSync(handle, bytes, done, Math.min(bytes.length - done, 2 ** 30));
  }
}

/** Share of the exact answers that `found` contains, over all queries; a query has k of them. */
function recall(found, truth, k) {
  let hits = 0;
  found.forEach((ids, query) => {
    const exact = new Set(truth.subarray(query * k, (query + 1) * k));
    hits += ids.filter((id) => exact.has(id)).length;
  });
  return hits / (found.length * k);
}

module.exports = { prepareData, readData, recall };
