'use strict';

// Passes over queries: each search timed, one after the other or many at once.

const { slidingWindow } = require('./in-flight');
const measure = require('./measure');

const IDLE_BETWEEN_MS = 300;

/** One search after the other; the row numbers each one found. */
async function searchOnce(engine, queries, search = (query) => engine.search(query)) {
  const found = [];
  for (const query of queries) found.push(engine.ids(await search(query)));
  return found;
}

/** One search after the other, until `take()` gives no more. */
async function sequentialPass(take, search) {
  const micros = [];
  const clock = await measure.timed(() => slidingWindow(1, take, (time) => micros.push(time), search));
  return summary(micros, clock);
}

/** `inFlight` searches at once, and how late the event loop was meanwhile. */
async function concurrentPass(take, engine, inFlight) {
  const idle = await measure.idleLoopDelay(IDLE_BETWEEN_MS);
  const micros = [];
  const work = () => engine.searchMany(inFlight, take, (time) => micros.push(time));
  const { result: clock, loop } = await measure.withLoopDelay(() => measure.timed(work));
  return { ...summary(micros, clock), loop: measure.besideIdle(loop, idle) };
}

/** Hands out the queries, `least` of them at least, round and round until `ms` have passed since the first was taken. */
function taker(queries, ms, least = queries.length) {
  let end;
  let next = 0;
  return () => {
    end ??= performance.now() + ms;
    if (next >= least && performance.now() >= end) return undefined;
    return queries[next++ % queries.length];
  };
}

function summary(micros, { wallMs, threadCpuMs, processCpuMs }) {
  return {
    searches: micros.length,
    qps: (micros.length * 1000) / wallMs,
    p50: measure.percentile(micros, 0.5),
    p95: measure.percentile(micros, 0.95),
    p99: measure.percentile(micros, 0.99),
    loopCpuMicros: (threadCpuMs * 1000) / micros.length,
    processCpuMicros: (processCpuMs * 1000) / micros.length,
  };
}

module.exports = { searchOnce, sequentialPass, concurrentPass, taker };
