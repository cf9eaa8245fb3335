'use strict';

/**
 * The smallest ef in `low`..`high` whose recall reaches `target`, as { ef, recall }, or undefined if none does.
 * It doubles first and bisects then: a large ef is slow, and most targets are reached by a small one.
 * `recallAt(ef)` is asked once per ef; its answer is taken to grow with ef, which holds but for the last digits.
 */
async function smallestEf(recallAt, target, low, high) {
  let below = low - 1;
  let ef = low;
  while ((await recallAt(ef)) < target) {
    if (ef >= high) return undefined;
    below = ef;
    ef = Math.min(high, ef * 2);
  }
  while (ef - below > 1) {
    const middle = (ef + below) >> 1;
    if ((await recallAt(middle)) < target) below = middle;
    else ef = middle;
  }
  return { ef, recall: await recallAt(ef) };
}

/** `ask` with a memory: two targets share most of their questions. */
function remembering(ask) {
  const answers = new Map();
  return async (ef) => {
    if (!answers.has(ef)) answers.set(ef, await ask(ef));
    return answers.get(ef);
  };
}

module.exports = { smallestEf, remembering };
