'use strict';

// Values on their way out: JSON text that the addon has packed, and blocks of float32 for vectors.

const native = require('./native');
const { turnOfTheLoop } = require('./slices');

const NUL = '\0';
// A part this short takes microseconds: less than to measure how many.
const SHORT_CHARACTERS = 16384;

// Makes the records of the next part.
function takePart(next, records) {
  const start = native.threadCpuMicros();
  addPart(next(), records);
  native.noteStep(native.threadCpuMicros() - start);
}

function addPart(part, records) {
  const numbersEnd = part.json.indexOf(NUL);
  if (numbersEnd >= 0) return addColumns(part.json, numbersEnd, records);
  const made = JSON.parse(part.json);
  if (part.vectors !== undefined) attachVectors(made, part);
  for (const record of made) records.push(record);
}

// Hits without content come as columns: scores and distances as JSON, then the ids, which have no NUL. As JSON each id would be looked up in
// a table of all strings.
function addColumns(text, numbersEnd, hits) {
  const [scores, distances] = JSON.parse(text.slice(0, numbersEnd));
  let begin = numbersEnd + 1;
  for (let i = 0; i < scores.length; i++) {
    const end = text.indexOf(NUL, begin);
    const hit = { id: text.slice(begin, end), score: scores[i] };
    if (distances[i] !== null) hit.distance = distances[i];
    hits.push(hit);
    begin = end + 1;
  }
}

// A record says which row of the block is its vector.
function attachVectors(records, { vectors, vectorCount }) {
  const bytes = vectors.byteLength / vectorCount;
  for (const record of records) {
    if (record.vector === undefined) continue;
    record.vector = new Float32Array(vectors.slice(record.vector * bytes, (record.vector + 1) * bytes));
  }
}

// A small result is one string.
function partsOf(packed) {
  return typeof packed === 'string' ? { parts: 1, next: () => ({ json: packed }) } : packed;
}

function isShort(packed) {
  return typeof packed === 'string' && packed.length <= SHORT_CHARACTERS;
}

function parseShort(json) {
  const records = [];
  addPart({ json }, records);
  return { records, about: undefined };
}

/** The records of a packed result, and what came beside them: of a short one at once, of a big one a Promise, part by part, each in
 *  a turn of its own. */
function parseMany(packed) {
  return isShort(packed) ? parseShort(packed) : parseParts(packed);
}

async function parseParts(packed) {
  const { parts, next, about } = partsOf(packed);
  const records = [];
  for (let i = 0; i < parts; i++) {
    if (i > 0) await turnOfTheLoop();
    takePart(next, records);
  }
  return finish(records, about);
}

function parseManySync(packed) {
  if (isShort(packed)) return parseShort(packed);
  const { parts, next, about } = partsOf(packed);
  const records = [];
  for (let i = 0; i < parts; i++) takePart(next, records);
  return finish(records, about);
}

function finish(records, about) {
  return { records, about: about === undefined ? undefined : JSON.parse(about) };
}

function toHits({ records, about }) {
  if (about !== undefined) records.explain = about;
  return records;
}

/** The hits of a packed result, or a Promise of them. */
function readHits(packed) {
  const parsed = parseMany(packed);
  return parsed instanceof Promise ? parsed.then(toHits) : toHits(parsed);
}

function parseRecord(packed) {
  return packed === undefined ? undefined : parseManySync(packed).records[0];
}

module.exports = { parseMany, parseManySync, readHits, toHits, parseRecord };
