'use strict';

// Records on their way in. Many are converted in slices, with a turn of the event loop between: the loop is never held
// for longer than a slice, whatever the size.

const { types } = require('node:util');
const native = require('./native');
const { invalidArgument } = require('./errors');
const { checkKeys, isObject } = require('./call');
const { wantsVector, gather, refuseToEmbed } = require('./embedder');
const { slice } = require('./slices');
const { toVector, toId, toText, toJson, toTime, toDuration, describe } = require('./values');

const RECORD_FIELDS = ['id', 'vector', 'text', 'metadata', 'expiresAt', 'ttlMs'];
const PATCH_FIELDS = ['vector', 'text', 'metadata', 'expiresAt', 'ttlMs'];
const COLUMN_FIELDS = ['ids', 'vectors', 'texts', 'metadatas', 'expiresAts'];

const missing = (value) => value === undefined || value === null;

// How the fields of a record are converted, whatever they come in.
const CONVERT = {
  id: toId,
  vector: toVector,
  text: toText,
  metadata: toJson,
  expiresAt: toTime,
  ttlMs: toDuration,
};

/** How much of a record there is to copy, in characters and numbers. */
const weightOf = ({ vector, text, metadata }) => (vector?.length ?? 0) + (text?.length ?? 0) + (metadata?.length ?? 0);

/** One record as the addon takes it. */
function toRecord(method, record, argument = 'record') {
  if (!isObject(record)) throw invalidArgument(method, argument, `must be an object, got ${describe(record)}`);
  checkKeys(method, argument, record, RECORD_FIELDS);
  const convert = (field) =>
    record[field] === undefined ? undefined : CONVERT[field](method, `${argument}.${field}`, record[field]);
  return {
    id: convert('id'),
    vector: record.vector === null ? undefined : convert('vector'),
    text: convert('text'),
    metadata: convert('metadata'),
    expiresAt: convert('expiresAt'),
    ttlMs: convert('ttlMs'),
  };
}

/** The fields of a patch as the addon takes them: null removes. `isEmbedded`: a text decides which vector there is. */
function toPatch(method, fields, argument = 'fields', isEmbedded = false) {
  if (!isObject(fields)) throw invalidArgument(method, argument, `must be an object, got ${describe(fields)}`);
  checkKeys(method, argument, fields, PATCH_FIELDS);
  const patch = {};
  for (const field of PATCH_FIELDS) {
    const value = fields[field];
    if (value === undefined) continue;
    patch[field] = value === null && field !== 'ttlMs' ? null : CONVERT[field](method, `${argument}.${field}`, value);
  }
  if (isEmbedded && patch.text === '' && patch.vector === undefined) patch.vector = null; // An empty text has none.
  return patch;
}

/** Where the records of a bulk call come from: `length`, `at(i)` as toRecord makes them, and whether the vector of one `isWanted(i)`. */
function recordSource(method, input) {
  if (Array.isArray(input)) {
    const at = (i) => toRecord(method, input[i], `records[${i}]`);
    return { length: input.length, matrix: undefined, at, isWanted: (i) => wantsVector(input[i]) };
  }
  if (!isObject(input)) {
    throw invalidArgument(method, 'records', `must be an array of records or columns, got ${describe(input)}`);
  }
  checkKeys(method, 'records', input, COLUMN_FIELDS);
  const { ids, vectors, texts, metadatas, expiresAts } = input;
  const length = columnLength(method, { ids, texts, metadatas, expiresAts });
  const at = (i) => ({
    id: missing(ids) ? undefined : toId(method, `records.ids[${i}]`, ids[i]),
    text: missing(texts?.[i]) ? undefined : toText(method, `records.texts[${i}]`, texts[i]),
    metadata: missing(metadatas?.[i]) ? undefined : toJson(method, `records.metadatas[${i}]`, metadatas[i]),
    expiresAt: missing(expiresAts?.[i]) ? undefined : toTime(method, `records.expiresAts[${i}]`, expiresAts[i]),
  });
  const isWanted = (i) => wantsVector({ vector: vectors, text: texts?.[i] });
  return { length, matrix: vectors ?? undefined, at, isWanted };
}

function columnLength(method, columns) {
  let length;
  for (const [name, column] of Object.entries(columns)) {
    if (missing(column)) continue;
    if (!Array.isArray(column)) throw invalidArgument(method, `records.${name}`, `must be an array, got ${describe(column)}`);
    length ??= column.length;
    if (column.length !== length) {
      throw invalidArgument(method, `records.${name}`, `must have as many entries as the other columns (${length}), got ${column.length}`);
    }
  }
  return length;
}

// `rows`: how many records there are; undefined when the matrix alone says it.
function checkMatrix(method, matrix, rows, dimensions) {
  const refuse = (message) => {
    throw invalidArgument(method, 'records.vectors', message);
  };
  if (!types.isFloat32Array(matrix)) refuse(`must be a Float32Array, got ${describe(matrix)}`);
  // A vector is copied, but this is read while JavaScript goes on, and shrinking would take the memory away.
  if (matrix.buffer.resizable) refuse('must not lie in a resizable ArrayBuffer');
  if (dimensions === undefined) refuse('is not possible: the collection was created without dimensions');
  if (rows === undefined ? matrix.length % dimensions !== 0 : matrix.length !== rows * dimensions) {
    refuse(`must hold records x dimensions numbers, ${rows ?? 'any'} x ${dimensions}; got ${matrix.length}`);
  }
}

const unlessEmpty = (column) => (column.some((value) => value !== undefined) ? column : undefined);

/** A batch the addon takes, and the ids of its records as they become known. */
class BatchBuilder {
  #method;
  #source;
  #embedder;
  #next = 0;
  batch;
  ids = [];

  /**
   * @param collection the addon's.
   * @param bounded by maxPending and maxPendingBytes: a sync twin is not.
   * @param embedder of texts that come without a vector; may be undefined.
   */
  constructor(method, input, { collection, dimensions, bounded, embedder }) {
    this.#method = method;
    this.#embedder = embedder;
    this.#source = recordSource(method, input);
    const { matrix } = this.#source;
    if (matrix !== undefined) {
      checkMatrix(method, matrix, this.#source.length, dimensions);
      this.#source.length ??= matrix.length / dimensions;
    }
    this.#source.length ??= 0;
    this.batch = new native.RecordBatch(collection, method, bounded);
    this.batch.reserve(this.#source.length);
    if (matrix?.length > 0) this.batch.setMatrix(matrix, this.#source.length);
  }

  get done() {
    return this.#next >= this.#source.length;
  }

  /** Makes the vectors that are wanted, of all records at once. */
  prepare(next) {
    return this.#embedder === undefined || this.#source.matrix !== undefined ? undefined : this.#embed(next);
  }

  async #embed(next) {
    const { made, wanting } = await gather(this.#source, weightOf, next);
    const vectors = await this.#embedder.embed(this.#method, wanting.map(({ text }) => text), next);
    wanting.forEach((record, i) => (record.vector = vectors[i]));
    this.#source.at = (i) => made[i];
    this.#embedder = undefined; // It has done its part.
  }

  /** Converts records for about a millisecond. */
  slice() {
    // In the order the addon takes them.
    const columns = { ids: [], vectors: [], texts: [], metadatas: [], expiresAts: [], ttls: [] };
    const convert = () => {
      if (this.#embedder !== undefined && this.#source.isWanted(this.#next)) refuseToEmbed(this.#method, `records[${this.#next}].vector`);
      const record = this.#source.at(this.#next++);
      columns.ids.push(record.id);
      columns.vectors.push(record.vector);
      columns.texts.push(record.text);
      columns.metadatas.push(record.metadata);
      columns.expiresAts.push(record.expiresAt);
      columns.ttls.push(record.ttlMs);
      return weightOf(record);
    };
    slice(() => this.done, convert, () => this.#append(columns));
  }

  #append(columns) {
    const made = this.batch.append(columns.ids.length, ...Object.values(columns).map(unlessEmpty));
    columns.ids.forEach((id, i) => this.ids.push(id ?? made[i]));
  }
}

module.exports = { toRecord, toPatch, weightOf, BatchBuilder };
