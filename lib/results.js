'use strict';

// Values on their way out: JSON text that the addon has packed, and one block of float32 for vectors.

const native = require('./native');
const { turnOfTheLoop } = require('./records');

// A small result is one string; a big one comes in parts, each parsed in a turn of its own.
function partsOf(packed) {
  return typeof packed === 'string' ? [packed] : packed.parts;
}

function parsePart(hits, part) {
  const start = native.threadCpuMicros();
  for (const hit of JSON.parse(part)) hits.push(hit);
  native.noteStep(native.threadCpuMicros() - start);
}

function finishHits(hits, packed, dimensions) {
  if (typeof packed === 'string') return hits;
  if (packed.vectors !== undefined) {
    hits.forEach((hit, i) => {
      hit.vector = new Float32Array(packed.vectors.slice(i * dimensions * 4, (i + 1) * dimensions * 4));
    });
  }
  if (packed.explain !== undefined) hits.explain = JSON.parse(packed.explain);
  return hits;
}

async function parseHits(packed, dimensions) {
  if (typeof packed === 'string') return JSON.parse(packed);
  const hits = [];
  for (const part of packed.parts) {
    if (hits.length > 0) await turnOfTheLoop();
    parsePart(hits, part);
  }
  return finishHits(hits, packed, dimensions);
}

function parseHitsSync(packed, dimensions) {
  const hits = [];
  for (const part of partsOf(packed)) parsePart(hits, part);
  return finishHits(hits, packed, dimensions);
}

function parseRecord(packed) {
  if (packed === undefined) return undefined;
  const record = JSON.parse(partsOf(packed)[0]);
  if (packed.vectors !== undefined) record.vector = new Float32Array(packed.vectors);
  return record;
}

module.exports = { parseHits, parseHitsSync, parseRecord };
