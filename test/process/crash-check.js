'use strict';

// Whether a database holds what the log of acknowledged writes says: every one of them, and of those under way all or nothing.

const { Chains, TOGETHER } = require('./write-plan');

const ALL = ['vector', 'text', 'metadata'];

/** A record as it is compared, whether it was given or read. */
function comparable(record) {
  return JSON.stringify([record.id, record.vector && [...record.vector], record.text, record.metadata]);
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

/** Checks one chain. Returns { stored, lost, half }: the state of the two possible ones that is there, the paths that are in
 *  neither, and the kind of a write of which only a part is there. */
async function checkChain(db, chain, mayHaveMore) {
  const found = await read(db, `${chain.prefix}-`);
  const without = chain.copy();
  const lacking = differences(found, asComparable(without));
  if (lacking.length === 0) return { stored: without, lost: [], half: [] };
  if (!mayHaveMore) return { stored: without, lost: lacking, half: [] };
  const { kind } = chain.next();
  const beyond = new Set(differences(found, asComparable(chain.stored)));
  if (beyond.size === 0) return { stored: chain.stored, lost: [], half: [] };
  const lost = lacking.filter((path) => beyond.has(path));
  return { stored: without, lost, half: lost.length === 0 ? [kind] : [] };
}

/** Calls `visit` with all chains and the write, if it was one, after each word that was acknowledged. Returns { all, pending }: the
 *  chains as they must be, and what they were about to do together. */
async function playRun({ seed, run, words, load, chains }, visit = () => {}) {
  const all = new Chains(seed, run, load, chains);
  let pending;
  for (const word of words) {
    if (word in TOGETHER) {
      pending = word;
    } else {
      const acknowledged = word.toUpperCase();
      await visit(all, all.play(acknowledged), acknowledged);
      pending = undefined;
    }
  }
  return { all, pending };
}

/** Checks all chains of a run: `words` is what was printed; those in `ended` had nothing under way. */
async function checkRun(db, { ended = [], ...facts }) {
  const { all, pending } = await playRun(facts);
  // Going back concerns every chain or none.
  if (pending === 'R' && (await checkEach(db, all.chains, () => false)).lost.length > 0) all.play('R');
  return checkEach(db, all.chains, (i) => !pending && !ended.includes(i));
}

async function checkEach(db, chains, mayHaveMore) {
  const checked = { stored: [], lost: [], half: [] };
  for (const [i, chain] of chains.entries()) {
    const { stored, lost, half } = await checkChain(db, chain, mayHaveMore(i));
    checked.stored.push(stored);
    checked.lost.push(...lost);
    checked.half.push(...half);
  }
  return checked;
}

/** Checks a backup against what some chains had stored: others wrote meanwhile. Returns the paths that differ. */
async function checkBackup(db, chains, stored) {
  const found = await Promise.all(chains.map(({ prefix }) => read(db, `${prefix}-`)));
  return found.flatMap((each, i) => differences(each, asComparable(stored[i])));
}

module.exports = { playRun, checkRun, checkBackup };
