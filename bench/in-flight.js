'use strict';

// Two ways of keeping `width` searches going. `take()` hands out the next query, or undefined at the end;
// `done(microseconds)` is called once per search with its time in flight.

/** For engines that answer by a Promise: as soon as one search resolves, the next one starts. */
async function slidingWindow(width, take, done, search) {
  const lane = async () => {
    for (let query = take(); query !== undefined; query = take()) {
      const start = performance.now();
      await search(query);
      done((performance.now() - start) * 1000);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/**
 * For engines that block: what a server does with `width` requests that are all there when a turn of the event loop
 * begins. `searchAll(queries, answered)` answers them in this turn and calls `answered()` after each one.
 */
async function turnByTurn(width, take, done, searchAll) {
  for (;;) {
    const queries = takeUpTo(width, take);
    if (queries.length === 0) return;
    const start = performance.now();
    searchAll(queries, () => done((performance.now() - start) * 1000));
    await new Promise(setImmediate);
  }
}

function takeUpTo(width, take) {
  const queries = [];
  while (queries.length < width) {
    const query = take();
    if (query === undefined) break;
    queries.push(query);
  }
  return queries;
}

module.exports = { slidingWindow, turnByTurn };
