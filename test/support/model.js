'use strict';

// What a database ought to hold after each write: collections of records in plain Maps, in the order in which the records
// were first stored. Every write answers { value } or { error: { code, ... } }, as the real one has to.

const { matches } = require('./plain-filter');

class Refusal extends Error {
  constructor(facts) {
    super(facts.code);
    this.facts = facts;
  }
}

function refuse(facts) {
  throw new Refusal(facts);
}

/** Metadata as it comes back: dates are strings, undefined members are gone. */
const asJson = (metadata) => (metadata === undefined ? undefined : JSON.parse(JSON.stringify(metadata)));

class Model {
  /** name -> id -> record. A record that has expired stays until it is replaced or deleted, as its row does. */
  #collections;
  /** Whether the last write changed anything: then it has raised the change version. */
  changed = false;
  /** The change version as far as it is known. */
  version = 0;

  constructor(names) {
    this.#collections = new Map(names.map((name) => [name, new Map()]));
  }

  find(name, id) {
    const record = this.#collections.get(name).get(id);
    return record !== undefined && !isExpired(record) ? record : undefined;
  }

  /** Visible records that match, the oldest first. */
  all(name, filter = {}) {
    return [...this.#collections.get(name).values()].filter((record) => !isExpired(record) && matches(filter, record));
  }

  /** All or nothing: what `write` did is taken back when it is refused. */
  attempt(write) {
    const before = new Map([...this.#collections].map(([name, records]) => [name, new Map(records)]));
    this.changed = false;
    try {
      return { value: write() };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#collections = before;
      this.changed = false;
      return { error: error.facts };
    }
  }

  // What follows is called within attempt().

  /** Returns 'inserted', 'updated' or 'skipped'. `argument`: where the id stands. */
  put(name, given, onConflict, argument) {
    const there = this.find(name, given.id);
    if (there !== undefined && onConflict === 'skip') return 'skipped';
    if (there !== undefined && onConflict === 'error') refuse({ code: 'ERR_ALREADY_EXISTS', argument, id: given.id });
    const { id, vector, text, metadata } = given;
    const record = { id, vector, text, metadata: asJson(metadata), ...expiryOf(given), birth: there?.birth ?? {} };
    if (there === undefined) this.#drop(name, id); // Expired or absent: the new one is the newest.
    this.#set(name, record);
    return there === undefined ? 'inserted' : 'updated';
  }

  patch(name, id, fields, ifVersion) {
    const there = this.find(name, id);
    if (there === undefined) refuse({ code: 'ERR_NOT_FOUND', argument: 'id', id });
    checkVersion(there, ifVersion);
    const record = { ...there, ...('expiresAt' in fields || 'ttlMs' in fields ? expiryOf(fields) : {}) };
    if (fields.vector !== undefined) record.vector = fields.vector ?? undefined;
    if (fields.text !== undefined) record.text = fields.text ?? undefined;
    if (fields.metadata === null) record.metadata = undefined;
    else if (fields.metadata !== undefined) record.metadata = merged(record.metadata, asJson(fields.metadata));
    this.#set(name, { ...record, version: undefined });
  }

  /** Returns whether there was such a record. */
  delete(name, id, ifVersion) {
    const there = this.find(name, id);
    if (there !== undefined) checkVersion(there, ifVersion);
    this.#drop(name, id);
    return there !== undefined;
  }

  deleteWhere(name, filter) {
    const matching = this.all(name, filter);
    for (const { id } of matching) this.#drop(name, id);
    return matching.length;
  }

  /** Expired ones, too. */
  forget(name) {
    this.#collections.get(name).clear();
  }

  #set(name, record) {
    this.changed = true;
    this.#collections.get(name).set(record.id, record);
  }

  #drop(name, id) {
    if (this.#collections.get(name).delete(id)) this.changed = true;
  }
}

/** Only times that leave no doubt are used: long ago or far away. `ttlMs` is far away. */
function expiryOf({ expiresAt, ttlMs }) {
  if (ttlMs !== undefined) return { expiresAt: Infinity };
  return { expiresAt: expiresAt === undefined || expiresAt === null ? undefined : Number(expiresAt) };
}

function isExpired({ expiresAt }) {
  return expiresAt !== undefined && expiresAt <= Date.now();
}

function merged(metadata = {}, changes) {
  const all = { ...metadata, ...changes };
  return Object.fromEntries(Object.entries(all).filter(([key]) => changes[key] !== null));
}

function checkVersion(record, ifVersion) {
  if (ifVersion !== undefined && ifVersion !== record.version) refuse({ code: 'ERR_CONFLICT', argument: 'ifVersion', id: record.id });
}

module.exports = { Model };
