'use strict';

// Whether a database holds what the log of acknowledged writes says: every one of them, and of those under way all or nothing.

const { open } = require('agentmemdb');
const { Chains, chainOf, apply, copyOf, recordsOf, COLLECTIONS, CHAINS } = require('./write-plan');

const ALL = ['vector', 'text', 'metadata'];

const comparables = new WeakMap();

/** A record as it is compared, whether it was given or read; what is comparable stays as it is. */
function comparable(record) {
  if (typeof record === 'string') return record;
  if (!comparables.has(record)) comparables.set(record, JSON.stringify([record.id, record.vector && [...record.vector], record.text, record.metadata]));
  return comparables.get(record);
}

/** What the database holds of ids and collections that begin with `prefix`: collection -> id -> comparable record. */
async function read(db, prefix) {
  const stored = new Map();
  for (const { name } of await db.listCollections()) {
    if (name.endsWith('-own') && !name.startsWith(prefix)) continue;
    const records = new Map();
    const filter = { $id: { $gte: prefix, $lt: `${prefix}~` } };
    for await (const record of (await db.getCollection(name)).scan({ filter, include: ALL, batchSize: 1000 })) {
      if (records.has(record.id)) throw new Error(`${name} has ${record.id} twice`);
      records.set(record.id, comparable(record));
    }
    stored.set(name, records);
  }
  return stored;
}

const asComparable = (stored) => new Map([...stored].map(([name, records]) => (
  [name, new Map([...records].map(([id, record]) => [id, comparable(record)]))]
)));

/** Paths of all that two states differ in. */
function differences(a, b) {
  const names = new Set([...a.keys(), ...b.keys()]);
  return [...names].flatMap((name) => {
    if (!a.has(name) || !b.has(name)) return [`${name}/`];
    const ids = new Set([...a.get(name).keys(), ...b.get(name).keys()]);
    return [...ids].filter((id) => a.get(name).get(id) !== b.get(name).get(id)).map((id) => `${name}/${id}`);
  });
}

/** Checks one chain, which has `stored`, and `more`, if there is one, under way. Returns { stored, lost, half }: the state of the two
 *  possible ones that is there, the paths that are in neither, and the kind of a write of which only a part is there. */
function checkChain(found, stored, more) {
  const lacking = differences(found, asComparable(stored));
  if (lacking.length === 0) return { stored, lost: [], half: [] };
  if (more === undefined) return { stored, lost: lacking, half: [] };
  const withMore = copyOf(stored);
  apply(withMore, more);
  const beyond = new Set(differences(found, asComparable(withMore)));
  if (beyond.size === 0) return { stored: withMore, lost: [], half: [] };
  const lost = lacking.filter((path) => beyond.has(path));
  return { stored, lost, half: lost.length === 0 ? [more.kind] : [] };
}

/** Calls `visit` with all chains and the write, if it was one, after each word. Returns { all, pending }: the chains as they must be, and
 *  the word for what they were about to do together while none wrote. */
async function playRun({ seed, run, words, load, chains }, visit = () => {}) {
  const all = new Chains(seed, run, load, chains);
  let pending;
  for (const word of words) {
    pending = word === 'S' || word === 'D' ? word : undefined;
    await visit(all, all.play(word), word);
  }
  return { all, pending };
}

/** The writes of another process beside one that goes back to snapshots: of what is in those, each write is known, not how many. */
class WritesBeside {
  #file;
  #written = new Set();
  #inSnapshots = new Map();

  constructor({ file, seed, run, beside }) {
    const chain = chainOf(seed, run, CHAINS);
    this.prefix = chain.prefix;
    this.#file = file;
    this.writes = beside.map((version) => ({ version, write: chain.next(true) }));
    for (const { write } of this.writes) for (const record of recordsOf(write)) this.#written.add(comparable(record));
  }

  /** What they must have left: { stored, strange }. `back`: the last time that everything went back. `strange`: what the snapshot has that
   *  was never written. */
  async after(back) {
    const { stored: before, strange } = back ? await this.#inSnapshot(back.name) : { stored: emptyCollections(), strange: [] };
    const stored = copyOf(before);
    for (const { version, write } of this.writes) if (version > (back?.version ?? 0)) apply(stored, write);
    return { stored, strange };
  }

  async #inSnapshot(name) {
    if (!this.#inSnapshots.has(name)) {
      const db = await open(`${this.#file}-snapshots/${name}.db`, { readOnly: true });
      const stored = await read(db, `${this.prefix}-`);
      await db.close();
      const records = [...stored.values()].flatMap((each) => [...each.values()]);
      this.#inSnapshots.set(name, { stored, strange: records.filter((record) => !this.#written.has(record)) });
    }
    return this.#inSnapshots.get(name);
  }
}

function emptyCollections() {
  return new Map(Object.keys(COLLECTIONS).map((name) => [name, new Map()]));
}

/** Each { name, version } that may have been the last time that everything went back; undefined if it never did. */
function possiblyBack({ goingBack, lastBack }, beside) {
  if (goingBack === undefined) return [lastBack];
  const { name, floor, version } = goingBack;
  if (version !== undefined) return [{ name, version }];
  const later = [...goingBack.writes, ...(beside?.writes ?? [])].map((each) => each.version).filter((each) => each > floor);
  return [lastBack, ...[...new Set([floor, ...later])].map((each) => ({ name, version: each }))];
}

/** Checks all chains of a run: `words` is what was printed; those in `ended` had nothing under way. `beside`: the versions of what another
 *  process wrote beside one that went back to snapshots in `file`. */
async function checkRun(db, { ended = [], ...facts }) {
  const { all, pending } = await playRun(facts);
  const beside = facts.beside && new WritesBeside(facts);
  const found = await Promise.all(all.chains.map(({ prefix }) => read(db, `${prefix}-`)));
  const foundBeside = beside && (await read(db, `${beside.prefix}-`));
  const more = all.chains.map((chain, i) => (pending || ended.includes(i) ? undefined : chain.draw(all.goingBack !== undefined)));
  const check = async (back) => {
    const checked = all.chains.map((_, i) => checkChain(found[i], all.storedAfter(i, back), more[i]));
    if (beside) {
      const { stored, strange } = await beside.after(back);
      checked.push(checkChain(foundBeside, stored), { lost: strange, half: [] });
    }
    return together(checked);
  };
  let best;
  for (const back of possiblyBack(all, beside)) {
    const checked = await check(back);
    if (checked.wrong === 0) return checked;
    if (best === undefined || checked.wrong < best.wrong) best = checked;
  }
  return best;
}

function together(checked) {
  const [lost, half] = ['lost', 'half'].map((what) => checked.flatMap((each) => each[what]));
  return { stored: checked.flatMap(({ stored }) => stored ?? []), lost, half, wrong: lost.length + half.length };
}

/** Checks a backup against what some chains had stored: others wrote meanwhile. Returns the paths that differ. */
async function checkBackup(db, chains, stored) {
  const found = await Promise.all(chains.map(({ prefix }) => read(db, `${prefix}-`)));
  return found.flatMap((each, i) => differences(each, asComparable(stored[i])));
}

module.exports = { playRun, checkRun, checkBackup };
