'use strict';

const os = require('node:os');
const { fixed, thousands, whole } = require('../table');

const EFS = [50, 100];

/** Build time, memory and stalls, on all cores and, for the engines named by --one-thread, on one. */
async function run(context) {
  const rows = [];
  for (const engine of await context.built()) rows.push(await rowOf(context, engine));
  for (const name of context.options.oneThread) {
    if (!context.options.engines.includes(name)) continue;
    const engine = await context.build(name, { threads: 1 });
    rows.push({ ...(await rowOf(context, engine)), threads: 1 });
    await context.unload(engine);
  }
  return rows.filter((row) => row.recall);
}

async function rowOf(context, engine) {
  const row = { engine: engine.name, threads: os.availableParallelism(), ...engine.build };
  await context.attempt(engine, 'recall of the graph', async () => {
    row.recall = {};
    for (const ef of EFS) row.recall[ef] = await engine.client.call('recall', ef);
    row.facts = await engine.client.call('facts');
  });
  return row;
}

function tables(rows) {
  const columns = [
    ['engine', 'engine'],
    ['cores given', 'threads'],
    ['load rows/s', 'loadPerSecond', thousands],
    ['built vec/s', 'builtPerSecond', thousands],
    ['per CPU second', 'builtPerCpuSecond', thousands],
    ...EFS.map((ef) => [`recall at ef ${ef}`, `recall.${ef}`, fixed(4)]),
    ['RssAnon B/vec', 'bytesPerVector.anon', whole],
    ['file B/vec', 'bytesPerVector.file', whole],
  ];
  const loop = [
    ['engine', 'engine'],
    ['cores given', 'threads'],
    ['loop max ms', 'loop.maxMs', fixed(1)],
    ['x idle', 'loop.maxRatio', fixed(1)],
    ['p99 ms', 'loop.p99Ms', fixed(1)],
    ['x idle', 'loop.p99Ratio', fixed(1)],
    ['own step max ms', 'facts.loopStepMaxMs', fixed(2)],
  ];
  return [
    { title: 'Build', columns, rows },
    { title: 'Event loop during the build', columns: loop, rows },
  ];
}

function ratios(rows) {
  const allCores = rows.filter((row) => row.threads !== 1);
  const ours = rows.find((row) => row.engine === 'ours' && row.threads === 1);
  const oneThread = ours && [ours, ...rows.filter((row) => row.engine === 'hnswlib-node')];
  return [
    { label: 'built vectors/s, all cores', rows: allCores, path: 'builtPerSecond', larger: true },
    ...(oneThread ? [{ label: 'built vectors/s, one thread each', rows: oneThread, path: 'builtPerSecond', larger: true }] : []),
    { label: 'rows loaded and searchable/s', rows: allCores, path: 'loadPerSecond', larger: true },
    { label: 'RssAnon bytes per vector', rows: allCores, path: 'bytesPerVector.anon', larger: false },
  ];
}

function notes(rows) {
  return [
    'load: rows written and searchable (ours: durable too); built: vectors in the graph, first row to last link',
    'memory: of the process after building and 200 searches, less before, garbage collected both times',
    ...rows.map(({ engine, threads, settings }) => `${engine}, ${threads === 1 ? '1 core' : `${threads} cores`}: ${settings}`),
  ];
}

module.exports = { name: 'build', about: 'Building the index', run, tables, ratios, notes };
