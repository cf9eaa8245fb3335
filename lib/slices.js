'use strict';

// Long work on the event loop, cut into slices of about a millisecond of CPU time, with a turn of the loop between.

// Not the global one: that may be a test's fake clock by the time it is used.
const { setImmediate } = require('node:timers');
const native = require('./native');

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

/** Builds what has `done` and `slice()`. `next`: called before every slice; what it throws ends the building. */
async function build(builder, next) {
  while (!builder.done) {
    next();
    builder.slice();
    if (!builder.done) await turnOfTheLoop();
  }
  return builder;
}

function buildSync(builder) {
  while (!builder.done) builder.slice();
  return builder;
}

module.exports = { turnOfTheLoop, slice, build, buildSync };
