'use strict';

// How every method calls into the addon: cancellation, deadlines, and errors with the caller's stack, once.

// Not the global ones: those may be a test's fake clock by the time they are used.
const { performance } = require('node:perf_hooks');
const { setTimeout, clearTimeout, setInterval, clearInterval } = require('node:timers');
const native = require('./native');
const { fromNative, invalidArgument, timedOut } = require('./errors');
const { describe, describeNumber } = require('./values');

const CALL_OPTIONS = ['signal', 'timeoutMs'];
const PROGRESS_MS = 50;
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

// One abort listener a signal, however many calls wait on it.
const tokensOf = new WeakMap();

function watch(signal, token) {
  let watched = tokensOf.get(signal);
  if (watched === undefined) {
    watched = { tokens: new Set(), onAbort: null };
    tokensOf.set(signal, watched);
  }
  if (watched.tokens.size === 0) {
    watched.onAbort = () => {
      for (const each of watched.tokens) each.cancel();
      native.sweep();
    };
    signal.addEventListener('abort', watched.onAbort, { once: true });
  }
  watched.tokens.add(token);
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

// An object with members: a Promise, a Map or a RegExp must not be taken for options or a record that is empty.
function isObject(value) {
  return typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Object]';
}

// Splits { signal, timeoutMs } from the options of a method. `known`: the method's own.
function splitOptions(method, options, known = []) {
  const checked = syncOptions(method, options, [...CALL_OPTIONS, ...known]);
  checkControl(method, 'options', checked);
  return checked;
}

// The options of a sync twin: it has nothing to abort and nothing to wait for.
function syncOptions(method, options, known) {
  if (options === undefined) return {};
  if (!isObject(options)) throw invalidArgument(method, 'options', `must be an object, got ${describe(options)}`);
  checkKeys(method, 'options', options, known);
  return options;
}

/** @param argument what holds the two: 'options', 'query'. */
function checkControl(method, argument, { signal, timeoutMs }) {
  if (signal !== undefined && !isSignal(signal)) {
    throw invalidArgument(method, `${argument}.signal`, `must be an AbortSignal, got ${describe(signal)}`);
  }
  if (timeoutMs === undefined || (Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= TIMEOUT_MAX_MS)) return;
  throw invalidArgument(method, `${argument}.timeoutMs`, `must be an integer in 1..${TIMEOUT_MAX_MS}, got ${describeNumber(timeoutMs)}`);
}

function isSignal(value) {
  const listens = typeof value?.addEventListener === 'function' && typeof value.removeEventListener === 'function';
  return typeof value === 'object' && listens && typeof value.aborted === 'boolean';
}

// A call that waits is settled when its time is up, not when its turn comes. `due` (ms) is not before the addon's deadline.
function sweepAt(due, timers) {
  const left = due - performance.now();
  if (left > 0) timers.next = setTimeout(sweepAt, left, due, timers);
  else native.sweep();
}

/** Whether something may end a call early, or be told how far it is. */
function hasControl({ signal, timeoutMs, onProgress } = {}) {
  return signal !== undefined || timeoutMs !== undefined || onProgress !== undefined;
}

/**
 * Calls `object[name](...args, token, timeoutMs)` and awaits it.
 * Rejects with `signal.reason` when the signal aborted the call, else with an AgentMemError.
 */
async function callAsync(object, name, args, { signal, timeoutMs, onProgress } = {}) {
  if (signal?.aborted) throw signal.reason;
  const token = signal === undefined && onProgress === undefined ? undefined : new native.CancelToken();
  if (signal !== undefined) watch(signal, token);
  const reporting = onProgress === undefined ? undefined : report(token, onProgress);
  const timers = {};
  try {
    const called = object[name](...args, token, timeoutMs);
    if (timeoutMs !== undefined) sweepAt(performance.now() + timeoutMs, timers);
    return await called;
  } catch (thrown) {
    if (thrown?.code !== 'ABORTED') throw fromNative(thrown);
    throw reporting?.hasFailed() ? reporting.takeError() : signal.reason;
  } finally {
    clearTimeout(timers.next);
    if (signal !== undefined) unwatch(signal, token);
    reporting?.stop();
  }
}

function toOnProgress(method, onProgress) {
  if (onProgress === undefined || typeof onProgress === 'function') return onProgress;
  throw invalidArgument(method, 'options.onProgress', `must be a function, got ${describe(onProgress)}`);
}

// Looks at how far a running call is, now and then, and tells when that has changed. What `onProgress` throws cancels the call; where that
// comes too late, it must not hide what came of the call, and is thrown on its own.
function report(token, onProgress) {
  let told = -1;
  let failure;
  const tell = () => {
    const done = token.done();
    if (failure !== undefined || done === told || token.total() === 0) return;
    told = done;
    try {
      onProgress({ done, total: token.total() });
    } catch (error) {
      failure = { error };
      token.cancel();
      native.sweep();
    }
  };
  const timer = setInterval(tell, PROGRESS_MS);
  timer.unref();
  return {
    hasFailed: () => failure !== undefined,
    takeError() {
      const { error } = failure;
      failure = { isTaken: true };
      return error;
    },
    stop() {
      clearInterval(timer);
      tell();
      const late = failure;
      if (late !== undefined && !late.isTaken) process.nextTick(() => { throw late.error; });
    },
  };
}

/**
 * For methods of several steps: timeoutMs counts from now, over all of them.
 * Returns a function that gives the options of the next step, or throws if there must be none.
 */
function overSteps(method, { signal, timeoutMs }) {
  const end = performance.now() + (timeoutMs ?? Infinity);
  return () => {
    if (signal?.aborted) throw signal.reason;
    const left = Math.ceil(end - performance.now());
    if (left < 1) throw timedOut(method);
    return { signal, timeoutMs: timeoutMs === undefined ? undefined : Math.min(timeoutMs, left) };
  };
}

/** Awaits a promise of somebody else's, who cannot be told to stop, until the signal or the time ends it. */
async function awaitOther(method, promise, { signal, timeoutMs }) {
  if (signal === undefined && timeoutMs === undefined) return promise;
  const ending = {};
  const ended = new Promise((_, reject) => {
    ending.cancel = () => reject(signal.reason);
    if (timeoutMs !== undefined) ending.timer = setTimeout(() => reject(timedOut(method)), timeoutMs);
  });
  if (signal !== undefined) watch(signal, ending);
  try {
    return await Promise.race([promise, ended]);
  } finally {
    clearTimeout(ending.timer);
    if (signal !== undefined) unwatch(signal, ending);
  }
}

/** The sync twin: calls `object[name + 'Sync'](...args)`. */
function callSync(object, name, args) {
  try {
    return object[`${name}Sync`](...args);
  } catch (thrown) {
    throw fromNative(thrown);
  }
}

module.exports = { callAsync, callSync, hasControl, overSteps, awaitOther, splitOptions, syncOptions, checkControl, toOnProgress, checkKeys, isObject, CALL_OPTIONS };
