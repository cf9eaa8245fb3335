'use strict';

// The memory of long conversations, scored: each conversation is a collection of its own, each question is a search, and the
// turns that answer it are known. Prints how many of them were found (dense vectors alone).
//
//   node examples/conversations.js [FOLDER]
//
// FOLDER holds corpus.jsonl, queries.jsonl, qrels.tsv, lsa256.fvecs and lsa256_q.fvecs, with metadata.conv naming the
// conversation. Default: $AGENTMEMDB_DATA/locomo, else ../shared/data/locomo beside the checkout, else generated ones.

const fs = require('node:fs/promises');
const { existsSync } = require('node:fs');
const path = require('node:path');

const { open } = require('agentmemdb');
const { readFvecs } = require('./support/fvecs');
const { createRandom, gaussian } = require('./support/random');
const { formatTable } = require('./support/table');
const { withTempFolder } = require('./support/temp-folder');
const { watchLoop, idleLoopDelay, formatMs, formatDelay } = require('./support/timing');

const CUTOFFS = [1, 5, 10, 20];
const DEFAULT_FOLDER = path.join(process.env.AGENTMEMDB_DATA ?? path.join(__dirname, '..', '..', 'shared', 'data'), 'locomo');

async function main() {
  const folder = process.argv[2] ?? DEFAULT_FOLDER;
  const isThere = process.argv[2] !== undefined || existsSync(folder);
  const data = isThere ? await loadFolder(folder) : generateConversations();
  console.log(`${data.name}: ${data.turns.length} turns, ${data.questions.length} questions\n`);

  const idle = await idleLoopDelay();
  await withTempFolder(async (temp) => {
    const db = await open(path.join(temp, 'conversations.db'));
    try {
      printReport(await evaluate(db, data), idle);
    } finally {
      await db.close();
    }
  });
}

/** Reads a folder: { name, dimensions, turns, questions }; a turn or question is its JSON plus `vector`, a question also has
 *  `evidence`, the ids of the turns that answer it. */
async function loadFolder(folder) {
  const read = (file) => fs.readFile(path.join(folder, file), 'utf8');
  const vectors = await readFvecs(path.join(folder, 'lsa256.fvecs'));
  const questionVectors = await readFvecs(path.join(folder, 'lsa256_q.fvecs'));
  const evidence = parseQrels(await read('qrels.tsv'));
  const questions = withVectors(parseLines(await read('queries.jsonl')), questionVectors, 'queries.jsonl');
  return {
    name: path.basename(folder),
    dimensions: vectors.dimensions,
    turns: withVectors(parseLines(await read('corpus.jsonl')), vectors, 'corpus.jsonl'),
    questions: questions.map((question) => ({ ...question, evidence: evidence.get(question._id) ?? [] })),
  };
}

const parseLines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));

function withVectors(items, vectors, file) {
  if (items.length !== vectors.rows) throw new Error(`${file}: ${items.length} lines, but ${vectors.rows} vectors`);
  return items.map((item, i) => ({ ...item, vector: vectors.row(i) }));
}

/** Lines of query id, turn id, grade; above 0 means relevant. */
function parseQrels(text) {
  const evidence = new Map();
  for (const line of text.trim().split(/\r?\n/).slice(1)) {
    const [question, turn, grade] = line.split('\t');
    if (Number(grade) > 0) evidence.set(question, [...(evidence.get(question) ?? []), turn]);
  }
  return evidence;
}

/** Loads all conversations into `db`, asks every question, and returns recall@k averaged over the questions with evidence:
 *  { recall: { 1, 5, 10, 20 }, scored, loading, searching }. */
async function evaluate(db, { dimensions, turns, questions }) {
  const loading = await watchLoop(() => loadConversations(db, turns, dimensions));
  const searching = await watchLoop(() => Promise.all(questions.map((question) => ask(loading.result, question))));

  const answered = questions.map((question, i) => ({ ...question, found: searching.result[i] }));
  const scored = answered.filter(({ evidence }) => evidence.length > 0);
  const recall = Object.fromEntries(CUTOFFS.map((k) => [k, mean(scored.map((question) => recallAt(k, question)))]));
  return { recall, scored: scored.length, loading, searching };
}

/** One collection per conversation. Returns them by name. */
async function loadConversations(db, turns, dimensions) {
  const collections = new Map();
  for (const [name, members] of groupBy(turns, (turn) => turn.metadata.conv)) {
    const collection = await db.createCollection(name, { dimensions });
    await collection.addMany(toColumns(members, dimensions));
    collections.set(name, collection);
  }
  return collections;
}

/** Records as columns: the quick way to load many, because their vectors travel as one matrix. */
function toColumns(turns, dimensions) {
  const vectors = new Float32Array(turns.length * dimensions);
  turns.forEach((turn, i) => vectors.set(turn.vector, i * dimensions));
  return {
    ids: turns.map((turn) => turn._id),
    texts: turns.map((turn) => turn.text),
    metadatas: turns.map((turn) => turn.metadata),
    vectors,
  };
}

/** The ids found for a question in its own conversation, best first. */
async function ask(collections, question) {
  const conversation = collections.get(question.metadata.conv);
  const hits = await conversation.search({ vector: question.vector, k: Math.max(...CUTOFFS), include: [] });
  return hits.map((hit) => hit.id);
}

function recallAt(k, { found, evidence }) {
  const first = new Set(found.slice(0, k));
  return evidence.filter((id) => first.has(id)).length / evidence.length;
}

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
}

/** Stands in where there is no data: every question lies close to the one turn that answers it, so nearly all are found. */
function generateConversations({ conversations = 4, turnsEach = 60, dimensions = 32, seed = 1 } = {}) {
  const random = createRandom(seed);
  const turns = [];
  const questions = [];
  for (let i = 0; i < conversations * turnsEach; i++) {
    const metadata = { conv: `conv-${1 + Math.floor(i / turnsEach)}`, turn: i % turnsEach };
    const vector = Float32Array.from({ length: dimensions }, () => gaussian(random));
    const near = vector.map((value) => value + 0.5 * gaussian(random));
    turns.push({ _id: `turn-${i}`, text: `Turn ${i}`, metadata, vector });
    questions.push({ _id: `question-${i}`, text: `What was turn ${i}?`, metadata, vector: near, evidence: [`turn-${i}`] });
  }
  return { name: `generated conversations (seed ${seed})`, dimensions, turns, questions };
}

function printReport({ recall, scored, loading, searching }, idle) {
  console.log(formatTable(CUTOFFS.map((k) => `recall@${k}`), [CUTOFFS.map((k) => recall[k].toFixed(4))]));
  console.log(`dense vectors alone, mean of ${scored} questions with known evidence\n`);

  const searches = searching.result.length;
  const perSecond = Math.round((searches / searching.ms) * 1000);
  const rows = [
    [`load ${loading.result.size} conversations`, formatMs(loading.ms), formatDelay(loading.delay)],
    [`${searches} searches at once (${perSecond}/s)`, formatMs(searching.ms), formatDelay(searching.delay)],
    ['(idle, to compare)', '', formatDelay(idle)],
  ];
  console.log(formatTable(['step', 'time', 'event loop late by'], rows));
}

module.exports = { DEFAULT_FOLDER, loadFolder, generateConversations, evaluate };

if (require.main === module) {
  main().catch((error) => {
    console.error(`conversations: ${error.message}`);
    process.exitCode = 1;
  });
}
