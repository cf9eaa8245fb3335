'use strict';

// Long work on the event loop, cut into slices of about a millisecond of CPU time, with a turn of the loop between.

// Not the global one: that may be a test's fake clock by the time it is used.
const { setImmediate } = require('node:timers');
const native = require('./native');
const { fromNative } = require('./errors');

const SLICE_MICROS = 1000;
const STEPS_BETWEEN_LOOKS = 8;

const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve));

/** Repeats `step` until `isDone`, or a slice is over; then `finish`. The whole counts as one step on the loop. */
function slice(isDone, step, finish = () => {}) {
  const start = native.threadCpuMicros();
  for (let steps = 1; !isDone(); steps++) {
    step();
    if (steps % STEPS_BETWEEN_LOOKS === 0 && native.threadCpuMicros() - start > SLICE_MICROS) break;
  }
  finish();
  native.noteStep(native.threadCpuMicros() - start);
}

/**
 * Builds the batch of a bulk call and hands it to `use`; afterwards nothing of it is held, whatever happened.
 * @param make makes what has `batch`, `done` and `slice()`.
 * @param next called before every slice; what it throws ends the building.
 */
async function build(make, next, use) {
  const builder = refusing(make);
  try {
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

module.exports = { turnOfTheLoop, slice, build, buildSync };
