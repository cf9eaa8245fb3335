'use strict';

// Records on their way in. Many are converted in slices, with a turn of the event loop between: the loop is never held
// for longer than a slice, whatever the size.

const native = require('./native');
const { invalidArgument } = require('./errors');
const { checkKeys, isObject } = require('./call');
const { toVector, toId, toText, toJson, describe } = require('./values');

const RECORD_FIELDS = ['id', 'vector', 'text', 'metadata'];
const COLUMN_FIELDS = ['ids', 'vectors', 'texts', 'metadatas'];
const SLICE_MICROS = 1000;
const RECORDS_BETWEEN_LOOKS = 8;

const missing = (value) => value === undefined || value === null;

/** One record as the addon takes it. */
function toRecord(method, record, argument = 'record') {
  if (!isObject(record)) throw invalidArgument(method, argument, `must be an object, got ${describe(record)}`);
  checkKeys(method, argument, record, RECORD_FIELDS);
  return {
    id: record.id === undefined ? undefined : toId(method, `${argument}.id`, record.id),
    vector: record.vector === undefined ? undefined : toVector(method, `${argument}.vector`, record.vector),
    text: record.text === undefined ? undefined : toText(method, `${argument}.text`, record.text),
    metadata: record.metadata === undefined ? undefined : toJson(method, `${argument}.metadata`, record.metadata),
  };
}

/** Where the records of a bulk call come from: `length`, and `at(i)` as toRecord makes them. */
function recordSource(method, input) {
  if (Array.isArray(input)) {
    return { length: input.length, matrix: undefined, at: (i) => toRecord(method, input[i], `records[${i}]`) };
  }
  if (!isObject(input)) {
    throw invalidArgument(method, 'records', `must be an array of records or columns, got ${describe(input)}`);
  }
  checkKeys(method, 'records', input, COLUMN_FIELDS);
  const { ids, vectors, texts, metadatas } = input;
  const length = columnLength(method, { ids, texts, metadatas });
  const at = (i) => ({
    id: missing(ids) ? undefined : toId(method, `records.ids[${i}]`, ids[i]),
    text: missing(texts?.[i]) ? undefined : toText(method, `records.texts[${i}]`, texts[i]),
    metadata: missing(metadatas?.[i]) ? undefined : toJson(method, `records.metadatas[${i}]`, metadatas[i]),
  });
  return { length, matrix: vectors, at };
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

/** A batch the addon takes, and the ids of its records as they become known. */
class BatchBuilder {
  #source;
  #next = 0;
  batch = new native.RecordBatch();
  ids = [];

  constructor(method, input, dimensions) {
    this.#source = recordSource(method, input);
    const { matrix } = this.#source;
    if (matrix === undefined) {
      this.#source.length ??= 0;
    } else {
      const rows = dimensions ? matrix?.length / dimensions : undefined;
      this.#source.length ??= Number.isInteger(rows) ? rows : 0;
      this.batch.setMatrix(matrix, this.#source.length);
    }
  }

  get done() {
    return this.#next >= this.#source.length;
  }

  /** Converts records for about a millisecond. */
  slice() {
    const start = native.threadCpuMicros();
    const columns = { ids: [], vectors: [], texts: [], metadatas: [] };
    const from = this.#next;
    while (!this.done) {
      const record = this.#source.at(this.#next++);
      columns.ids.push(record.id);
      columns.vectors.push(record.vector);
      columns.texts.push(record.text);
      columns.metadatas.push(record.metadata);
      const looks = (this.#next - from) % RECORDS_BETWEEN_LOOKS === 0;
      if (looks && native.threadCpuMicros() - start > SLICE_MICROS) break;
    }
    this.#append(columns, this.#next - from);
    native.noteStep(native.threadCpuMicros() - start);
  }

  #append(columns, count) {
    const made = this.batch.append(count, columns.ids, columns.vectors, columns.texts, columns.metadatas);
    for (let i = 0; i < count; i++) this.ids.push(columns.ids[i] ?? made[i]);
  }
}

const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve));

async function buildBatch(method, input, dimensions, signal) {
  const builder = new BatchBuilder(method, input, dimensions);
  while (!builder.done) {
    if (signal?.aborted) throw signal.reason;
    builder.slice();
    if (!builder.done) await turnOfTheLoop();
  }
  return builder;
}

function buildBatchSync(method, input, dimensions) {
  const builder = new BatchBuilder(method, input, dimensions);
  while (!builder.done) builder.slice();
  return builder;
}

module.exports = { toRecord, buildBatch, buildBatchSync, turnOfTheLoop };
