'use strict';

// How every method calls into the addon: cancellation, deadlines, and errors with the caller's stack, once.

const native = require('./native');
const { fromNative, invalidArgument } = require('./errors');

const CALL_OPTIONS = ['signal', 'timeoutMs'];

// One abort listener a signal, however many calls wait on it.
const tokensOf = new WeakMap();

function watch(signal) {
  let watched = tokensOf.get(signal);
  if (watched === undefined) {
    watched = { tokens: new Set(), onAbort: null };
    tokensOf.set(signal, watched);
  }
  const token = new native.CancelToken();
  if (watched.tokens.size === 0) {
    watched.onAbort = () => {
      for (const each of watched.tokens) each.cancel();
      native.sweep();
    };
    signal.addEventListener('abort', watched.onAbort, { once: true });
  }
  watched.tokens.add(token);
  return token;
}

function unwatch(signal, token) {
  const watched = tokensOf.get(signal);
  watched.tokens.delete(token);
  if (watched.tokens.size === 0) signal.removeEventListener('abort', watched.onAbort);
}

function checkKeys(method, argument, object, known) {
  for (const key of Object.keys(object)) {
    if (!known.includes(key)) {
      throw invalidArgument(method, `${argument}.${key}`, `is not an option; known are ${known.join(', ')}`);
    }
  }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Splits { signal, timeoutMs } from the options of a method. `known`: the method's own.
function splitOptions(method, options, known = []) {
  if (options === undefined) return {};
  if (!isObject(options)) throw invalidArgument(method, 'options', 'must be an object');
  checkKeys(method, 'options', options, [...CALL_OPTIONS, ...known]);
  checkSignal(method, options.signal);
  return options;
}

function checkSignal(method, signal) {
  if (signal === undefined) return;
  if (!isObject(signal) || typeof signal.aborted !== 'boolean' || typeof signal.addEventListener !== 'function') {
    throw invalidArgument(method, 'options.signal', 'must be an AbortSignal');
  }
}

/**
 * Calls `object[name](...args, token, timeoutMs)` and awaits it.
 * Rejects with `signal.reason` when the signal aborted the call, else with an AgentMemError.
 */
async function callAsync(object, name, args, { signal, timeoutMs } = {}) {
  if (signal?.aborted) throw signal.reason;
  const token = signal === undefined ? undefined : watch(signal);
  try {
    return await object[name](...args, token, timeoutMs);
  } catch (thrown) {
    if (thrown?.code === 'ABORTED') throw signal.reason;
    throw fromNative(thrown);
  } finally {
    if (token !== undefined) unwatch(signal, token);
  }
}

/**
 * For methods of several steps: timeoutMs counts from now, over all of them.
 * Returns a function that gives the options of the next step.
 */
function overSteps({ signal, timeoutMs }) {
  if (typeof timeoutMs !== 'number') return () => ({ signal, timeoutMs });
  const end = performance.now() + timeoutMs;
  return () => ({ signal, timeoutMs: Math.min(timeoutMs, Math.max(1, Math.ceil(end - performance.now()))) });
}

/** The sync twin: calls `object[name + 'Sync'](...args)`. */
function callSync(object, name, args) {
  try {
    return object[`${name}Sync`](...args);
  } catch (thrown) {
    throw fromNative(thrown);
  }
}

module.exports = { callAsync, callSync, overSteps, splitOptions, checkSignal, checkKeys, isObject, CALL_OPTIONS };
