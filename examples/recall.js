'use strict';

// How often does the graph find the true nearest neighbours? Recall@k and speed for several values of ef.
//
//   node examples/recall.js                                                generated, clustered vectors
//   node examples/recall.js BASE.fvecs QUERY.fvecs --metric l2             yours
//   node examples/recall.js BASE.fvecs QUERY.fvecs --truth TRUTH.ivecs     checked against neighbours known from elsewhere too
//   options: --ef 10,20,50,100   --k 10   --metric cosine | l2 | ip   --seed 1 (of the generated vectors)

const assert = require('node:assert');
const { performance } = require('node:perf_hooks');
const { parseArgs } = require('node:util');

const { open } = require('agentmemdb');
const { readFvecs, readIvecs } = require('./support/fvecs');
const { createRandom, gaussian } = require('./support/random');
const { formatTable } = require('./support/table');
const { timed, formatMs } = require('./support/timing');

// minSize 0: the graph answers however few vectors there are. A real application leaves it alone: small sets are searched exactly.
const HNSW = { M: 16, efConstruction: 200, minSize: 0 };
const RECORDS_PER_CALL = 50_000;
const TIMED_FOR_MS = 300;

async function main() {
  const options = readOptions();
  const { base, queries, truth } = await readVectors(options);
  console.log(`${base.rows} vectors, ${queries.rows} queries, ${base.dimensions} dimensions, ${options.metric}, k ${options.k}`);

  const db = await open(':memory:');
  try {
    const vectors = await db.createCollection('vectors', { dimensions: base.dimensions, metric: options.metric, hnsw: HNSW });
    const loading = await timed(() => load(vectors, base));
    const linking = await timed(() => vectors.indexed());
    console.log(`loaded in ${formatMs(loading.ms)}, graph complete ${formatMs(linking.ms)} later\n`);
    await printRecall(vectors, queries, truth, options);
  } finally {
    await db.close();
  }
}

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      metric: { type: 'string', default: 'l2' },
      ef: { type: 'string', default: '10,20,50,100' },
      k: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      truth: { type: 'string' },
    },
  });
  const [baseFile, queryFile] = positionals;
  const wellFormed = positionals.length === 2 || (positionals.length === 0 && values.truth === undefined);
  if (!wellFormed) throw new Error('expected BASE.fvecs QUERY.fvecs, or nothing at all for generated vectors');
  return { ...values, baseFile, queryFile, k: Number(values.k), efs: values.ef.split(',').map(Number), seed: Number(values.seed) };
}

async function readVectors({ baseFile, queryFile, truth: truthFile, seed, k }) {
  if (baseFile === undefined) {
    console.log(`generated vectors, seed ${seed}`);
    return generateClusters({ rows: 5_000, queries: 100, dimensions: 64, clusters: 50, seed });
  }
  const [base, queries] = await Promise.all([readFvecs(baseFile), readFvecs(queryFile)]);
  const truth = truthFile && (await readIvecs(truthFile));
  if (truth && (truth.rows !== queries.rows || truth.dimensions < k)) {
    const needed = `${queries.rows} rows of at least ${k}`;
    throw new Error(`${truthFile}: ${truth.rows} rows of ${truth.dimensions} neighbours, needed ${needed}`);
  }
  return { base, queries, truth };
}

/** Points around random centres: closer to real embeddings than even noise, in which no index finds anything to hold on to. */
function generateClusters({ rows, queries, dimensions, clusters, seed }) {
  const random = createRandom(seed);
  const centres = Array.from({ length: clusters * dimensions }, () => gaussian(random));
  const points = (count) => {
    const values = new Float32Array(count * dimensions);
    for (let row = 0; row < count; row++) {
      const centre = Math.floor(random() * clusters) * dimensions;
      for (let i = 0; i < dimensions; i++) values[row * dimensions + i] = centres[centre + i] + 0.5 * gaussian(random);
    }
    return { rows: count, dimensions, values, row: (i) => values.subarray(i * dimensions, (i + 1) * dimensions) };
  };
  return { base: points(rows), queries: points(queries) };
}

/** Stores every row under its number, so that ids can be compared with the neighbour lists of a truth file. */
async function load(vectors, base) {
  for (let start = 0; start < base.rows; start += RECORDS_PER_CALL) {
    const end = Math.min(start + RECORDS_PER_CALL, base.rows);
    await vectors.addMany({
      ids: Array.from({ length: end - start }, (_, i) => String(start + i)),
      vectors: base.values.subarray(start * base.dimensions, end * base.dimensions),
    });
  }
}

async function printRecall(vectors, queries, truth, { efs, k }) {
  const exact = await searchAll(vectors, queries, { k, exact: true });
  const given = truth && exact.map((_, i) => Array.from(truth.row(i).subarray(0, k), String));
  const row = async (name, query) => {
    const found = await searchAll(vectors, queries, query);
    const recalls = [exact, given].filter(Boolean).map((wanted) => recall(found, wanted).toFixed(4));
    return [name, ...recalls, Math.round(await queriesPerSecond(vectors, queries, query))];
  };

  const rows = [];
  for (const ef of efs) rows.push(await row(`ef ${ef}`, { k, ef }));
  rows.push(await row('exact', { k, exact: true }));
  const headers = ['search', `recall@${k}`, ...(truth ? ['against truth'] : []), 'searches/s'];
  console.log(formatTable(headers, rows));
  console.log('\nEvery search was answered by the strategy asked for; searches/s: one after the other.');
}

/** The ids found for each query. */
async function searchAll(vectors, queries, query) {
  const found = [];
  for (let i = 0; i < queries.rows; i++) {
    const hits = await vectors.search({ ...query, vector: queries.row(i), include: [], explain: true });
    assert.strictEqual(hits.explain.strategy, query.exact ? 'exact' : 'hnsw', 'explain.strategy');
    found.push(hits.map((hit) => hit.id));
  }
  return found;
}

/** The part of the wanted ids that was found, averaged over the queries. */
function recall(found, wanted) {
  const parts = wanted.map((ids, i) => {
    const hits = new Set(found[i]);
    return ids.filter((id) => hits.has(id)).length / ids.length;
  });
  return parts.reduce((sum, part) => sum + part, 0) / parts.length;
}

async function queriesPerSecond(vectors, queries, query) {
  const start = performance.now();
  let searches = 0;
  while (performance.now() - start < TIMED_FOR_MS) {
    await vectors.search({ ...query, vector: queries.row(searches % queries.rows), include: [] });
    searches++;
  }
  return (1000 * searches) / (performance.now() - start);
}

main().catch((error) => {
  console.error(`recall: ${error.message}`);
  process.exitCode = 1;
});
