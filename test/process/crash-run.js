'use strict';

// One run of the tests that kill: a process writes, is killed, alone or beside others, and what it left behind is compared with what
// was acknowledged. A run: { seed, run, mode, load, durability, withOthers } (write-plan.js, scripts/write-until-killed.js).

const fs = require('node:fs');
const path = require('node:path');

const { open } = require('agentmemdb');
const { startScript, startPeer } = require('./children');
const { playRun, checkRun, checkBackup } = require('./crash-check');
const { CHAINS, COLLECTIONS } = require('./write-plan');

const SEARCHES_PER_RUN = 100;
const WRITER = CHAINS; // The chain of the companion that writes.

/** Lets a child write until `moment(child, ended)` resolves to what that moment is called, and kills it. Returns { words, moment }:
 *  what it has said of its chains. */
async function writeAndKill(file, plan, moment, env) {
  const { child, ended } = startScript('write-until-killed.js', [file, plan.seed, plan.run, plan.mode, plan.durability], { env });
  const called = await moment(child, ended);
  child.kill('SIGKILL');
  const { signal, stdout, stderr } = await ended;
  expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
  // A line that was cut short by the kill is no acknowledgment.
  const words = stdout.split('\n').slice(0, -1).filter((line) => /^(\d(@\d+)?|[SD]|R@\d+|e)$/i.test(line));
  return { file, words, chains: CHAINS, moment: called };
}

/** The same, with a reader and a writer that live on. `seen`: what each of them finds wrong. */
async function writeAndKillBesideOthers(file, plan, moment, env) {
  const others = [WRITER, 'reader'].map((chain) => (
    startPeer('companion.js', [file, plan.seed, plan.run, chain, plan.durability, plan.mode])
  ));
  await Promise.all(others.map(({ ready }) => ready));
  const killed = await writeAndKill(file, plan, moment, env);
  const [versions] = await Promise.all(others.map(({ ask }) => ask('stop')));
  const writer = plan.mode === 'restore'
    ? { beside: versions }
    : { words: [...killed.words, ...versions.map(() => String(WRITER))], chains: CHAINS + 1, ended: [WRITER] };
  const facts = { ...plan, ...killed, ...writer };
  const seen = [];
  for (const { ask } of others) seen.push(await ask('check', facts));
  await Promise.all(others.map(({ ask }) => ask('close')));
  const ends = await Promise.all(others.map(({ ended }) => ended));
  for (const { code, signal, stderr } of ends) expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  return { ...facts, seen };
}

/** An exact search for the vector of a stored record finds that record, at no distance; and one for the words that it alone has. */
async function expectFound(collection, records, random) {
  const some = [...records.values()].filter(() => random() < SEARCHES_PER_RUN / records.size);
  const worded = some.filter(({ text }) => text);
  const lists = await Promise.all(worded.map(({ text }) => collection.search({ text, k: 1, include: [] })));
  expect(lists.map(([hit]) => hit?.id)).toEqual(worded.map(({ id }) => id));
  const sample = some.filter(({ vector }) => vector);
  const hits = await Promise.all(sample.map(({ vector }) => collection.search({ vector, k: 1, exact: true, include: [] })));
  expect(hits.map(([hit]) => hit?.id)).toEqual(sample.map(({ id }) => id));
  for (const [hit] of hits) expect(Math.abs(hit.distance)).toBeLessThan(1e-5);
}

const pathOf = (file, { kind, name }) => (kind === 'snapshot' ? `${file}-snapshots/${name}.db` : `${file}.${name}`);

async function expectWhole(file, chains, stored) {
  const db = await open(file, { readOnly: true });
  expect({ file, differs: await checkBackup(db, chains, stored), ...(await db.verify()) }).toMatchObject({ differs: [], differences: [], ok: true });
  await db.close();
}

/** Every backup and snapshot of the run that was acknowledged is whole; one that was not is, or is not there. They are removed. */
async function checkBackups(file, facts) {
  let checked = 0;
  const { all, pending } = await playRun(facts, async ({ chains }, write, i) => {
    if (write?.kind !== 'backup' && write?.kind !== 'snapshot') return;
    await expectWhole(pathOf(file, write), [chains[i]], [chains[i].stored]);
    checked++;
  });
  const snapshots = new Map(all.snapshots);
  const doubtful = pending === 'S' || pending === 'D' ? all.nameFor(pending) : undefined;
  if (pending === 'S') snapshots.set(doubtful, all.copies());
  const isThere = (name) => fs.existsSync(pathOf(file, { kind: 'snapshot', name }));
  for (const [name, stored] of snapshots) {
    if (name === doubtful && !isThere(name)) continue;
    await expectWhole(pathOf(file, { kind: 'snapshot', name }), all.chains, stored);
    checked++;
  }
  const left = fs.existsSync(`${file}-snapshots`) ? fs.readdirSync(`${file}-snapshots`) : [];
  expect(left.filter((name) => /-all-\d+\.db$/.test(name) && !snapshots.has(name.slice(0, -3)))).toEqual([]);
  fs.rmSync(`${file}-snapshots`, { recursive: true, force: true });
  for (const name of fs.readdirSync(path.dirname(file))) if (name.includes('.backup')) fs.rmSync(path.join(path.dirname(file), name));
  return checked;
}

async function openWithCollections(file) {
  const db = await open(file, { maxPending: 1_000_000 });
  for (const [name, options] of Object.entries(COLLECTIONS)) await db.collection(name, options);
  return db;
}

/** Opens what was left behind. `earlier`: how many records of shared collections other runs have left there. */
async function checkFile(file, facts, earlier, random) {
  const db = await openWithCollections(file);
  const { stored, lost, half } = await checkRun(db, facts);
  const log = await db.getCollection('log');
  for (const [name, before] of Object.entries(earlier)) {
    earlier[name] = stored.reduce((sum, chain) => sum + chain.get(name).size, before);
    const stats = await (await db.getCollection(name)).stats();
    if (lost.length === 0 && half.length === 0) expect({ name, ...stats }).toMatchObject({ records: earlier[name], damaged: 0 });
  }
  if (lost.length === 0) for (const chain of stored) await expectFound(log, chain.get('log'), random);
  const { found, differences } = await db.verify();
  await db.close();
  return { lost, half, differences: differences.slice(0, 3), found };
}

/** Runs on files of which each is used `runsPerFile` times: sums up what came of them. */
class Crashes {
  #folder;
  #random;
  #runsPerFile;
  #file;
  #earlier;
  #runsLeft = 0; // On this file.
  /** Of runs that went wrong: what and how. */
  wrong = [];
  moments = {};
  sums = { runs: 0, writes: 0, lost: 0, half: 0, unclean: 0, backups: 0, withOthers: 0, timesBack: 0 };

  constructor(folder, random, runsPerFile) {
    this.#folder = folder;
    this.#random = random;
    this.#runsPerFile = runsPerFile;
  }

  /** The file of the next run. */
  async file() {
    if (this.#runsLeft === 0) {
      for (const name of fs.readdirSync(this.#folder.path)) if (name.startsWith('killed-')) fs.rmSync(this.#folder.file(name), { recursive: true });
      this.#file = this.#folder.file(`killed-${this.sums.runs}.db`);
      this.#earlier = { log: 0, facts: 0 };
      await (await openWithCollections(this.#file)).close();
      this.#runsLeft = this.#runsPerFile;
    }
    return this.#file;
  }

  async run(plan, moment, env) {
    const file = await this.file();
    const facts = plan.withOthers
      ? await writeAndKillBesideOthers(file, plan, moment, env)
      : { ...plan, ...(await writeAndKill(file, plan, moment, env)) };
    const all = [...(facts.seen ?? []), await checkFile(file, facts, this.#earlier, this.#random)];
    const [lost, half, differences] = ['lost', 'half', 'differences'].map((what) => all.flatMap((each) => each[what]));
    const found = all.reduce((sum, each) => sum + each.found, 0);
    const isWrong = lost.length + half.length + found > 0;
    if (isWrong) this.wrong.push({ plan, moment: facts.moment, lost: lost.slice(0, 3), half, differences });
    this.#runsLeft = isWrong ? 0 : this.#runsLeft - 1;
    this.moments[facts.moment] = (this.moments[facts.moment] ?? 0) + 1;
    this.sums.runs++;
    this.sums.writes += facts.words.filter((word) => /^\d/.test(word)).length + (facts.beside?.length ?? 0);
    this.sums.timesBack += facts.words.filter((word) => /^r/.test(word)).length;
    this.sums.lost += lost.length;
    this.sums.half += half.length;
    this.sums.unclean += found > 0 ? 1 : 0;
    this.sums.backups += await checkBackups(file, facts);
    this.sums.withOthers += plan.withOthers ? 1 : 0;
  }

  /** Two lines for who reads the log. */
  lines() {
    const { runs, writes, lost, half, unclean, backups, withOthers, timesBack } = this.sums;
    const moments = Object.entries(this.moments).map(([moment, times]) => `${moment} ${times}`);
    return [
      `${runs} kills: ${writes} acknowledged writes, ${lost} lost, ${half} half batches, verify() unclean ${unclean} times;`,
      `  while ${moments.join(', ')}; ${withOthers} beside others; ${timesBack} times back to a snapshot while others wrote; ${backups} backups and snapshots checked`,
    ];
  }
}

module.exports = { Crashes };
