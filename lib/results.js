'use strict';

// Values on their way out: JSON text that the addon has packed, and one block of float32 for vectors.

const native = require('./native');
const { turnOfTheLoop } = require('./slices');

// A small result is one string; a big one comes in parts, each parsed in a turn of its own.
function partsOf(packed) {
  return typeof packed === 'string' ? [packed] : packed.parts;
}

function parsePart(records, part) {
  const start = native.threadCpuMicros();
  for (const record of JSON.parse(part)) records.push(record);
  native.noteStep(native.threadCpuMicros() - start);
}

// A record says which row of the block is its vector.
function attachVectors(records, { vectors, vectorCount }) {
  if (vectors === undefined) return;
  const bytes = vectors.byteLength / vectorCount;
  for (const record of records) {
    if (record.vector === undefined) continue;
    record.vector = new Float32Array(vectors.slice(record.vector * bytes, (record.vector + 1) * bytes));
  }
}

/** The records of a packed result, and what came beside them. */
async function parseMany(packed) {
  const records = [];
  for (const part of partsOf(packed)) {
    if (records.length > 0) await turnOfTheLoop();
    parsePart(records, part);
  }
  return finish(records, packed);
}

function parseManySync(packed) {
  const records = [];
  for (const part of partsOf(packed)) parsePart(records, part);
  return finish(records, packed);
}

function finish(records, packed) {
  if (typeof packed === 'string') return { records, about: undefined };
  attachVectors(records, packed);
  return { records, about: packed.about === undefined ? undefined : JSON.parse(packed.about) };
}

function toHits({ records, about }) {
  if (about !== undefined) records.explain = about;
  return records;
}

function parseRecord(packed) {
  if (packed === undefined) return undefined;
  const record = JSON.parse(partsOf(packed)[0]);
  attachVectors([record], packed);
  return record;
}

module.exports = { parseMany, parseManySync, toHits, parseRecord };
