'use strict';

// A process that dies just before a certain call to the operating system, some of them between COMMIT and the moment from which its own
// searches find what was written, or while it saves an index image; alone, or beside others that live on. AGENTMEMDB_KILL_POINTS: how many
// such moments (default 24). AGENTMEMDB_SEED: which.

const { execFileSync, spawnSync } = require('node:child_process');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { useFolder, report } = require('./children');
const { Crashes } = require('./crash-run');
const { createRandom } = require('./vectors');

const POINTS = Number(process.env.AGENTMEMDB_KILL_POINTS ?? 24);
const SEED = Number(process.env.AGENTMEMDB_SEED ?? Date.now() % 1e6);
const NEVER_MS = 5000;
const MOMENTS = [
  { called: 'commit seen by others only', what: 'release', files: '*-shm', most: 60 },
  { called: 'writing the log', what: 'write', files: '*-wal', most: 300 },
  { called: 'syncing the log', what: 'sync', files: '*-wal', most: 40 },
  { called: 'writing an image', what: 'write', files: '*-index/*', most: 12 },
  { called: 'syncing an image', what: 'sync', files: '*-index*', most: 6 },
  { called: 'removing an image', what: 'removal', files: '*-index/*', most: 4 },
  { called: 'copying the log', what: 'write', files: '*.db', most: 20 },
  { called: 'removing the log', what: 'removal', files: '*-wal', most: 2 },
  { called: 'writing the log, going back', mode: 'restore', what: 'write', files: '*-wal', most: 900 },
  { called: 'naming or removing a snapshot', mode: 'restore', what: 'removal', files: '*-snapshots/*', most: 12 },
];
// The log is copied and removed by who closes last.
const ALONE = ['copying the log', 'removing the log'];

const folder = useFolder();
const hasCompiler = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;

(hasCompiler ? test : test.skip)(`whenever a process dies, nothing is lost and nobody is wrong (${POINTS} moments)`, async () => {
  const library = folder.file('kill-at.so');
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, path.join(__dirname, 'scripts', 'kill-at.c'), '-ldl']);
  const random = createRandom(SEED);
  const crashes = new Crashes(folder, random, 8);
  for (let run = 0; run < POINTS; run++) {
    const { called, mode = 'close', what, files, most } = MOMENTS[run % MOMENTS.length];
    const plan = { seed: SEED, run, mode, load: false, durability: 'full', withOthers: !ALONE.includes(called) && random() < 0.7 };
    const env = { LD_PRELOAD: library, KILL_AT: 1 + Math.floor(most * random()), KILL_AT_WHAT: what, KILL_AT_FILES: files };
    const moment = (child, ended) => Promise.race([ended.then(() => called), sleep(NEVER_MS, `not ${called}`, { ref: false })]);
    await crashes.run(plan, moment, env);
  }
  report(`seed ${SEED}`);
  crashes.lines().forEach(report);
  expect({ seed: SEED, wrong: crashes.wrong }).toEqual({ seed: SEED, wrong: [] });
  for (const { called } of MOMENTS.slice(0, POINTS)) expect(Object.keys(crashes.moments)).toContain(called);
}, 60_000 + 15_000 * POINTS);
