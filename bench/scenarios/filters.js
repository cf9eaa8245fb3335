'use strict';

const { rotated } = require('../context');
const { readData, recall } = require('../data');
const { fieldsOf, filtersOf } = require('../fields');
const { medianOf } = require('../measure');
const { sequentialPass, taker } = require('../passes');
const { at, fixed, percent, thousands, whole } = require('../table');

const QUERIES_MAX = 100; // an engine that evaluates its filter anew each time takes a tenth of a second for one
const SEARCHES_MIN = 10;
const CHECK_MS = 3000; // for the recall of one filter: a slow engine answers fewer queries, SEARCHES_MIN at least
const TARGET = 0.95;

/** Before the engines are built: every row gets the numbers to filter by. */
function before(context) {
  const { base } = readData(context.data);
  context.fields = fieldsOf(base, context.options.dim, context.options.seed);
}

/** Filtered searches, the evaluation of the filter included, each at the first ef that reaches the recall. */
async function run(context) {
  const engines = await context.builtThatCan('filter');
  const { k, dim } = context.options;
  const { base, queries } = readData(context.data);
  context.progress('exact answers of the filters');
  const few = queries.subarray(0, QUERIES_MAX * dim);
  const filters = filtersOf(context.fields, base, few, dim, k);
  const rows = [];
  for (const engine of engines) {
    for (const filter of filters) rows.push(...(await findEf(context, engine, filter)));
  }
  for (let round = 0; round < context.options.rounds; round++) {
    for (const engine of rotated(engines, round)) await measureRound(context, engine, rows, round);
  }
  return rows.map(({ rounds, ...row }) => ({ ...row, ...(rounds.length > 0 && medianOf(rounds)), rounds }));
}

async function findEf(context, engine, { field, below, matching, wanted, truth }) {
  const found = await context.attempt(engine, `${field} < ${below}`, async () => {
    const start = await context.efFor(engine, TARGET);
    let ef = start?.ef ?? engine.efMax;
    for (;;) {
      const answer = await engine.client.call('filters.check', { ef, field, below, wanted, truth });
      if (answer.recall >= TARGET || ef >= engine.efMax) return { ef, ...answer };
      ef = Math.min(engine.efMax, 2 * ef);
    }
  });
  const share = matching / context.options.n;
  return found ? [{ engine: engine.name, field, below, matching, share, ...found, rounds: [] }] : [];
}

async function measureRound(context, engine, rows, round) {
  await context.attempt(engine, `round ${round + 1} of filters`, async () => {
    for (const row of rows.filter(({ engine: name }) => name === engine.name)) {
      const { ef, field, below } = row;
      row.rounds.push(await engine.client.call('filters.slot', { ef, field, below, ms: context.options.slotMs }));
    }
  });
}

const verbs = {
  /** Recall among the allowed, and the share of answers with exactly as many rows as there should be, all of them allowed. */
  async check({ engine, prepared, options }, { ef, field, below, wanted, truth }) {
    await engine.use(ef);
    const filter = engine.filter(field, below);
    const end = performance.now() + CHECK_MS;
    const found = [];
    for (const query of prepared.slice(0, truth.length / wanted)) {
      if (found.length >= SEARCHES_MIN && performance.now() >= end) break;
      found.push(engine.ids(await engine.searchFiltered(query, filter)));
    }
    const isWhole = (ids) => ids.length === wanted && ids.every((id) => options.fields[field][id] < below);
    const complete = found.filter(isWhole).length / found.length;
    return { recall: recall(found, truth, wanted), complete, queries: found.length };
  },

  async slot({ engine, prepared }, { ef, field, below, ms }) {
    await engine.use(ef);
    const filter = engine.filter(field, below);
    const take = taker(prepared.slice(0, QUERIES_MAX), ms, SEARCHES_MIN);
    return sequentialPass(take, (query) => engine.searchFiltered(query, filter));
  },
};

function tables(rows) {
  const columns = [
    ['engine', 'engine'],
    ['allowed', 'share', percent],
    ['rows', 'matching', thousands],
    ['ef', 'ef'],
    ['recall', 'recall', fixed(4)],
    ['queries', 'queries'],
    ['all of min(k, matching)', 'complete', percent],
    ['p50 us', 'p50', whole],
    ['p99 us', 'p99', whole],
    ['QPS', 'qps', thousands],
  ];
  return groups(rows, 'field').map(([field, these]) => ({ title: `Filter ${FILTER_WORDS[field]}`, columns, rows: these }));
}

const FILTER_WORDS = {
  independent: 'independent of the vector',
  correlated: 'correlated with it: one side of a random projection',
};

function ratios(rows) {
  return groups(rows, 'field').flatMap(([field, these]) =>
    groups(these, 'below').map(([, same]) => {
      const label = `p50 us, ${percent(same[0].share)} allowed, ${field}`;
      return { label, rows: same.filter((row) => row.recall >= TARGET), path: 'p50', larger: false };
    }),
  );
}

function groups(rows, path) {
  const keys = [...new Set(rows.map((row) => at(row, path)))];
  return keys.map((key) => [key, rows.filter((row) => at(row, path) === key)]);
}

module.exports = { name: 'filters', about: 'Filtered search', before, run, verbs, tables, ratios };
