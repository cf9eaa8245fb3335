'use strict';

const { rotated } = require('../context');
const { median } = require('../measure');
const { sequentialPass, taker } = require('../passes');
const { fixed, thousands, whole } = require('../table');

const EFS = [10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640];
const ENOUGH = 0.999; // of recall: what comes after that costs time and shows nothing
const ROUNDS_MAX = 3;
const SEARCHES_MIN = 200;

/** Recall against speed over a sweep of ef: the figures of the plot. */
async function run(context) {
  const engines = await context.built();
  const rows = [];
  for (const engine of engines) rows.push(...(await sweep(context, engine)));
  for (let round = 0; round < Math.min(ROUNDS_MAX, context.options.rounds); round++) {
    for (const engine of rotated(engines, round)) {
      const mine = rows.filter((row) => row.engine === engine.name);
      await context.attempt(engine, `round ${round + 1} of the curve`, async () => {
        for (const row of mine) row.rounds.push(await engine.client.call('curve.slot', { ef: row.ef, ms: context.options.slotMs }));
      });
    }
  }
  const middle = (rounds, key) => median(rounds.map((round) => round[key]));
  return rows
    .filter(({ rounds }) => rounds.length > 0)
    .map(({ rounds, ...row }) => ({ ...row, qps: middle(rounds, 'qps'), p50: middle(rounds, 'p50') }));
}

async function sweep(context, engine) {
  const { k } = context.options;
  const rows = [];
  await context.attempt(engine, 'recall over ef', async () => {
    for (const ef of EFS.filter((each) => each >= k && each <= engine.efMax)) {
      const recall = await engine.client.call('recall', ef);
      rows.push({ engine: engine.name, ef, recall, rounds: [] });
      if (recall >= ENOUGH) break;
    }
  });
  return rows;
}

const verbs = {
  async slot({ engine, prepared, warmUp }, { ef, ms }) {
    await engine.use(ef);
    await warmUp();
    return sequentialPass(taker(prepared, ms, SEARCHES_MIN), (query) => engine.search(query));
  },
};

function tables(rows) {
  const columns = [
    ['engine', 'engine'],
    ['ef', 'ef'],
    ['recall', 'recall', fixed(4)],
    ['QPS', 'qps', thousands],
    ['p50 us', 'p50', whole],
  ];
  return [{ title: 'Recall and speed over ef, one by one', columns, rows }];
}

module.exports = { name: 'curve', about: 'Recall against speed', run, verbs, tables };
