'use strict';

// Database.batch: operations on their way in, all or nothing, converted in slices like bulk records.

const native = require('./native');
const { checkKeys, isObject } = require('./call');
const { Collection } = require('./collection');
const { invalidArgument } = require('./errors');
const { toRecord, toPatch, weightOf } = require('./records');
const { slice, turnOfTheLoop } = require('./slices');
const { toId, describe } = require('./values');

const METHOD = 'Database.batch';
const ON_CONFLICT = { add: 'error', upsert: 'replace' };
const FIELDS = {
  add: ['type', 'collection', 'record'],
  upsert: ['type', 'collection', 'record'],
  patch: ['type', 'collection', 'id', 'fields', 'ifVersion'],
  delete: ['type', 'collection', 'id', 'ifVersion'],
};

class WriteBatchBuilder {
  #operations;
  batch;
  ids = [];

  /**
   * @param database the addon's.
   * @param bounded by maxPending and maxPendingBytes: a sync twin is not.
   */
  constructor(operations, { database, bounded }) {
    if (!Array.isArray(operations)) {
      throw invalidArgument(METHOD, 'operations', `must be an array, got ${describe(operations)}`);
    }
    this.#operations = operations;
    this.batch = new native.WriteBatch(database, bounded);
    this.batch.reserve(operations.length);
  }

  get done() {
    return this.ids.length >= this.#operations.length;
  }

  /** Converts operations for about a millisecond. */
  slice() {
    slice(() => this.done, () => this.#append(this.ids.length));
  }

  #append(i) {
    const argument = `operations[${i}]`;
    const operation = this.#operations[i];
    if (!isObject(operation)) throw invalidArgument(METHOD, argument, `must be an object, got ${describe(operation)}`);
    const { type, record, fields, ifVersion } = operation;
    if (!Object.hasOwn(FIELDS, type)) {
      throw invalidArgument(METHOD, `${argument}.type`, `must be one of ${Object.keys(FIELDS).join(', ')}, got ${describe(type)}`);
    }
    checkKeys(METHOD, argument, operation, FIELDS[type]);
    const collection = toCollection(`${argument}.collection`, operation.collection);
    if (type in ON_CONFLICT) {
      const made = toRecord(METHOD, record, `${argument}.record`);
      this.ids.push(this.batch.put(collection, ON_CONFLICT[type], made));
      return weightOf(made);
    }
    const id = toId(METHOD, `${argument}.id`, operation.id);
    this.ids.push(id);
    if (type === 'delete') {
      this.batch.delete(collection, id, ifVersion);
      return 0;
    }
    const made = toPatch(METHOD, fields, `${argument}.fields`);
    this.batch.patch(collection, id, made, ifVersion);
    return weightOf(made);
  }

  /** What the operations did, in their order: made in slices, too. */
  async results(answer) {
    const results = [];
    const isDone = () => results.length === this.ids.length;
    const make = () => {
      results.push(this.#result(answer, results.length));
      return 0;
    };
    while (!isDone()) {
      slice(isDone, make);
      if (!isDone()) await turnOfTheLoop();
    }
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
  const collection = value instanceof Collection ? Collection.nativeOf(value) : undefined;
  if (collection === undefined) throw invalidArgument(METHOD, argument, `must be a Collection, got ${describe(value)}`);
  return collection;
}

module.exports = { WriteBatchBuilder };
