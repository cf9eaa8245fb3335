'use strict';

// How long things take, and how late the event loop was meanwhile.

const { monitorEventLoopDelay, performance } = require('node:perf_hooks');
const { setTimeout: sleep } = require('node:timers/promises');

const SAMPLE_EVERY_MS = 1;

/** Runs `work` and returns { result, ms }. */
async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { result, ms: performance.now() - start };
}

/** Runs `work` while a timer that wants to fire every millisecond notes how late it fires: what a request handler in this
 *  process would have felt. Returns { result, ms, delay: { p99Ms, maxMs } }. */
async function watchLoop(work) {
  const histogram = monitorEventLoopDelay({ resolution: SAMPLE_EVERY_MS });
  histogram.enable();
  // The timer measures from one firing to the next: without one before the work and one after it, a step that blocks the loop
  // at the start or at the end would go unseen.
  await sleep(3 * SAMPLE_EVERY_MS);
  const { result, ms } = await timed(work);
  await sleep(3 * SAMPLE_EVERY_MS);
  histogram.disable();
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - SAMPLE_EVERY_MS);
  return { result, ms, delay: { p99Ms: late(histogram.percentile(99)), maxMs: late(histogram.max) } };
}

/** The delay of a loop with nothing to do: timers are never quite on time. */
async function idleLoopDelay(forMs = 250) {
  return (await watchLoop(() => sleep(forMs))).delay;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function formatMs(ms) {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`;
}

function formatDelay({ p99Ms, maxMs }) {
  return `p99 ${formatMs(p99Ms)}, max ${formatMs(maxMs)}`;
}

module.exports = { timed, watchLoop, idleLoopDelay, median, formatMs, formatDelay };
