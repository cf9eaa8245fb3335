'use strict';

// write-until-killed.js <file> <seed> <run> <mode> <durability>: writes until it is killed; prints the number of the chain after
// each acknowledged write. mode: 'write' without end; 'close' closes and opens again now and then, and prints 'c' before it does;
// 'load' begins with a load and prints 'p' when it pauses, so that the image is saved in the background; 'restore' takes a snapshot
// of everything now and then, writes, goes back to it while it writes, and deletes the one before (what it prints then: write-plan.js).

const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');

const { open } = require('agentmemdb');
const { Chains, carryOut, versionOf, searchByWords, COLLECTIONS } = require('../write-plan');

const [file, seed, run, mode, durability] = process.argv.slice(2);
const SESSION_MS = { write: Infinity, close: 80, load: 150, restore: 25 };
const PAUSE_MS = 1000;
const WRITES_A_SEARCH = 5;
const BESIDE_MS = 5; // Before going back and after it, beside writes.

// Straight into the pipe: once written it survives the process.
const say = (word) => fs.writeSync(1, `${word}\n`);

async function writeFor(db, chains, ms) {
  const end = performance.now() + ms;
  let made = 0;
  await Promise.all(chains.map(async (chain, i) => {
    do {
      await carryOut(db, file, chain.next());
      say(i);
      if (made++ % WRITES_A_SEARCH === 0) await searchByWords(db, `text of ${chain.prefix}-${made}`);
    } while (performance.now() < end);
  }));
}

async function together(call, all, word) {
  say(word);
  await call(all.nameFor(word));
  say(word.toLowerCase());
  all.play(word.toLowerCase());
}

/** Everything goes back to the last snapshot while each chain writes. */
async function goBackBesideWrites(db, all) {
  const before = `R@${(await db.stats()).changeVersion}`;
  say(before);
  all.play(before);
  let isOver = false;
  const writing = Promise.all(all.chains.map(async (chain, i) => {
    while (!isOver) {
      const write = chain.next(true);
      const version = versionOf(await carryOut(db, file, write));
      say(`${i}@${version}`);
      all.noteBeside(i, write, version);
    }
  }));
  await sleep(BESIDE_MS);
  const after = `r@${(await db.restoreSnapshot(all.nameFor('R'))).version}`;
  say(after);
  all.play(after);
  await sleep(BESIDE_MS);
  isOver = true;
  await writing;
  say('e');
  all.play('e');
}

async function goBackAndForth(db, all) {
  for (let round = 0; ; round++) {
    await writeFor(db, all.chains, SESSION_MS.restore);
    await together((name) => db.createSnapshot(name), all, 'S');
    await writeFor(db, all.chains, SESSION_MS.restore);
    await goBackBesideWrites(db, all);
    if (round > 0) await together((name) => db.deleteSnapshot(name), all, 'D');
  }
}

async function main() {
  const all = new Chains(Number(seed), Number(run), mode === 'load');
  for (;;) {
    const db = await open(file, { durability });
    for (const [name, options] of Object.entries(COLLECTIONS)) await db.collection(name, options);
    if (mode === 'restore') await goBackAndForth(db, all);
    await writeFor(db, all.chains, SESSION_MS[mode]);
    if (mode === 'load') {
      say('p');
      await sleep(PAUSE_MS);
    } else {
      say('c');
    }
    await db.close();
  }
}

main();
