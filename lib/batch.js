'use strict';

// Database.batch: operations on their way in, all or nothing, converted in slices like bulk records.

const native = require('./native');
const { checkKeys, isObject } = require('./call');
const { Collection } = require('./collection');
const { wantsVector, refuseToEmbed } = require('./embedder');
const { invalidArgument } = require('./errors');
const { toRecord, toPatch, weightOf } = require('./records');
const { slice, inSlices } = require('./slices');
const { toId, describe } = require('./values');

const METHOD = 'Database.batch';
const NOTHING = {};
const ON_CONFLICT = { add: 'error', upsert: 'replace' };
const FIELDS = {
  add: ['type', 'collection', 'record'],
  upsert: ['type', 'collection', 'record'],
  patch: ['type', 'collection', 'id', 'fields', 'ifVersion'],
  delete: ['type', 'collection', 'id', 'ifVersion'],
};

class WriteBatchBuilder {
  #operations;
  #made = [];
  #isEmbedded;
  batch;
  ids = [];

  /**
   * @param database the addon's.
   * @param bounded by maxPending and maxPendingBytes: a sync twin is not.
   * @param isEmbedded: there may be collections with an embedder.
   */
  constructor(operations, { database, bounded, isEmbedded }) {
    if (!Array.isArray(operations)) {
      throw invalidArgument(METHOD, 'operations', `must be an array, got ${describe(operations)}`);
    }
    this.#operations = operations;
    this.#isEmbedded = isEmbedded;
    this.batch = new native.WriteBatch(database, bounded);
    this.batch.reserve(operations.length);
  }

  get done() {
    return this.ids.length >= this.#operations.length;
  }

  /** Makes the vectors that are wanted: of each embedder all at once. What any operation has wrong is told before. */
  prepare(next) {
    return this.#isEmbedded ? this.#embed(next) : undefined;
  }

  async #embed(next) {
    const wanting = new Map(); // records and patches, by embedder
    const { length } = this.#operations;
    const convert = () => {
      const operation = this.#convert(this.#made.length);
      this.#made.push(operation);
      const { embedder, made } = operation;
      if (embedder === undefined) return weightOf(made);
      if (!wanting.has(embedder)) wanting.set(embedder, []);
      wanting.get(embedder).push(made);
      return weightOf(made);
    };
    await inSlices(() => this.#made.length === length, convert, next);
    const embedAll = async ([embedder, records]) => {
      const vectors = await embedder.embed(METHOD, records.map(({ text }) => text), next);
      records.forEach((record, i) => (record.vector = vectors[i]));
    };
    await Promise.all([...wanting].map(embedAll));
  }

  /** Converts operations for about a millisecond. */
  slice() {
    slice(() => this.done, () => this.#append(this.ids.length));
  }

  // Of a sync twin, nothing was prepared.
  #append(i) {
    const { type, collection, id, made, ifVersion, embedder } = this.#made[i] ?? this.#convert(i);
    if (embedder !== undefined && made.vector === undefined) {
      refuseToEmbed(METHOD, `operations[${i}].${type === 'patch' ? 'fields' : 'record'}.vector`);
    }
    this.#made[i] = undefined;
    if (type === 'delete') {
      this.batch.delete(collection, id, ifVersion);
    } else if (type === 'patch') {
      this.batch.patch(collection, id, made, ifVersion);
    } else {
      this.ids.push(this.batch.put(collection, ON_CONFLICT[type], made));
      return weightOf(made);
    }
    this.ids.push(id);
    return weightOf(made);
  }

  /** An operation as the addon takes it; `embedder`: what is to make its vector. */
  #convert(i) {
    const argument = `operations[${i}]`;
    const operation = this.#operations[i];
    if (!isObject(operation)) throw invalidArgument(METHOD, argument, `must be an object, got ${describe(operation)}`);
    const { type, record, fields, ifVersion } = operation;
    if (!Object.hasOwn(FIELDS, type)) {
      throw invalidArgument(METHOD, `${argument}.type`, `must be one of ${Object.keys(FIELDS).join(', ')}, got ${describe(type)}`);
    }
    checkKeys(METHOD, argument, operation, FIELDS[type]);
    const { collection, embedder } = toCollection(`${argument}.collection`, operation.collection);
    if (type in ON_CONFLICT) {
      const made = toRecord(METHOD, record, `${argument}.record`);
      return { type, collection, made, embedder: wantsVector(record) ? embedder : undefined };
    }
    const id = toId(METHOD, `${argument}.id`, operation.id);
    if (type === 'delete') return { type, collection, id, ifVersion, made: NOTHING };
    const made = toPatch(METHOD, fields, `${argument}.fields`, embedder !== undefined);
    return { type, collection, id, ifVersion, made, embedder: wantsVector(fields) ? embedder : undefined };
  }

  /** What the operations did, in their order: made in slices, too. */
  async results(answer) {
    const results = [];
    const make = () => {
      results.push(this.#result(answer, results.length));
      return 0;
    };
    await inSlices(() => results.length === this.ids.length, make);
    return results;
  }

  resultsSync(answer) {
    return this.ids.map((_, i) => this.#result(answer, i));
  }

  #result({ version, deleted }, i) {
    const id = this.ids[i];
    return this.#operations[i].type === 'delete' ? { id, deleted: deleted[i] === '1', version } : { id, version };
  }
}

function toCollection(argument, value) {
  const parts = value instanceof Collection ? Collection.partsOf(value) : undefined;
  if (parts !== undefined) return parts;
  throw invalidArgument(METHOD, argument, `must be a Collection, got ${describe(value)}`);
}

module.exports = { WriteBatchBuilder };
