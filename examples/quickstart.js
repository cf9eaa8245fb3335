'use strict';

// From text on disk to the first right answer: cut files into sections, embed them, store them, search, close, open again.
//
//   node examples/quickstart.js                               answers questions from this project's own documentation
//   node examples/quickstart.js "What is a slot?" "..."       answers yours
//   node examples/quickstart.js --docs FOLDER "..."           from the markdown files in your folder
//   node examples/quickstart.js --keep FILE                   leaves the database there
//
// Without a model it uses support/hashing-embedder.js. With EMBEDDINGS_URL (and EMBEDDINGS_MODEL, EMBEDDINGS_DIMENSIONS,
// EMBEDDINGS_API_KEY) it asks that OpenAI-compatible endpoint. Both could be given to open() as `embedder`, and need not be called: here
// they are, to tell their time from the database's.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { open } = require('agentmemdb');
const { openaiEmbedder } = require('agentmemdb/embedders');
const { createHashingEmbedder } = require('./support/hashing-embedder');
const { findMarkdown, readSections } = require('./support/sections');
const { formatTable, shorten } = require('./support/table');
const { withTempFolder } = require('./support/temp-folder');
const { timed, watchLoop, idleLoopDelay, median, formatMs, formatDelay } = require('./support/timing');

const PROJECT = path.join(__dirname, '..');
const PROJECT_DOCS = ['README.md', 'docs', 'CONTRIBUTING.md', 'CHANGELOG.md'];
const QUESTIONS = [
  'What happens to a write when the process is killed?',
  'How do I cancel a search?',
  'Which errors can a call return?',
];
const HITS_SHOWN = 3;
const SEARCHES_TIMED = 300;
const FROM_CHARS = 48;
const TEXTS_AT_ONCE = 64;

async function main() {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: { docs: { type: 'string' }, keep: { type: 'string' } },
  });
  if (options.keep && fs.existsSync(options.keep)) throw new Error(`${options.keep} exists already`);
  const questions = positionals.length > 0 ? positionals : QUESTIONS;

  const sections = await readDocs(options.docs);
  const embedder = chooseEmbedder();
  console.log(`Embedder: ${embedder.model}`);
  const embedding = await timed(() => embedAll(embedder, sections, questions));

  const idle = await idleLoopDelay();
  const run = (file) => loadAndSearch(file, sections, embedding.result);
  const seen = await (options.keep ? run(options.keep) : withTempFolder((folder) => run(path.join(folder, 'quickstart.db'))));

  questions.forEach((question, i) => printAnswer(question, seen.answers[i]));
  printSteps(sections.length, { embedding, idle, ...seen });
  printNextSteps(options);
}

async function readDocs(folder) {
  const root = fs.realpathSync(folder ?? PROJECT);
  const files = await findMarkdown(root, folder === undefined ? PROJECT_DOCS : undefined);
  const sections = await readSections(root, files);
  if (sections.length === 0) throw new Error(`no markdown text found in ${root}`);
  console.log(`Read ${sections.length} sections from ${files.length} markdown files.`);
  return sections;
}

function chooseEmbedder(env = process.env) {
  const { EMBEDDINGS_URL: baseURL, EMBEDDINGS_MODEL: model = 'text-embedding-3-small', EMBEDDINGS_API_KEY: apiKey } = env;
  if (!baseURL) return createHashingEmbedder({ dimensions: 1024 });
  return openaiEmbedder({ baseURL, model, dimensions: Number(env.EMBEDDINGS_DIMENSIONS ?? 1536), ...(apiKey && { apiKey }) });
}

/** One vector per section and per question. The headings are part of what a section says. */
async function embedAll(embedder, sections, questions) {
  const texts = sections.map(({ file, heading, text }) => `${path.basename(file, '.md')} ${heading}\n${text}`);
  embedder.fit?.(texts);
  const vectors = [];
  for (let at = 0; at < texts.length; at += TEXTS_AT_ONCE) vectors.push(...(await embedder.embed(texts.slice(at, at + TEXTS_AT_ONCE))));
  const [{ length }] = vectors;
  if (length !== embedder.dimensions) throw new Error(`the model's vectors have ${length} dimensions: set EMBEDDINGS_DIMENSIONS to it`);
  return { sections: vectors, questions: await embedder.embed(questions) };
}

/** Loads and asks, closes the file, then asks again what was stored. */
async function loadAndSearch(file, sections, vectors) {
  const loaded = await withDatabase(file, async ({ db }) => {
    const loading = await watchLoop(() => load(db, sections, vectors.sections));
    return { loading, answers: await answerAll(loading.result, vectors.questions) };
  });

  return withDatabase(file, async ({ db, openMs }) => {
    const docs = await db.getCollection('docs');
    const answers = await answerAll(docs, vectors.questions);
    assert.strictEqual(await docs.count(), sections.length, 'not every section was there after opening again');
    assert.deepStrictEqual(answers.map(idsOf), loaded.answers.map(idsOf), 'other answers after opening again');
    const searching = await watchLoop(() => timeSearches(docs, vectors.questions));
    return { answers, openMs, loading: loaded.loading, searching };
  });
}

async function withDatabase(file, work) {
  const opening = await timed(() => open(file));
  const db = opening.result;
  try {
    return await work({ db, openMs: opening.ms });
  } finally {
    await db.close();
  }
}

async function load(db, sections, vectors) {
  const docs = await db.createCollection('docs', { dimensions: vectors[0].length });
  await docs.addMany(sections.map(({ file, heading, text }, i) => ({ text, metadata: { file, heading }, vector: vectors[i] })));
  return docs;
}

function answerAll(docs, questionVectors) {
  return Promise.all(questionVectors.map((vector) => docs.search({ vector, k: HITS_SHOWN })));
}

const idsOf = (hits) => hits.map((hit) => hit.id);

/** Milliseconds of each of many searches, one after the other. */
async function timeSearches(docs, questionVectors) {
  const times = [];
  for (let i = 0; i < SEARCHES_TIMED; i++) {
    const vector = questionVectors[i % questionVectors.length];
    times.push((await timed(() => docs.search({ vector }))).ms);
  }
  return times;
}

function printAnswer(question, hits) {
  const rows = hits.map(({ score, text, metadata }, i) => {
    const from = [metadata.file, ...metadata.heading.split(' > ').slice(-1)].filter(Boolean).join(' > ');
    return [i + 1, score.toFixed(3), shorten(from, FROM_CHARS), text];
  });
  console.log(`\n${question}\n${formatTable(['rank', 'score', 'from', 'text'], rows)}`);
}

function printSteps(records, { embedding, loading, openMs, searching, idle }) {
  const rows = [
    [`embed ${records} sections`, formatMs(embedding.ms), 'the embedder, not the database'],
    ['load, durable and searchable', formatMs(loading.ms), `event loop late by: ${formatDelay(loading.delay)}`],
    ['open again', formatMs(openMs), `all ${records} records and the same answers`],
    [`search, p50 of ${SEARCHES_TIMED}`, formatMs(median(searching.result)), `event loop late by: ${formatDelay(searching.delay)}`],
    ['(idle, to compare)', '', `event loop late by: ${formatDelay(idle)}`],
  ];
  console.log(`\n${formatTable(['step', 'time', 'notes'], rows)}`);
}

function printNextSteps({ keep }) {
  if (keep) console.log(`\nThe database is in ${keep}: try  sqlite3 ${keep} .tables`);
  console.log(`
Try next
  npm run quickstart -- "your own question"
  npm run quickstart -- --docs path/to/your/notes "your own question"
  EMBEDDINGS_URL=http://localhost:11434/v1 EMBEDDINGS_MODEL=nomic-embed-text EMBEDDINGS_DIMENSIONS=768 npm run quickstart
  node examples/recall.js            how often the graph finds the true nearest neighbours
  node examples/conversations.js     memory of long conversations, scored`);
}

main().catch((error) => {
  console.error(`quickstart: ${error.message}`);
  process.exitCode = 1;
});
