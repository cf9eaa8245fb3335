'use strict';

// write-until-killed.js <file> <seed> <run> <mode> <durability>: writes until it is killed; prints the number of the chain after
// each acknowledged write. mode: 'write' without end; 'close' closes and opens again now and then, and prints 'c' before it does;
// 'load' begins with a load and prints 'p' when it pauses, so that the image is saved in the background; 'restore' takes a snapshot
// of everything now and then, writes, goes back to it, and deletes the one before: prints 'S', 'R', 'D' before and 's', 'r', 'd' after.

const fs = require('node:fs');
const { setTimeout: sleep } = require('node:timers/promises');

const { open } = require('agentmemdb');
const { Chains, carryOut, COLLECTIONS, TOGETHER } = require('../write-plan');

const [file, seed, run, mode, durability] = process.argv.slice(2);
const SESSION_MS = { write: Infinity, close: 80, load: 150, restore: 25 };
const PAUSE_MS = 1000;

// Straight into the pipe: once written it survives the process.
const say = (word) => fs.writeSync(1, `${word}\n`);

async function writeFor(db, chains, ms) {
  const end = performance.now() + ms;
  await Promise.all(chains.map(async (chain, i) => {
    do {
      await carryOut(db, file, chain.next());
      say(i);
    } while (performance.now() < end);
  }));
}

async function together(db, all, word) {
  say(word);
  await db[TOGETHER[word]](all.nameFor(word));
  say(word.toLowerCase());
  all.play(word);
}

async function goBackAndForth(db, all) {
  for (let round = 0; ; round++) {
    await writeFor(db, all.chains, SESSION_MS.restore);
    await together(db, all, 'S');
    await writeFor(db, all.chains, SESSION_MS.restore);
    await together(db, all, 'R');
    if (round > 0) await together(db, all, 'D');
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
