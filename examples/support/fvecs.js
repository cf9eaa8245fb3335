'use strict';

// Readers for .fvecs and .ivecs, the format of most vector test sets.
//   file := row*      row := dimension int32 · dimension x (float32 | int32), little-endian
// The whole file is held in memory. A file that is not what it says is refused with VecsError, never read half.

const fs = require('node:fs/promises');

const DIMENSIONS_MAX = 65_536;

/** A file that is not valid fvecs or ivecs. `path` names it, `offset` is the byte where it went wrong. */
class VecsError extends Error {
  constructor(path, offset, what) {
    super(`${path}: ${what} (at byte ${offset})`);
    this.name = 'VecsError';
    this.code = 'ERR_VECS';
    this.path = path;
    this.offset = offset;
  }
}

/** Reads vectors: { rows, dimensions, values: Float32Array of rows x dimensions, row(i) }. */
async function readFvecs(path) {
  const matrix = await readRows(path, Float32Array);
  const bad = matrix.values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new VecsError(path, offsetOf(bad, matrix.dimensions), `${matrix.values[bad]} is not a number to search with`);
  return matrix;
}

/** Reads neighbour lists: the same, with an Int32Array. */
function readIvecs(path) {
  return readRows(path, Int32Array);
}

async function readRows(path, ValueArray) {
  const bytes = await fs.readFile(path);
  // A copy, because the buffer of a small file may start anywhere. Node runs on little-endian machines only in practice.
  const words = new Int32Array(bytes.length >> 2);
  new Uint8Array(words.buffer).set(bytes.subarray(0, words.byteLength));

  const dimensions = words[0];
  checkShape(path, bytes.length, dimensions);
  const rows = words.length / (dimensions + 1);
  const source = new ValueArray(words.buffer);
  const values = new ValueArray(rows * dimensions);
  for (let row = 0; row < rows; row++) {
    const start = row * (dimensions + 1);
    if (words[start] !== dimensions) {
      throw new VecsError(path, start * 4, `row ${row} has ${words[start]} dimensions, the first has ${dimensions}`);
    }
    values.set(source.subarray(start + 1, start + 1 + dimensions), row * dimensions);
  }
  return { rows, dimensions, values, row: (i) => values.subarray(i * dimensions, (i + 1) * dimensions) };
}

function checkShape(path, byteLength, dimensions) {
  if (byteLength < 4) throw new VecsError(path, 0, 'too short to hold a vector');
  if (dimensions < 1 || dimensions > DIMENSIONS_MAX) {
    throw new VecsError(path, 0, `the first row claims ${dimensions} dimensions, expected 1..${DIMENSIONS_MAX}`);
  }
  const rowBytes = 4 * (dimensions + 1);
  const rest = byteLength % rowBytes;
  if (rest !== 0) throw new VecsError(path, byteLength - rest, `ends in the middle of a row of ${rowBytes} bytes`);
}

/** Byte of the file where the n-th value lies. */
function offsetOf(n, dimensions) {
  return 4 * (n + Math.floor(n / dimensions) + 1);
}

module.exports = { readFvecs, readIvecs, VecsError };
