'use strict';

const { rotated } = require('../context');
const { recall } = require('../data');
const measure = require('../measure');
const { searchOnce } = require('../passes');
const { fixed, whole } = require('../table');

const EF = 100;

/** From closed files to the first answer in a fresh process, and what that process holds then. The page cache is warm. */
async function run(context) {
  const engines = await context.builtThatCan('reopen');
  for (const engine of engines) {
    await context.attempt(engine, 'save and close', async () => {
      await engine.client.call('reopen.save');
      await context.unload(engine);
    });
  }
  const rows = engines.map(({ name }) => ({ engine: name, rounds: [] }));
  for (let round = 0; round < context.options.rounds; round++) {
    for (const engine of rotated(engines, round)) {
      await context.attempt(engine, `round ${round + 1} of reopen`, async () => {
        await context.load(engine);
        const figures = await engine.client.call('reopen.open');
        rows.find((row) => row.engine === engine.name).rounds.push(figures);
        await context.unload(engine);
      });
    }
  }
  return rows.filter(({ rounds }) => rounds.length > 0).map((row) => ({ ...row, ...measure.medianOf(row.rounds) }));
}

const verbs = {
  save({ engine }) {
    return engine.save?.();
  },

  async open(session) {
    const { engine, options } = session;
    session.readQueries();
    session.data.base = undefined;
    const before = await measure.residentMemory();
    const start = performance.now();
    await engine.reopen();
    const opened = performance.now();
    await engine.search(session.prepared[0]);
    const answered = performance.now();
    await session.warmUp();
    const after = await measure.residentMemory();
    const settling = performance.now();
    await engine.settle?.();
    const linked = performance.now() - settling;
    await engine.use(EF);
    const found = recall(await searchOnce(engine, session.prepared), session.data.truth, options.k);
    const perVector = (key) => (after[key] - before[key]) / options.data.n;
    return {
      openMs: opened - start,
      answerMs: answered - start,
      linkMs: linked,
      recall: found,
      bytesPerVector: { anon: perVector('anon'), file: perVector('file') },
    };
  },
};

function tables(rows) {
  const columns = [
    ['engine', 'engine'],
    ['opened after ms', 'openMs', fixed(1)],
    ['first answer after ms', 'answerMs', fixed(1)],
    ['then linked in ms', 'linkMs', fixed(1)],
    [`recall at ef ${EF}`, 'recall', fixed(4)],
    ['RssAnon B/vec', 'bytesPerVector.anon', whole],
    ['file B/vec', 'bytesPerVector.file', whole],
  ];
  return [{ title: 'Opening what another process closed', columns, rows }];
}

function ratios(rows) {
  return [
    { label: 'ms to the first answer', rows, path: 'answerMs', larger: false },
    { label: 'RssAnon bytes per vector after reopening', rows, path: 'bytesPerVector.anon', larger: false },
  ];
}

function notes() {
  return ['memory: of the process after 200 searches, less before opening; linked: what was left to do until every vector is in the graph'];
}

module.exports = { name: 'reopen', about: 'Opening', run, verbs, tables, ratios, notes };
