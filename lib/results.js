'use strict';

// Values on their way out: JSON text that the addon has packed, and blocks of float32 for vectors.

const native = require('./native');
const { turnOfTheLoop } = require('./slices');

// A part this short takes microseconds: less than to measure how many.
const SHORT_CHARACTERS = 16384;

// Makes the records of the next part.
function takePart(next, records) {
  const start = native.threadCpuMicros();
  addPart(next(), records);
  native.noteStep(native.threadCpuMicros() - start);
}

function addPart(part, records) {
  const made = JSON.parse(part.json);
  if (part.vectors !== undefined) attachVectors(made, part);
  if (Array.isArray(made[0])) addColumns(made, records);
  else for (const record of made) records.push(record);
}

// Hits without content come as columns. Ids cut out of one text would be sooner made, and each would keep all of that text in memory.
function addColumns([ids, scores, distances], hits) {
  for (let i = 0; i < ids.length; i++) {
    const hit = { id: ids[i], score: scores[i] };
    if (distances[i] !== null) hit.distance = distances[i];
    hits.push(hit);
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
