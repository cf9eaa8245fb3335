'use strict';

const { readData } = require('../data');
const { sequentialPass, taker } = require('../passes');
const { fixed, percent, thousands, whole } = require('../table');

const SHARE = 0.1; // of the rows, in each round
const ROWS_PER_CALL = 1000;
const SELF_QUERIES = 200;
const TARGET = 0.95;

/** Rounds of deleting a tenth of the rows and inserting them again: the exact answers stay what they were. */
async function run(context) {
  const rows = [];
  for (const engine of await context.builtThatCan('remove')) {
    const row = await context.attempt(engine, 'delete and re-insert', () => rowOf(context, engine));
    if (row) rows.push(row);
    // Other scenarios get an engine that nobody has worn.
    await renew(context, engine);
  }
  return rows;
}

async function rowOf(context, engine) {
  const { n, rounds, slotMs } = context.options;
  const { ef } = (await context.efFor(engine, TARGET)) ?? { ef: engine.efMax };
  const state = async () => ({
    recall: await engine.client.call('recall', ef),
    ...(await engine.client.call('deletes.slot', { ef, ms: slotMs })),
  });
  const before = await state();
  const changed = Math.max(1, Math.floor(n * SHARE));
  const told = [];
  for (let round = 0; round < rounds; round++) {
    // Another tenth each time, so that no part of the graph is spared.
    const first = (round * changed) % (n - changed + 1);
    told.push(await engine.client.call('deletes.round', { first, count: changed }));
  }
  const perSecond = (key) => (1000 * changed * rounds) / told.reduce((sum, round) => sum + round[key], 0);
  const found = Math.min(...told.map(({ self }) => self));
  const speeds = { deletes: perSecond('removeMs'), inserts: perSecond('insertMs'), settled: perSecond('settledMs') };
  return { engine: engine.name, ef, rounds, changed, before, after: await state(), ...speeds, self: found };
}

async function renew(context, engine) {
  await context.attempt(engine, 'build again', async () => {
    await context.unload(engine);
    engine.folder = context.newFolder();
    engine.recallAt = undefined;
    await context.load(engine);
    await engine.client.call('build', {});
  });
}

const verbs = {
  async round({ engine, options }, { first, count }) {
    const { dim } = options;
    const { base } = readData(options.data);
    const calls = Array.from({ length: Math.ceil(count / ROWS_PER_CALL) }, (_, i) => {
      const start = first + i * ROWS_PER_CALL;
      return [start, Math.min(ROWS_PER_CALL, first + count - start)];
    });
    const removing = performance.now();
    for (const [start, rows] of calls) await engine.remove(start, rows);
    const inserting = performance.now();
    for (const [start, rows] of calls) await engine.insert(start, base.subarray(start * dim, (start + rows) * dim));
    const settling = performance.now();
    await engine.settle?.();
    const end = performance.now();
    const self = await selfFound(engine, base, dim, first, count);
    return { removeMs: inserting - removing, insertMs: settling - inserting, settledMs: end - inserting, self };
  },

  async slot({ engine, prepared, warmUp }, { ef, ms }) {
    await engine.use(ef);
    await warmUp();
    return sequentialPass(taker(prepared, ms), (query) => engine.search(query));
  },
};

/** Share of some rows just inserted that a search for their own vector finds first. */
async function selfFound(engine, base, dim, first, count) {
  const asked = Math.min(SELF_QUERIES, count);
  let hits = 0;
  for (let i = 0; i < asked; i++) {
    const row = first + Math.floor((i * count) / asked);
    const query = engine.prepare(base.subarray(row * dim, (row + 1) * dim));
    hits += engine.ids(await engine.search(query))[0] === row;
  }
  return hits / asked;
}

function tables(rows) {
  const columns = [
    ['engine', 'engine'],
    ['ef', 'ef'],
    ['recall before', 'before.recall', fixed(4)],
    ['after', 'after.recall', fixed(4)],
    ['p50 us before', 'before.p50', whole],
    ['after', 'after.p50', whole],
    ['deletes/s', 'deletes', thousands],
    ['inserts/s', 'inserts', thousands],
    ['linked/s', 'settled', thousands],
    ['find themselves', 'self', percent],
  ];
  const [{ rounds, changed } = {}] = rows;
  return [{ title: `${rounds} rounds of deleting and re-inserting ${thousands(changed)} rows`, columns, rows }];
}

function ratios(rows) {
  return [
    { label: 'p50 us after', rows, path: 'after.p50', larger: false },
    { label: 'deletes/s', rows, path: 'deletes', larger: true },
    { label: 'inserts/s until searchable', rows, path: 'inserts', larger: true },
    { label: 'inserts/s until linked', rows, path: 'settled', larger: true },
  ];
}

function notes() {
  return ['linked: inserted and in the graph (ours: indexed(), zvec: optimize()); the others link as they insert'];
}

module.exports = { name: 'deletes', about: 'Deleting and inserting again', run, verbs, tables, ratios, notes };
