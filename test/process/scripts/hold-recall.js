'use strict';

// hold-recall.js <file> load|reopen: prints { name, recall, exact, strategy } of a collection and, after loading, goes on
// writing into another one until it is killed.

const { open } = require('agentmemdb');
const { createRandom, randomVector, recallData } = require('../vectors');

const K = 10;
const EF = 50;

const ROUNDING = 1.00001;

async function recallOf(collection, { queries, radius }, options) {
  const results = await Promise.all(queries.map((vector) => collection.search({ vector, k: K, include: [], ...options })));
  const found = results.map((hits, q) => hits.filter(({ distance }) => distance <= radius[q] * ROUNDING).length);
  return found.reduce((sum, n) => sum + n, 0) / (queries.length * K);
}

async function main([file, mode]) {
  const data = await recallData();
  const db = await open(file);
  const options = { dimensions: data.base[0].length, metric: 'l2', hnsw: { M: 16, efConstruction: 200, minSize: 0 } };
  const collection = await db.collection('vectors', options);
  if (mode === 'load') await collection.addMany(data.base.map((vector, i) => ({ id: String(i), vector })));
  await collection.indexed();
  const { explain } = await collection.search({ vector: data.queries[0], ef: EF, explain: true });
  const recall = await recallOf(collection, data, { ef: EF });
  const exact = await recallOf(collection, data, { exact: true });
  console.log(JSON.stringify({ name: data.name, recall, exact, strategy: explain.strategy }));
  if (mode !== 'load') return db.close();

  const random = createRandom(1);
  const other = await db.collection('other', { dimensions: 8, hnsw: { minSize: 0 } });
  for (;;) await other.add({ vector: randomVector(random, 8) });
}

main(process.argv.slice(2));
