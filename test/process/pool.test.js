'use strict';

// libuv's thread pool beside many pending searches: fs and dns always find a thread.

const { runWell, useFolder, report } = require('./children');

const folder = useFolder();

function describeTimes(name, { p50, p99, max }, idle) {
  report(`fs.stat ${name}: p50 ${p50} ms (${(p50 / idle.p50).toFixed(1)} x idle), p99 ${p99}, max ${max}`);
}

test('fs.stat is not starved by 1,000 pending searches, nor by 1,000 in each of 8 worker threads', async () => {
  const result = await runWell('pool-latency.js', [folder.file('pool.db')]);
  const { idle, alone, threads, perSecond, settled, workerLimit, workersMax } = result;
  describeTimes('idle', idle, idle);
  describeTimes(`beside 1,000 searches (${perSecond} a second)`, alone, idle);
  describeTimes(`beside 8 threads with 1,000 each (each settled ${Math.min(...settled)} to ${Math.max(...settled)})`, threads, idle);
  report(`at most ${workersMax} AsyncWorkers in flight, limit ${workerLimit}`);

  expect(workersMax).toBeLessThanOrEqual(workerLimit);
  // Workers are handed out in turn: no thread waits for ever.
  expect(Math.min(...settled)).toBeGreaterThan(Math.max(...settled) / 10);
});
