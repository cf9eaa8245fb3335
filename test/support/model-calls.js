'use strict';

// Random calls for the model test: each knows how to make itself, and what has to come of it.

const { isDeepStrictEqual, inspect } = require('node:util');
const { exactHits, integer, pick } = require('./database');
const { randomFilter, randomMetadata } = require('./plain-filter');

const IDS = 250;
const INCLUDES = [undefined, [], ['text'], ['metadata'], ['vector'], ['text', 'metadata', 'vector']];
const LONG_AGO = [1, 1_000_000, new Date(5)];
const FAR_AWAY_MS = 1e12;

function expectSame(got, wanted, what) {
  if (!isDeepStrictEqual(got, wanted)) throw new Error(`${what}: got ${inspect(got, { depth: 6 })}, wanted ${inspect(wanted, { depth: 6 })}`);
}

function expectTrue(truth, what, facts) {
  if (!truth) throw new Error(`${what}: ${inspect(facts, { depth: 4 })}`);
}

/** An outcome is { value } or { error }. */
function expectOutcome({ value, error }, wanted, checkValue) {
  if (wanted.error === undefined) {
    if (error !== undefined) throw error;
    return checkValue(value);
  }
  if (error === undefined) throw new Error(`wanted ${inspect(wanted.error)}, got ${inspect(value, { depth: 4 })}`);
  const facts = Object.fromEntries(Object.keys(wanted.error).map((key) => [key, error[key]]));
  return expectSame(facts, wanted.error, error.stack);
}

const withoutVector = ({ vector: _, ...rest }) => rest;

const include = (fields, record) => ({
  ...(record.text !== undefined && fields.includes('text') && { text: record.text }),
  ...(record.metadata !== undefined && fields.includes('metadata') && { metadata: record.metadata }),
  ...(record.vector !== undefined && fields.includes('vector') && { vector: Float32Array.from(record.vector) }),
});

/** A record as get, find and scan give it; its times are checked beside, as far as they are known. */
function expectRecord(got, record, fields = ['text', 'metadata']) {
  if (record === undefined) return expectSame(got, undefined, 'a record');
  const { createdAt, updatedAt, expiresAt, ...rest } = got;
  expectSame(rest, { id: record.id, ...include(fields, record), version: record.version }, 'a record');
  record.birth.createdAt ??= createdAt;
  expectTrue(createdAt === record.birth.createdAt && updatedAt >= createdAt && updatedAt <= Date.now(), 'times', { got, record });
  const isKnown = Number.isFinite(record.expiresAt) || record.expiresAt === undefined;
  return expectTrue(isKnown ? expiresAt === record.expiresAt : expiresAt > Date.now(), 'expiresAt', { got, record });
}

/**
 * @param collections names with { dimensions?, metric? }.
 * Each method makes one call of its kind: { on: name of a collection or undefined for the database, method, args, twin: the
 * arguments of the sync twin if there is one, writes, check(outcome) }. A call that writes has been made in the model already.
 * `calm`: no write is under way, so every version is known.
 */
class Calls {
  #random;
  #model;
  #collections;

  constructor(random, model, collections) {
    this.#random = random;
    this.#model = model;
    this.#collections = collections;
  }

  add() {
    return this.#put('add', 'error');
  }

  upsert() {
    return this.#put('upsert', 'replace');
  }

  #put(method, onConflict) {
    const name = this.#name();
    const record = this.#record(name);
    return this.#write(name, method, [record], () => this.#model.put(name, record, onConflict, 'record.id'), [record], (value) => {
      expectSame(Object.keys(value), ['id', 'version'], 'keys');
      expectSame(value.id, record.id, 'id');
    });
  }

  addMany() {
    return this.#putMany('addMany', 'error', undefined);
  }

  upsertMany() {
    const onConflict = pick(this.#random, [undefined, 'replace', 'skip', 'error']);
    return this.#putMany('upsertMany', onConflict ?? 'replace', onConflict && { onConflict });
  }

  #putMany(method, onConflict, options) {
    const name = this.#name();
    const records = Array.from({ length: integer(this.#random, 12) }, () => this.#record(name));
    const args = options === undefined ? [this.#asColumns(records)] : [this.#asColumns(records), options];
    const counts = { inserted: 0, updated: 0, skipped: 0 };
    const run = () => {
      for (const [i, record] of records.entries()) counts[this.#model.put(name, record, onConflict, `records[${i}].id`)]++;
    };
    return this.#write(name, method, args, run, records, ({ version: _, ...value }) => {
      expectSame(value, { ids: records.map((record) => record.id), ...counts }, method);
    });
  }

  patch() {
    const [name, id] = [this.#name(), this.#id()];
    const fields = this.#fields(name);
    const ifVersion = this.#ifVersion(name, id);
    const args = ifVersion === undefined ? [id, fields] : [id, fields, { ifVersion }];
    return this.#write(name, 'patch', args, () => this.#model.patch(name, id, fields, ifVersion), [{ id }], (value) => {
      expectSame(value.id, id, 'id');
    });
  }

  delete() {
    const [name, id] = [this.#name(), this.#id()];
    const ifVersion = this.#ifVersion(name, id);
    const args = ifVersion === undefined ? [id] : [id, { ifVersion }];
    const call = this.#write(name, 'delete', args, () => this.#model.delete(name, id, ifVersion), [], (value) => {
      expectSame(value, call.wanted.value, 'delete');
    });
    return call;
  }

  deleteWhere(calm) {
    const name = this.#name();
    // Few records, or there would soon be none.
    const filter = { $and: [this.#filter(calm), { n: integer(this.#random, 12) }, { $id: { $gte: this.#id() } }] };
    const call = this.#write(name, 'deleteWhere', [filter], () => this.#model.deleteWhere(name, filter), [], (value) => {
      expectSame(value, call.wanted.value, 'deleteWhere');
    });
    return call;
  }

  batch() {
    const operations = Array.from({ length: integer(this.#random, 6) }, () => this.#operation());
    const deleted = [];
    const run = () =>
      operations.forEach((operation, i) => {
        try {
          deleted.push(this.#runOperation(operation));
        } catch (error) {
          if (error.facts) error.facts.argument = `operations[${i}].${error.facts.argument}`;
          throw error;
        }
      });
    const written = operations.map(({ collection, record, id }) => ({ name: collection, id: record?.id ?? id }));
    return this.#write(undefined, 'batch', [operations], run, written, (value) => {
      const wanted = operations.map(({ type }, i) => ({ id: written[i].id, ...(type === 'delete' && { deleted: deleted[i] }) }));
      expectSame(value.map(({ version: _, ...rest }) => rest), wanted, 'batch');
    });
  }

  #operation() {
    const type = pick(this.#random, ['add', 'upsert', 'upsert', 'patch', 'delete', 'delete']);
    const collection = this.#name();
    if (type === 'add' || type === 'upsert') return { type, collection, record: this.#record(collection) };
    const id = this.#id();
    const condition = this.#ifVersion(collection, id);
    const ifVersion = condition === undefined ? {} : { ifVersion: condition };
    return type === 'patch' ? { type, collection, id, fields: this.#fields(collection), ...ifVersion } : { type, collection, id, ...ifVersion };
  }

  #runOperation({ type, collection, record, id, fields, ifVersion }) {
    if (type === 'delete') return this.#model.delete(collection, id, ifVersion);
    if (type === 'patch') return this.#model.patch(collection, id, fields, ifVersion);
    return this.#model.put(collection, record, type === 'add' ? 'error' : 'replace', 'record.id');
  }

  get() {
    const [name, id, fields] = [this.#name(), this.#id(), pick(this.#random, INCLUDES)];
    const wanted = this.#model.find(name, id);
    return this.#read(name, 'get', fields === undefined ? [id] : [id, { include: fields }], (value) => expectRecord(value, wanted, fields));
  }

  has() {
    const [name, id] = [this.#name(), this.#id()];
    const wanted = this.#model.find(name, id) !== undefined;
    return this.#read(name, 'has', [id], (value) => expectSame(value, wanted, 'has'));
  }

  count() {
    const name = this.#name();
    const filter = this.#random() < 0.5 ? undefined : this.#filter(true);
    const wanted = this.#model.all(name, filter).length;
    return this.#read(name, 'count', filter === undefined ? [] : [filter], (value) => expectSame(value, wanted, 'count'));
  }

  find() {
    const { name, filter, fields, query } = this.#pageQuery();
    const limit = 1 + integer(this.#random, 60);
    const wanted = this.#model.all(name, filter);
    return this.#read(name, 'find', [{ ...query, limit }], ({ records, cursor, ...others }) => {
      expectSame(others, {}, 'other members');
      expectSame(records.length, Math.min(limit, wanted.length), 'records found');
      records.forEach((record, i) => expectRecord(record, wanted[i], fields));
      expectTrue(cursor !== undefined || records.length === wanted.length, 'no cursor, but there are more', { limit, wanted: wanted.length });
    });
  }

  scan() {
    const { name, filter, fields, query } = this.#pageQuery();
    const wanted = this.#model.all(name, filter);
    const args = [{ ...query, batchSize: 1 + integer(this.#random, 100) }];
    return { on: name, method: 'scan', args, check: ({ value, error }) => {
      if (error !== undefined) throw error;
      expectSame(value.length, wanted.length, 'records scanned');
      value.forEach((record, i) => expectRecord(record, wanted[i], fields));
    } };
  }

  #pageQuery() {
    const [name, fields] = [this.#name(), pick(this.#random, INCLUDES)];
    const filter = this.#random() < 0.3 ? undefined : this.#filter(true);
    return { name, filter, fields, query: { ...(filter && { filter }), ...(fields && { include: fields }) } };
  }

  search() {
    const name = this.#searchable();
    const query = this.#query(name);
    const check = this.#hitsCheck(name, query);
    return this.#read(name, 'search', [query], check);
  }

  /** As records, or as a matrix with options that all share. */
  searchMany() {
    const name = this.#searchable();
    const isMatrix = this.#random() < 0.5;
    const first = this.#query(name);
    const queries = Array.from({ length: integer(this.#random, 5) }, () => ({ ...(isMatrix ? first : this.#query(name)), vector: this.#vector(name) }));
    const checks = queries.map((query) => this.#hitsCheck(name, query));
    const matrix = { ...withoutVector(first), vectors: Float32Array.from(queries.flatMap((query) => query.vector)) };
    return this.#read(name, 'searchMany', [isMatrix ? matrix : queries], (value) => {
      expectSame(value.length, queries.length, 'results');
      value.forEach((hits, i) => checks[i](hits));
    });
  }

  /** By a word that each text has, or by a number that one has, or few. */
  words() {
    const [name, filter] = [this.#name(), this.#random() < 0.7 ? undefined : this.#filter(true)];
    const texts = this.#model.all(name, filter).filter(({ text }) => text !== undefined);
    const text = texts.length > 0 && this.#random() < 0.7 ? pick(this.#random, texts).text.split(' ')[1] : 'text';
    const wanted = texts.filter((record) => record.text.split(' ').includes(text)).map(({ id }) => id).sort();
    const query = { text, k: 10_000, include: [], ...(filter && { filter }) };
    return this.#read(name, 'search', [query], (hits) => expectSame(hits.map(({ id }) => id).sort(), wanted, `with the word ${text}`));
  }

  stats() {
    const name = this.#name();
    const all = this.#model.all(name);
    const vectors = all.filter((record) => record.vector !== undefined).length;
    return this.#read(name, 'stats', [], (value) => {
      expectSame([value.records, value.vectors, value.damaged], [all.length, vectors, 0], 'records, vectors and damaged ones');
    });
  }

  #query(name) {
    const fields = pick(this.#random, INCLUDES);
    return {
      vector: this.#vector(name),
      k: 1 + integer(this.#random, 40),
      ...(this.#random() < 0.8 && { exact: true }),
      ...(this.#random() < 0.4 && { filter: this.#filter(true) }),
      ...(fields && { include: fields }),
    };
  }

  #hitsCheck(name, { vector, k, exact, filter, include: fields = ['text', 'metadata'] }) {
    const candidates = this.#model.all(name, filter).filter((record) => record.vector !== undefined);
    const ranked = exactHits(candidates, vector, candidates.length, this.#collections[name].metric);
    const records = new Map(candidates.map((record) => [record.id, record]));
    const byId = new Map(ranked.map((hit) => [hit.id, hit]));
    return (hits) => {
      const ids = hits.map((hit) => hit.id);
      expectSame(hits.length, Math.min(k, ranked.length), 'hits');
      if (exact) expectSame(ids, ranked.slice(0, k).map((hit) => hit.id), 'exact hits');
      expectSame(new Set(ids).size, ids.length, 'different hits');
      hits.forEach(({ distance, score, ...rest }, rank) => {
        const wanted = byId.get(rest.id);
        expectTrue(wanted !== undefined, 'a hit that does not match', rest);
        expectSame(rest, { id: rest.id, ...include(fields, records.get(rest.id)) }, 'a hit');
        const near = Math.abs(distance - wanted.distance) < 1e-5 && Math.abs(score - wanted.score) < 1e-5;
        expectTrue(near && (rank === 0 || hits[rank - 1].distance <= distance), 'distance and score', { distance, score, wanted });
      });
    };
  }

  /** @param written [{ id, name? }]: the records whose version this is, if it succeeds. */
  #write(name, method, args, run, written, checkValue) {
    const call = { on: name, method, args, twin: args, writes: true };
    call.wanted = this.#model.attempt(run);
    call.changed = this.#model.changed;
    const made = written.map((each) => this.#model.find(each.name ?? name, each.id)).filter((record) => record !== undefined);
    call.check = (outcome) => {
      expectOutcome(outcome, call.wanted, checkValue);
      const version = Array.isArray(outcome.value) ? outcome.value[0]?.version : outcome.value?.version;
      if (version !== undefined) for (const record of made) record.version ??= version;
      return version;
    };
    return call;
  }

  #read(name, method, args, checkValue) {
    return { on: name, method, args, twin: args, check: (outcome) => expectOutcome(outcome, {}, checkValue) };
  }

  #name() {
    return pick(this.#random, Object.keys(this.#collections));
  }

  #searchable() {
    return pick(this.#random, Object.keys(this.#collections).filter((name) => this.#collections[name].dimensions));
  }

  #id() {
    return `id ${integer(this.#random, IDS)}`;
  }

  #vector(name) {
    return Array.from({ length: this.#collections[name].dimensions }, () => integer(this.#random, 5) - 2);
  }

  #filter(calm) {
    return randomFilter(this.#random, calm ? this.#model.version : undefined);
  }

  #record(name) {
    return { id: this.#id(), ...this.#content(name), ...this.#expiry() };
  }

  #content(name) {
    return {
      ...(this.#collections[name].dimensions && this.#random() < 0.85 && { vector: this.#vector(name) }),
      ...(this.#random() < 0.7 && { text: `text ${integer(this.#random, 1e6)} é😀` }),
      ...(this.#random() < 0.8 && { metadata: { ...randomMetadata(this.#random), ...(this.#random() < 0.1 && { at: new Date(7), gone: undefined }) } }),
    };
  }

  #expiry() {
    const dice = this.#random();
    if (dice < 0.05) return { expiresAt: pick(this.#random, LONG_AGO) };
    if (dice < 0.08) return { expiresAt: FAR_AWAY_MS * 5 };
    return dice < 0.1 ? { ttlMs: FAR_AWAY_MS } : {};
  }

  #fields(name) {
    const fields = { ...this.#content(name), ...this.#expiry() };
    for (const field of ['vector', 'text', 'metadata', 'expiresAt']) {
      const isFree = field !== 'expiresAt' || fields.ttlMs === undefined;
      if (isFree && this.#random() < 0.08) fields[field] = null;
    }
    if (fields.metadata && this.#random() < 0.3) fields.metadata[pick(this.#random, ['n', 'topic', 'tags'])] = null;
    return fields;
  }

  /** The version the record has, another one, or none. Of a record whose version is not known yet only another. */
  #ifVersion(name, id) {
    const dice = this.#random();
    if (dice < 0.75) return undefined;
    return dice < 0.9 ? (this.#model.find(name, id)?.version ?? 1) : 1;
  }

  #asColumns(records) {
    const withVector = records.filter((record) => record.vector !== undefined).length;
    const isUniform = withVector === 0 || withVector === records.length;
    if (!isUniform || this.#random() < 0.5 || records.some((record) => record.ttlMs !== undefined)) return records;
    return {
      ids: records.map((record) => record.id),
      ...(withVector > 0 && { vectors: Float32Array.from(records.flatMap((record) => record.vector)) }),
      texts: records.map((record) => record.text),
      metadatas: records.map((record) => record.metadata ?? null),
      expiresAts: records.map((record) => record.expiresAt),
    };
  }
}

module.exports = { Calls, expectRecord, expectSame, expectTrue };
