'use strict';

// Whether what many clients saw of one record is what one client could have seen that made their calls one after the other, each
// somewhere between its start and its end (Wing and Gong's search, with a memory of the states it has been in).
//
// An operation: { client, kind, start, end, result, ... }. What is stored is { value, version } or nothing; `version` stays that of the
// last write that told one, since a delete tells none.

const EMPTY = { value: null, version: 0 };

/** What is stored after an operation on `stored`; undefined if it could not have had that result there. */
const KINDS = {
  // result: { value, version }, of what knows no version { value }; value null: there is none.
  get(stored, { result }) {
    const isSame = result.value === stored.value && (result.value === null || (result.version ?? stored.version) === stored.version);
    return isSame ? stored : undefined;
  },
  // result of what writes: the new version, or a code.
  upsert: (stored, operation) => written(stored, operation),
  add: (stored, operation) => refusedOr(stored, operation, 'ERR_ALREADY_EXISTS', stored.value !== null, written),
  patch(stored, operation) {
    const { ifVersion, seen } = operation;
    if (stored.value === null || operation.result === 'ERR_NOT_FOUND') {
      return stored.value === null && operation.result === 'ERR_NOT_FOUND' ? stored : undefined;
    }
    const conflicts = ifVersion !== undefined && ifVersion !== stored.version;
    // Who names a version means the value that had it.
    if (!conflicts && ifVersion !== undefined && seen !== stored.value && operation.result !== 'ERR_CONFLICT') return undefined;
    return refusedOr(stored, operation, 'ERR_CONFLICT', conflicts, written);
  },
  // result: whether there was one, or a code.
  delete(stored, operation) {
    const { ifVersion, result } = operation;
    if (stored.value === null) return result === false ? stored : undefined;
    const conflicts = ifVersion !== undefined && ifVersion !== stored.version;
    return refusedOr(stored, operation, 'ERR_CONFLICT', conflicts, () => (result === true ? { ...stored, value: null } : undefined));
  },
};

function written(stored, { value, result }) {
  return typeof result === 'number' && result > stored.version ? { value, version: result } : undefined;
}

function refusedOr(stored, operation, code, isRefused, otherwise) {
  if (isRefused) return operation.result === code ? stored : undefined;
  return otherwise(stored, operation);
}

/** Returns undefined if the operations on one record can be put in such an order; else how far one comes, and what then cannot be. */
function contradiction(operations) {
  const all = [...operations].sort((a, b) => a.start - b.start);
  const been = new Set();
  let farthest = { done: -1 };

  /** `first`: all before it are in order; `beyond`: those after it that are. */
  function search(first, beyond, stored) {
    if (first === all.length) return true;
    const key = `${first} ${[...beyond].sort((a, b) => a - b)} ${stored.value} ${stored.version}`;
    if (been.has(key)) return false;
    been.add(key);
    const next = candidates(all, first, beyond);
    if (first + beyond.size > farthest.done) farthest = { done: first + beyond.size, stored, next: next.map((i) => all[i]) };
    return next.some((i) => {
      const after = KINDS[all[i].kind](stored, all[i]);
      if (after === undefined) return false;
      const rest = new Set(beyond).add(i);
      let from = first;
      while (rest.delete(from)) from++;
      return search(from, rest, after);
    });
  }

  return search(0, new Set(), EMPTY) ? undefined : { of: all.length, ...farthest };
}

/** Those that may be next: begun before any other that is left has ended. */
function candidates(all, first, beyond) {
  const begun = [];
  let soonest = Infinity;
  for (let i = first; i < all.length && all[i].start <= soonest; i++) {
    if (beyond.has(i)) continue;
    begun.push(i);
    soonest = Math.min(soonest, all[i].end);
  }
  return begun.filter((i) => all[i].start <= soonest);
}

module.exports = { contradiction };
