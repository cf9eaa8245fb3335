'use strict';

// Runs judged queries through the product under named settings.

const { open } = require('../../lib');
const { metricsOf, meansOf } = require('./metrics');

const DEPTH = 1000;

// What a setting asks of a query; `analyzer`: of the collection; `random`: its vectors are noise.
const SETTINGS = {
  reference: { analyzer: 'reference', query: ({ text }) => ({ text }) },
  keyword: { query: ({ text }) => ({ text }) },
  vector: { needsVectors: true, query: ({ vector }) => ({ vector, exact: true }) },
  hybrid: { needsVectors: true, query: ({ text, vector }) => ({ text, vector }) },
  'hybrid-reference': { analyzer: 'reference', needsVectors: true, query: ({ text, vector }) => ({ text, vector }) },
  rrf: { needsVectors: true, query: ({ text, vector }) => ({ text, vector, fusion: 'rrf' }) },
  minmax: { needsVectors: true, query: ({ text, vector }) => ({ text, vector, fusion: 'minmax' }) },
  dbsf: { needsVectors: true, query: ({ text, vector }) => ({ text, vector, fusion: 'dbsf' }) },
  'hybrid-random': { needsVectors: true, random: true, query: ({ text, vector }) => ({ text, vector }) },
};

/** Unit vectors of noise, the same in every run. */
function randomVectors(count, dimensions) {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, () => Float32Array.from({ length: dimensions }, () => next() + next() + next() - 1.5));
}

/** One collection for each space (a conversation, where the set has such), all in one database in memory. */
async function load(records, { analyzer = 'default', needsVectors = false }) {
  const database = await open(':memory:');
  const spaces = new Map();
  for (const record of records) {
    if (!spaces.has(record.space)) spaces.set(record.space, []);
    spaces.get(record.space).push({ id: record.id, text: record.text, ...(needsVectors && record.vector && { vector: record.vector }) });
  }
  const collections = new Map();
  for (const [space, list] of spaces) {
    const dimensions = needsVectors ? { dimensions: list.find(({ vector }) => vector).vector.length } : {};
    const collection = await database.createCollection(`c${collections.size}`, { ...dimensions, text: { analyzer } });
    for (let at = 0; at < list.length; at += 2000) await collection.addMany(list.slice(at, at + 2000));
    await collection.indexed();
    collections.set(space, collection);
  }
  return { database, collections };
}

/** The metrics of each query, in their order. */
async function evaluate({ records, queries }, name) {
  const setting = SETTINGS[name];
  if (setting.random) {
    const noise = randomVectors(records.length + queries.length, 256);
    records = records.map((record, i) => ({ ...record, vector: noise[i] }));
    queries = queries.map((query, i) => ({ ...query, vector: noise[records.length + i] }));
  }
  const { database, collections } = await load(records, setting);
  try {
    const results = [];
    for (const query of queries) {
      const hits = await collections.get(query.space).search({ ...setting.query(query), k: DEPTH, include: [] });
      results.push(metricsOf(hits.map(({ id }) => id), query.judged));
    }
    return results;
  } finally {
    await database.close();
  }
}

// A shuffle that is the same in every run.
function drawn(list, seed) {
  let state = seed + 1;
  const rest = [...list];
  return list.map(() => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return rest.splice(Math.floor((state / 2 ** 32) * rest.length), 1)[0];
  });
}

/**
 * Means over draws: `count` queries calibrate the collection, the others are asked with what came out. { alpha, before, after }:
 * metrics of the default and of the calibrated weight on those others; `keyword`, `vector`: of each arm alone.
 */
async function calibrated({ records, queries }, { count = 30, draws = 20 } = {}) {
  const { database, collections } = await load(records, { needsVectors: true });
  const collection = collections.get(queries[0].space);
  const ask = async (query) => {
    const hits = await collection.search({ ...query, k: DEPTH, include: [] });
    return hits.map(({ id }) => id);
  };
  const over = async (list, toQuery) => {
    const all = [];
    for (const query of list) all.push(metricsOf(await ask(toQuery(query)), query.judged));
    return meansOf(all);
  };
  try {
    const rows = [];
    for (let draw = 0; draw < draws; draw++) {
      const order = drawn(queries, draw);
      const [held, asked] = [order.slice(0, count), order.slice(count)];
      const judged = held.map(({ text, vector, judged: grades }) => {
        return { text, vector, relevant: Object.fromEntries([...grades].filter(([, grade]) => grade > 0)) };
      });
      const { alpha } = await collection.calibrate(judged, { store: false });
      rows.push({
        alpha,
        keyword: await over(asked, ({ text }) => ({ text })),
        vector: await over(asked, ({ vector }) => ({ vector, exact: true })),
        default: await over(asked, ({ text, vector }) => ({ text, vector })),
        calibrated: await over(asked, ({ text, vector }) => ({ text, vector, alpha })),
      });
    }
    return rows;
  } finally {
    await database.close();
  }
}

module.exports = { SETTINGS, evaluate, calibrated, load };
