'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { agreement, bm25 } = require('../bm25');
const { rotated } = require('../context');
const { makeCorpus } = require('../corpus');
const { readData } = require('../data');
const { slidingWindow } = require('../in-flight');
const measure = require('../measure');
const { concurrentPass, searchOnce, sequentialPass, taker } = require('../passes');
const { fixed, thousands } = require('../table');

const INDEX_ROUNDS_MAX = 3;
const AGREEMENT_QUERIES = 100;
const IDLE_BASELINE_MS = 1000;
const WARM_UP_SEARCHES = 200;
const KINDS = { keywords: 'By words', hybrid: 'By words and vector', mistyped: 'By words, one of them mistyped' };

/** Texts indexed, and searched by words and by words and vectors. */
async function run(context) {
  const corpus = writeCorpus(context);
  const rows = context.options.engines.map((engine) => ({ engine, indexing: [], rounds: [] }));
  await indexTexts(context, rows, corpus.file);
  const engines = await buildAll(context, rows, corpus);
  for (let round = 0; round < context.options.rounds; round++) {
    for (const engine of rotated(engines, round)) await searchRound(context, engine, rows, round);
  }
  return rows.filter(({ build }) => build).map(summed);
}

/** The texts, and the exact answers of some queries. */
function writeCorpus(context) {
  const { dim, seed, k } = context.options;
  context.progress('making texts');
  const { texts, stems, queries } = makeCorpus(readData(context.data), dim, seed);
  const file = path.join(context.newFolder(), 'corpus.json');
  fs.writeFileSync(file, JSON.stringify({ texts, queries }));
  const asked = queries.slice(0, AGREEMENT_QUERIES);
  const scores = bm25(stems, asked.map((query) => query.stems));
  return { file, agreementOf: (found) => agreement(found, scores, k) };
}

/** Texts alone into a new database, several times: until the last one is found. */
async function indexTexts(context, rows, corpus) {
  const loaders = rows.map(({ engine }) => ({ name: engine }));
  for (let round = 0; round < Math.min(INDEX_ROUNDS_MAX, context.options.rounds); round++) {
    for (const loader of rotated(loaders, round)) {
      await context.attempt(loader, `round ${round + 1} of indexing texts`, async () => {
        loader.folder = context.newFolder();
        await load(context, loader);
        const { batch } = context.options;
        rows.find(({ engine }) => engine === loader.name).indexing.push(await loader.client.call('text.index', { corpus, batch }));
      });
      await context.unload(loader);
    }
  }
}

async function load(context, engine) {
  await context.load(engine);
  if (!engine.can.includes('keywords')) throw new Error('it does not search by words');
}

/** Texts with vectors, into the databases that are searched. */
async function buildAll(context, rows, { file, agreementOf }) {
  const engines = [];
  for (const row of rows.filter(({ indexing }) => indexing.length > 0)) {
    const engine = { name: row.engine, folder: context.newFolder() };
    await context.attempt(engine, 'build with vectors', async () => {
      await load(context, engine);
      const { batch } = context.options;
      row.build = await engine.client.call('text.index', { corpus: file, batch, withVectors: true });
      row.agreement = agreementOf(await engine.client.call('text.found', AGREEMENT_QUERIES));
      engines.push(engine);
    });
  }
  return engines;
}

async function searchRound(context, engine, rows, round) {
  const { slotMs, inFlight } = context.options;
  await context.attempt(engine, `round ${round + 1} of searching texts`, async () => {
    const slot = {};
    for (const kind of Object.keys(KINDS)) slot[kind] = await engine.client.call('text.slot', { kind, ms: slotMs, inFlight });
    rows.find((row) => row.engine === engine.name).rounds.push(slot);
  });
}

function summed({ indexing, rounds, ...row }) {
  return { ...row, index: measure.medianOf(indexing), ...(rounds.length > 0 && measure.medianOf(rounds)), indexing, rounds };
}

const verbs = {
  async index(session, { corpus, batch, withVectors = false }) {
    const { engine, options } = session;
    const { texts, queries } = JSON.parse(fs.readFileSync(corpus, 'utf8'));
    const data = readData(options.data);
    await engine.createTexts(withVectors);
    const idle = await measure.idleLoopDelay(IDLE_BASELINE_MS);
    const work = () => fill(engine, texts, withVectors ? data.base : undefined, options.dim, batch);
    const { result: clock, loop } = await measure.withLoopDelay(() => measure.timed(work));
    await assertFound(engine, texts);
    session.texts = queriesOf(queries, data.queries, options.dim);
    return {
      perSecond: (texts.length * 1000) / clock.wallMs,
      perCpuSecond: (texts.length * 1000) / clock.processCpuMs,
      loadMs: clock.result.loadMs,
      settleMs: clock.wallMs - clock.result.loadMs,
      settings: clock.result.settings,
      loop: measure.besideIdle(loop, idle),
      loopStepMaxMs: (await engine.facts?.())?.loopStepMaxMs,
    };
  },

  found({ engine, texts }, count) {
    return searchOnce(engine, texts.keywords.slice(0, count), (query) => engine.keywords(query));
  },

  async slot({ engine, texts }, { kind, ms, inFlight }) {
    const search = kind === 'hybrid' ? (query) => engine.hybrid(query) : (query) => engine.keywords(query);
    const queries = texts[kind];
    await searchOnce(engine, queries.slice(0, WARM_UP_SEARCHES), search);
    const sequential = await sequentialPass(taker(queries, ms), search);
    const many = { searchMany: (width, take, done) => slidingWindow(width, take, done, search) };
    return { sequential, concurrent: await concurrentPass(taker(queries, ms), many, inFlight) };
  },
};

async function fill(engine, texts, vectors, dim, batch) {
  const start = performance.now();
  for (let row = 0; row < texts.length; row += batch) {
    const some = texts.slice(row, row + batch);
    await engine.loadTexts(row, some, vectors?.subarray(row * dim, (row + some.length) * dim));
  }
  const loadMs = performance.now() - start;
  return { loadMs, settings: await engine.settleTexts() };
}

/** Some texts, the last one among them, are found by all their words. */
async function assertFound(engine, texts) {
  if ((await engine.count()) !== texts.length) throw new Error('not all texts are there');
  for (let row = texts.length - 1; row >= 0; row -= Math.ceil(texts.length / 10)) {
    const found = engine.ids(await engine.keywords({ text: texts[row].replaceAll('.', '') }));
    if (!found.includes(row)) throw new Error(`text ${row} is not found by its words`);
  }
}

function queriesOf(queries, vectors, dim) {
  const vectorAt = (i) => vectors.subarray(i * dim, (i + 1) * dim);
  return {
    keywords: queries.map(({ words }) => ({ text: words })),
    hybrid: queries.map(({ words }, i) => ({ text: words, vector: vectorAt(i) })),
    mistyped: queries.map(({ mistyped }) => ({ text: mistyped })),
  };
}

function tables(rows, { inFlight }) {
  const indexing = [
    ['engine', 'engine'],
    ['texts/s', 'index.perSecond', thousands],
    ['per CPU second', 'index.perCpuSecond', thousands],
    ['loop max ms', 'index.loop.maxMs', fixed(1)],
    ['x idle', 'index.loop.maxRatio', fixed(1)],
    ['own step max ms', 'index.loopStepMaxMs', fixed(2)],
    ['with vectors, linked/s', 'build.perSecond', thousands],
    ['recall of BM25', 'agreement', fixed(3)],
  ];
  const searching = (kind) => [
    ['engine', 'engine'],
    ['p50 ms', `${kind}.sequential.p50`, millis],
    ['p95 ms', `${kind}.sequential.p95`, millis],
    ['p99 ms', `${kind}.sequential.p99`, millis],
    ['CPU ms', `${kind}.sequential.processCpuMicros`, millis],
    [`QPS, ${inFlight} in flight`, `${kind}.concurrent.qps`, thousands],
    ['loop max ms', `${kind}.concurrent.loop.maxMs`, fixed(1)],
    ['x idle', `${kind}.concurrent.loop.maxRatio`, fixed(1)],
  ];
  return [
    { title: 'Texts until they are found by their words', columns: indexing, rows },
    ...Object.entries(KINDS).map(([kind, title]) => ({ title, columns: searching(kind), rows })),
  ];
}

const millis = (micros) => (Number.isFinite(micros) ? (micros / 1000).toFixed(3) : '-');

function ratios(rows) {
  const figure = (label, path, larger) => ({ label, rows, path, larger });
  return [
    figure('texts/s', 'index.perSecond', true),
    figure('rows with text and vector/s, linked', 'build.perSecond', true),
    figure('by words, p50 us', 'keywords.sequential.p50', false),
    figure('by words, p95 us', 'keywords.sequential.p95', false),
    figure('by words and vector, p50 us', 'hybrid.sequential.p50', false),
    figure('by words and vector, p95 us', 'hybrid.sequential.p95', false),
  ];
}

function notes(rows) {
  return [
    'texts: 20 to 60 words, Zipf, sharing topics with the vectors; queries: 2 to 4 words of a text, k 10, ids and scores only',
    'each engine has its own analyzer and fusion, all stem English; zvec and LanceDB fuse by reciprocal ranks, and do not repair what is mistyped',
    'recall: of 100 keyword queries against BM25 with k1 1.2, b 0.75 in double precision; texts as good as the last one count',
    ...rows.map(({ engine, build }) => `${engine}: ${build.settings}`),
  ];
}

module.exports = { name: 'text', about: 'Keyword and hybrid search', run, verbs, tables, ratios, notes };
