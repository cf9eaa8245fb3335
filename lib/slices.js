'use strict';

// Long work on the event loop, cut into slices of about a millisecond of CPU time, with a turn of the loop between.

// Not the global one: that may be a test's fake clock by the time it is used.
const { setImmediate } = require('node:timers');
const native = require('./native');
const { fromNative } = require('./errors');

const SLICE_MICROS = 1000;
const STEPS_BETWEEN_LOOKS = 8;
// Characters and numbers: what a step only passes on, the addon copies at the end of the slice.
const WEIGHT_BETWEEN_LOOKS = 2 ** 14;
const WEIGHT_MAX = 2 ** 19;

const waiting = [];

/** One waits for its turn after the other: however many calls are long, a turn of the loop has one slice. */
function turnOfTheLoop() {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(nextTurn);
  });
}

function nextTurn() {
  waiting.shift()();
  if (waiting.length > 0) setImmediate(nextTurn);
}

/**
 * Repeats `step` until `isDone`, or a slice is over; then `finish`. The whole counts as one step on the loop.
 * @param step may return its weight, in characters and numbers.
 */
function slice(isDone, step, finish = () => {}) {
  const start = native.threadCpuMicros();
  let weight = 0;
  let looked = 0;
  for (let steps = 1; !isDone() && weight < WEIGHT_MAX; steps++) {
    weight += step() ?? 0;
    if (steps % STEPS_BETWEEN_LOOKS !== 0 && weight - looked < WEIGHT_BETWEEN_LOOKS) continue;
    looked = weight;
    if (native.threadCpuMicros() - start > SLICE_MICROS) break;
  }
  finish();
  native.noteStep(native.threadCpuMicros() - start);
}

/** Repeats `step` until `isDone`, in slices. `next` is called before each of them; what it throws ends it. */
async function inSlices(isDone, step, next = () => {}) {
  while (!isDone()) {
    next();
    slice(isDone, step);
    if (!isDone()) await turnOfTheLoop();
  }
}

/**
 * Builds the batch of a bulk call and hands it to `use`; afterwards nothing of it is held, whatever happened.
 * @param make makes what has `batch`, `done` and `slice()`. It may have `prepare(next)`: if that returns a promise, it is awaited first.
 * @param next called before every slice; what it throws ends the building.
 */
async function build(make, next, use) {
  const builder = refusing(make);
  try {
    if (waiting.length > 0) await turnOfTheLoop(); // Behind those that have begun.
    const preparing = builder.prepare?.(next);
    if (preparing !== undefined) await preparing;
    while (!builder.done) {
      next();
      refusing(() => builder.slice());
      if (!builder.done) await turnOfTheLoop();
    }
    return await use(builder);
  } finally {
    builder.batch.drop();
  }
}

function buildSync(make, use) {
  const builder = refusing(make);
  try {
    while (!builder.done) refusing(() => builder.slice());
    return use(builder);
  } finally {
    builder.batch.drop();
  }
}

// The addon says what it refuses by throwing facts.
function refusing(step) {
  try {
    return step();
  } catch (thrown) {
    throw fromNative(thrown);
  }
}

module.exports = { turnOfTheLoop, slice, inSlices, build, buildSync };
