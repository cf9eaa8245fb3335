'use strict';

// Many processes on one file. AGENTMEMDB_PEER_WRITES: how many writes each of 8 makes (default 300, 2,000 by hand).
// AGENTMEMDB_SEED: which of them is killed, and when.

const { open } = require('agentmemdb');
const { startPeer, useFolder, report } = require('./children');
const { createRandom } = require('./vectors');

const PEERS = 8;
const WRITES = Number(process.env.AGENTMEMDB_PEER_WRITES ?? 300);
const KILLS = 6;
const DELETES = 1000;
const OPENERS = 100;
const OPENERS_MIN = 99;
const HANG_MS = 30_000;
const SEED = Number(process.env.AGENTMEMDB_SEED ?? Date.now() % 1e6);

const folder = useFolder();

const quantile = (sorted, share) => sorted[Math.floor(share * (sorted.length - 1))].toFixed(1);
const inOrder = (numbers) => numbers.sort((a, b) => a - b);

/** Peers that write and tell one another, of whom one is killed now and then and begins again. */
class Peers {
  #file;
  #random;
  #peers = [];
  /** By peer: the numbers of what it has not told of yet. */
  #left = Array.from({ length: PEERS }, () => new Set(Array.from({ length: WRITES }, (_, n) => n)));
  #told = 0;
  kills = 0;

  constructor(file, random) {
    this.#file = file;
    this.#random = random;
  }

  async run() {
    await Promise.all(this.#left.map((_, i) => this.#start(i)));
    await Promise.all(this.#left.map((_, i) => this.#writeAll(i)));
    return Promise.all(this.#peers.map(({ ask }) => ask('finish')));
  }

  async close() {
    await Promise.all(this.#peers.map(({ ask }) => ask('close')));
    return Promise.all(this.#peers.map(({ ended }) => ended));
  }

  async #start(i) {
    const peer = startPeer('write-and-look.js', [this.#file, i], { timeoutMs: 600_000 });
    peer.on('wrote', (id) => this.#spread(i, id));
    await peer.ready;
    this.#peers[i] = peer;
  }

  #spread(i, id) {
    this.#left[i].delete(Number(id.split('-')[1]));
    // The next search of every other peer has to find it.
    this.#peers.forEach(({ child }, other) => other !== i && child.connected && child.send({ call: 'look', argument: id }, () => {}));
    if (++this.#told >= ((this.kills + 1) * PEERS * WRITES) / (KILLS + 1) && this.kills < KILLS) {
      this.kills++;
      const busy = this.#peers.filter((_, peer) => this.#left[peer].size > 0);
      busy[Math.floor(this.#random() * busy.length)]?.child.kill('SIGKILL');
    }
  }

  /** Until all of its writes have been told of, by it or by who began again in its place. */
  async #writeAll(i) {
    while (this.#left[i].size > 0) {
      const { child, ask, ended } = this.#peers[i];
      await ask('writeAll', [...this.#left[i]]).catch((error) => {
        if (!child.killed) throw error;
      });
      if (!child.killed) continue;
      await ended;
      await this.#start(i);
    }
  }
}

test(`${PEERS} processes with ${WRITES} writes each lose none, have none twice, and each finds at once what the others wrote`, async () => {
  const peers = new Peers(folder.file('shared.db'), createRandom(SEED));
  const start = performance.now();
  const each = await peers.run();
  const seconds = (performance.now() - start) / 1000;
  const times = inOrder(each.flatMap((one) => one.times));
  const all = PEERS * WRITES;
  report(`${all} writes of ${PEERS} processes in ${seconds.toFixed(1)} s, ${peers.kills} killed, seed ${SEED}; ${times.length} searches right after others' writes,`);
  report(`  catching up included: p50 ${quantile(times, 0.5)} ms, p99 ${quantile(times, 0.99)} ms, max ${quantile(times, 1)} ms`);
  const results = each.map(({ times: _, ...rest }) => rest);
  expect(results).toEqual(Array(PEERS).fill({ count: all, scanned: all, distinct: all, wrong: 0, found: 0, missed: [] }));
  expect(peers.kills).toBe(KILLS);
  for (const { code, signal, stderr } of await peers.close()) expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
}, 600_000);

test('what deleteWhere() reads is what it knows of, however others write', async () => {
  const peers = [0, 1].map(() => startPeer('delete-beside.js', [folder.file('churned.db')]));
  await Promise.all(peers.map(({ ready }) => ready));
  const [busy, other] = peers;
  const churned = busy.ask('churn');
  await other.ask('deleteNone', DELETES);
  await busy.ask('stop');
  expect(await churned).toBeGreaterThan(0);
  await Promise.all(peers.map(({ ask }) => ask('close')));
}, 120_000);

test(`${OPENERS} processes that open a new file at once: at least ${OPENERS_MIN} can, the rest get ERR_BUSY, nobody hangs`, async () => {
  const file = folder.file('new.db');
  const peers = Array.from({ length: OPENERS }, (_, i) => startPeer('open-at-once.js', [file, i + 1], { timeoutMs: 4 * HANG_MS }));
  await Promise.all(peers.map(({ ready }) => ready));
  const answers = await Promise.all(peers.map(async ({ child, ask }) => {
    const hangs = setTimeout(() => child.kill('SIGKILL'), HANG_MS);
    return ask('go').finally(() => clearTimeout(hangs));
  }));
  await Promise.all(peers.map(({ ask }) => ask('close')));
  await Promise.all(peers.map(({ ended }) => ended));

  const good = answers.filter(({ code }) => code === 'ok');
  const times = inOrder(answers.map(({ ms }) => ms));
  report(`${good.length} of ${OPENERS} opened a new file, wrote and searched: p50 ${quantile(times, 0.5)} ms, the last after ${quantile(times, 1)} ms`);
  expect(answers.filter(({ code }) => code !== 'ok' && code !== 'ERR_BUSY')).toEqual([]);
  expect(good.length).toBeGreaterThanOrEqual(OPENERS_MIN);
  const db = await open(file);
  const { found, checked } = await db.verify();
  expect({ found, records: checked.records }).toEqual({ found: 0, records: good.length });
  await db.close();
}, 10 * HANG_MS);
