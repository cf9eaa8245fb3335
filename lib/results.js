'use strict';

// Values on their way out: JSON text that the addon has packed, and blocks of float32 for vectors.

const native = require('./native');
const { turnOfTheLoop } = require('./slices');

// Makes the records of the next part.
function takePart(next, records) {
  const start = native.threadCpuMicros();
  const part = next();
  const made = JSON.parse(part.json);
  if (part.vectors !== undefined) attachVectors(made, part);
  for (const record of made) records.push(record);
  native.noteStep(native.threadCpuMicros() - start);
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

/** The records of a packed result, and what came beside them: a big one part by part, each in a turn of its own. */
async function parseMany(packed) {
  const { parts, next, about } = partsOf(packed);
  const records = [];
  for (let i = 0; i < parts; i++) {
    if (i > 0) await turnOfTheLoop();
    takePart(next, records);
  }
  return finish(records, about);
}

function parseManySync(packed) {
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

function parseRecord(packed) {
  return packed === undefined ? undefined : parseManySync(packed).records[0];
}

module.exports = { parseMany, parseManySync, toHits, parseRecord };
