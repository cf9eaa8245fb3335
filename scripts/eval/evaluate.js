'use strict';

// Runs judged queries through the product under named settings.

const { open } = require('../../lib');
const { metricsOf, meansOf } = require('./metrics');

// Hits asked for, where nothing else is said: MAP is of so many.
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
  const { vector: first } = needsVectors ? records.find(({ vector }) => vector) : {};
  for (const record of records) {
    if (!spaces.has(record.space)) spaces.set(record.space, []);
    spaces.get(record.space).push({ id: record.id, text: record.text, ...(needsVectors && record.vector && { vector: record.vector }) });
  }
  const collections = new Map();
  for (const [space, list] of spaces) {
    const dimensions = first && { dimensions: first.length };
    const collection = await database.createCollection(`c${collections.size}`, { ...dimensions, text: { analyzer } });
    for (let at = 0; at < list.length; at += 2000) await collection.addMany(list.slice(at, at + 2000));
    await collection.indexed();
    collections.set(space, collection);
  }
  return { database, collections };
}

/** The metrics of each query, in their order. `k`: hits asked for, on which fusion depends too: it looks at 2 k of each arm. */
async function evaluate({ records, queries }, name, { k = DEPTH } = {}) {
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
      results.push(await metricsOfAsked(collections.get(query.space), query, { ...setting.query(query), k }));
    }
    return results;
  } finally {
    await database.close();
  }
}

// A query without a vector finds nothing by it.
async function metricsOfAsked(collection, { judged }, { text, vector, ...asked }) {
  const is = { ...(text !== undefined && { text }), ...(vector !== undefined && { vector }) };
  const hits = Object.keys(is).length === 0 ? [] : await collection.search({ ...asked, ...is, include: [] });
  return metricsOf(hits.map(({ id }) => id), judged);
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
 * For each of some draws: `count` queries calibrate the collection, the others are asked with what came out. [{ alpha, keyword, vector, default,
 * calibrated }]: mean metrics on those others of each arm alone, of the default weight and of the calibrated one.
 */
async function calibrated({ records, queries: all }, { count = 30, draws = 20, k = DEPTH } = {}) {
  const queries = all.filter(({ vector }) => vector !== undefined);
  if (count >= queries.length) throw new Error(`${count} queries to calibrate with leave none of ${queries.length} to ask`);
  const { database, collections } = await load(records, { needsVectors: true });
  const over = meansOfAsked(collections, k);
  try {
    if (collections.size > 1) throw new Error('each conversation is a collection of its own: there is no one to calibrate');
    const rows = [];
    for (let draw = 0; draw < draws; draw++) {
      const order = drawn(queries, draw);
      const [held, asked] = [order.slice(0, count), order.slice(count)];
      const judged = held.map(({ text, vector, judged: grades }) => {
        return { text, vector, relevant: Object.fromEntries([...grades].filter(([, grade]) => grade > 0)) };
      });
      const { alpha, gate } = await collections.get(queries[0].space).calibrate(judged, { store: false });
      rows.push({
        alpha,
        keyword: await over(asked, 'keyword', ({ text }) => ({ text })),
        vector: await over(asked, 'vector', ({ vector }) => ({ vector, exact: true })),
        default: await over(asked, 'default', ({ text, vector }) => ({ text, vector })),
        calibrated: await over(asked, `alpha ${alpha}`, ({ text, vector }) => ({ text, vector, alpha: alpha * gate })),
      });
    }
    return rows;
  } finally {
    await database.close();
  }
}

/** over(queries, name, toQuery): their mean metrics. What was asked in an earlier draw, by the same name, is not asked again. */
function meansOfAsked(collections, k) {
  const known = new Map();
  return async (list, name, toQuery) => {
    const all = [];
    for (const query of list) {
      const key = `${name} ${query.id}`;
      if (!known.has(key)) known.set(key, await metricsOfAsked(collections.get(query.space), query, { ...toQuery(query), k }));
      all.push(known.get(key));
    }
    return meansOf(all);
  };
}

module.exports = { SETTINGS, evaluate, calibrated, load };
