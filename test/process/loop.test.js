'use strict';

// The event loop of a process that loads many records while it searches.

const path = require('node:path');

const { runWell, endChildren, makeFolder, removeFolder, report } = require('./children');

let folder;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => {
  endChildren();
  removeFolder(folder);
});

test.each(['records', 'columns'])('no step of ours holds the event loop while 50,000 x 384 are loaded as %s', async (form) => {
  const result = await runWell('load-beside-searches.js', [path.join(folder, `${form}.db`), form]);
  const { loopStepMaxMs, loopSteps, delay, loadMs, searches } = result;
  report(`${form}: loaded in ${loadMs} ms beside ${searches} searches; longest of ${loopSteps} steps ${loopStepMaxMs} ms of CPU;`);
  report(`  event loop late by p99 ${delay.p99Ms.toFixed(1)} ms, max ${delay.maxMs.toFixed(1)} ms`);
  expect(result).toMatchObject({ count: 50_000, missing: 0, notFound: 0 });
  expect(searches).toBeGreaterThan(0);
  // CPU time of the thread, so that other processes do not count.
  expect(loopStepMaxMs).toBeLessThanOrEqual(10);
});
