'use strict';

const fs = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { setTimeout: sleep } = require('node:timers/promises');

/** The value below which `share` (0..1) of the numbers lie; NaN for none. */
function percentile(numbers, share) {
  if (numbers.length === 0) return NaN;
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

function median(numbers) {
  const sorted = Float64Array.from(numbers).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * One object holding the median of every number found in `samples`, which all have the same shape.
 * The median, because a neighbour on the machine spoils single rounds, and a mean would keep the damage.
 */
function medianOf(samples) {
  const [first] = samples;
  if (typeof first === 'number') return median(samples);
  if (first === null || typeof first !== 'object') return first;
  return Object.fromEntries(Object.keys(first).map((key) => [key, medianOf(samples.map((sample) => sample[key]))]));
}

/** CPU time of the calling thread in ms: what a library costs the event loop. NaN where Linux does not tell. */
function threadCpuMs() {
  try {
    return Number(fs.readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return NaN;
  }
}

/** CPU time of all threads of this process in ms. */
function processCpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Runs `work` and tells its wall time and CPU time beside its result. */
async function timed(work) {
  const start = { wall: performance.now(), thread: threadCpuMs(), process: processCpuMs() };
  const result = await work();
  return {
    result,
    wallMs: performance.now() - start.wall,
    threadCpuMs: threadCpuMs() - start.thread,
    processCpuMs: processCpuMs() - start.process,
  };
}

/** Runs `work` and tells how late a 1 ms timer of this event loop came meanwhile. */
async function withLoopDelay(work) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  // The first interval must be under way, and the last one must end, or a stall at either edge goes unseen.
  histogram.enable();
  await sleep(5);
  histogram.reset();
  const result = await work();
  await sleep(5);
  histogram.disable();
  return { result, loop: { maxMs: histogram.max / 1e6, p99Ms: histogram.percentile(99) / 1e6 } };
}

/** How late the timer comes while this process does nothing: the noise floor of the machine at this moment. */
async function idleLoopDelay(ms) {
  const { loop } = await withLoopDelay(() => sleep(ms));
  return loop;
}

/** `loop` with its ratios to an idle loop. A ratio near 1 cannot be told from doing nothing. */
function besideIdle(loop, idle) {
  return { ...loop, maxRatio: loop.maxMs / idle.maxMs, p99Ratio: loop.p99Ms / idle.p99Ms };
}

/**
 * Resident memory of this process in bytes. `anon` is memory the process must keep; `file` is pages of mapped files,
 * which the kernel may drop and read again. NaN outside Linux.
 */
async function residentMemory() {
  // Twice, with a pause: finalizers that free native memory run after the collection that found them.
  for (let pass = 0; pass < 2 && globalThis.gc; pass++) {
    globalThis.gc();
    await sleep(50);
  }
  return { anon: statusBytes('RssAnon'), file: statusBytes('RssFile') + statusBytes('RssShmem') };
}

function statusBytes(field) {
  try {
    const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(fs.readFileSync('/proc/self/status', 'utf8'));
    return line ? Number(line[1]) * 1024 : NaN;
  } catch {
    return NaN;
  }
}

module.exports = { percentile, median, medianOf, timed, withLoopDelay, idleLoopDelay, besideIdle, residentMemory };
