'use strict';

const { rotated } = require('../context');
const { medianOf } = require('../measure');
const { concurrentPass, sequentialPass, taker } = require('../passes');
const { fixed, thousands, whole } = require('../table');

const TARGETS = ['0.95', '0.99'];

/** Searches one by one and many in flight, each engine at the smallest ef that reaches the recall asked for. */
async function run(context) {
  const engines = await context.built();
  const rows = [];
  for (const target of TARGETS) {
    for (const engine of engines) {
      const found = await context.attempt(engine, `ef for recall ${target}`, () => context.efFor(engine, target));
      rows.push({ engine: engine.name, target, ...found, rounds: [] });
    }
  }
  for (let round = 0; round < context.options.rounds; round++) {
    for (const engine of rotated(engines, round)) await measureRound(context, engine, rows, round);
  }
  return rows.map(({ rounds, ...row }) => ({ ...row, ...(rounds.length > 0 && medianOf(rounds)), rounds }));
}

async function measureRound(context, engine, rows, round) {
  const { slotMs, inFlight } = context.options;
  for (const row of rows.filter(({ engine: name, ef }) => name === engine.name && ef)) {
    await context.attempt(engine, `round ${round + 1}, recall ${row.target}`, async () => {
      row.rounds.push(await engine.client.call('search.slot', { ef: row.ef, ms: slotMs, inFlight }));
    });
  }
}

const verbs = {
  async slot({ engine, prepared, warmUp }, { ef, ms, inFlight }) {
    await engine.use(ef);
    await warmUp();
    const sequential = await sequentialPass(taker(prepared, ms), (query) => engine.search(query));
    return { sequential, concurrent: await concurrentPass(taker(prepared, ms), engine, inFlight) };
  },
};

function tables(rows, { inFlight }) {
  const first = [
    ['engine', 'engine'],
    ['ef', 'ef', (ef) => (ef ? String(ef) : 'never')],
    ['recall', 'recall', fixed(4)],
  ];
  const oneByOne = [
    ...first,
    ['QPS', 'sequential.qps', thousands],
    ['p50 us', 'sequential.p50', whole],
    ['p99 us', 'sequential.p99', whole],
    ['CPU us', 'sequential.processCpuMicros', whole],
    ['loop CPU us', 'sequential.loopCpuMicros', whole],
  ];
  const many = [
    ...first,
    ['QPS', 'concurrent.qps', thousands],
    ['p50 us', 'concurrent.p50', whole],
    ['p99 us', 'concurrent.p99', whole],
    ['loop max ms', 'concurrent.loop.maxMs', fixed(1)],
    ['x idle', 'concurrent.loop.maxRatio', fixed(1)],
    ['p99 ms', 'concurrent.loop.p99Ms', fixed(1)],
    ['x idle', 'concurrent.loop.p99Ratio', fixed(1)],
  ];
  return TARGETS.flatMap((target) => {
    const these = rows.filter((row) => row.target === target);
    return [
      { title: `Recall >= ${target}, one by one`, columns: oneByOne, rows: these },
      { title: `Recall >= ${target}, ${inFlight} in flight`, columns: many, rows: these },
    ];
  });
}

function ratios(rows, { inFlight }) {
  return TARGETS.flatMap((target) => {
    const these = rows.filter((row) => row.target === target);
    const figure = (label, path, larger) => ({ label: `${label}, recall ${target}`, rows: these, path, larger });
    return [
      figure('QPS one by one', 'sequential.qps', true),
      figure('p50 us one by one', 'sequential.p50', false),
      figure('p99 us one by one', 'sequential.p99', false),
      figure(`QPS ${inFlight} in flight`, 'concurrent.qps', true),
    ];
  });
}

module.exports = { name: 'search', about: 'Search at matched recall', run, verbs, tables, ratios };
