'use strict';

const { rotated } = require('../context');
const { readData } = require('../data');
const { median } = require('../measure');
const { buildProgram, runProgram } = require('../programs');
const { percent, thousands } = require('../table');

const SELF_QUERIES = 100;
const BARE = 'bare SQLite insert in C++';
const LOADERS = ['ours', 'zvec']; // the engines that keep texts and metadata, and that are searchable without a build

/** Rows with vector, text and metadata, until they are searchable (ours: and durable), beside SQLite alone with the same rows. */
async function run(context) {
  const { options } = context;
  const loaders = LOADERS.filter((name) => options.engines.includes(name)).map((name) => ({ name, load: loadEngine }));
  loaders.push({ name: BARE, load: loadBare });
  const rows = loaders.map(({ name }) => ({ engine: name, rates: [], found: 1 }));
  for (let round = 0; round < options.rounds; round++) {
    for (const loader of rotated(loaders, round)) {
      const row = rows.find(({ engine }) => engine === loader.name);
      await context.attempt(loader, `round ${round + 1} of ingest`, async () => {
        const { rowsPerSecond, found } = await loader.load(context, loader);
        row.rates.push(rowsPerSecond);
        row.found = found === undefined ? undefined : Math.min(row.found, found);
      });
    }
  }
  const measured = rows.filter(({ rates }) => rates.length > 0).map((row) => ({ ...row, rowsPerSecond: median(row.rates) }));
  const bare = measured.find(({ engine }) => engine === BARE)?.rowsPerSecond;
  return measured.map((row) => ({ ...row, share: bare && row.rowsPerSecond / bare }));
}

async function loadEngine(context, { name }) {
  const engine = { name, folder: context.newFolder() };
  await context.load(engine);
  try {
    return await engine.client.call('ingest.load', { batch: context.options.batch });
  } finally {
    await context.unload(engine);
    context.removeFolder(engine.folder);
  }
}

/** SQLite with prepared statements in C++, into the schema of a database that ours creates. */
async function loadBare(context) {
  const { data, options } = context;
  buildProgram('insert_bench');
  const engine = { name: 'ours', folder: context.newFolder() };
  await context.load(engine);
  const file = await engine.client.call('ingest.create');
  await context.unload(engine);
  try {
    return runProgram('insert_bench', [file, data.file, options.n, options.dim, options.batch])[0];
  } finally {
    context.removeFolder(engine.folder);
  }
}

const verbs = {
  create({ engine }) {
    return engine.create();
  },

  async load({ engine, options }, { batch }) {
    const { n, dim } = options.data;
    const { base } = readData(options.data);
    await engine.create();
    let ms = 0;
    for (let row = 0; row < n; row += batch) ms += await engine.load(row, base.subarray(row * dim, (row + batch) * dim));
    const found = (await engine.count()) === n ? await selfFound(engine, base, n, dim) : 0;
    return { rowsPerSecond: (1000 * n) / ms, found };
  },
};

/** Share of some rows that a search for their own vector finds first, right after the last write. */
async function selfFound(engine, base, n, dim) {
  const asked = Math.min(SELF_QUERIES, n);
  let hits = 0;
  for (let i = 0; i < asked; i++) {
    const row = Math.floor((i * n) / asked);
    hits += engine.ids(await engine.search(engine.prepare(base.subarray(row * dim, (row + 1) * dim))))[0] === row;
  }
  return hits / asked;
}

function tables(rows) {
  const columns = [
    ['engine', 'engine'],
    ['rows/s', 'rowsPerSecond', thousands],
    ['of the bare insert', 'share', percent],
    ['all there and find themselves', 'found', percent],
  ];
  return [{ title: 'Rows with vector, text and metadata, until searchable', columns, rows }];
}

function ratios(rows) {
  const only = (names) => rows.filter(({ engine }) => names.includes(engine));
  return [
    { label: 'durable and searchable rows/s', rows: only(LOADERS), path: 'rowsPerSecond', larger: true },
    { label: 'the same against SQLite alone', rows: only(['ours', BARE]), path: 'rowsPerSecond', larger: true },
  ];
}

function notes() {
  return [
    'ours: upsertMany, durability full; zvec: upsertSync; SQLite: one transaction a batch, synchronous=FULL, our schema and build',
    'all with as many rows a call as --batch says; what the rows are made of exists before the clock starts',
  ];
}

module.exports = { name: 'ingest', about: 'Loading rows', run, verbs, tables, ratios, notes };
