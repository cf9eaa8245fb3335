'use strict';

// Asking again what others failed to do: after the time they ask for, else after a growing one of which chance takes its share.

// Not the global one: that may be a test's fake clock by the time it is used.
const { setTimeout: sleep } = require('node:timers/promises');

const BACKOFF_MAX_MS = 20_000;
const RETRY_AFTER_MAX_MS = 60_000;
// Of what a client did wrong, these may be right later: timed out, conflicting, too many.
const PASSING = [408, 409, 429];

/** Whether asking again may help. An error says so itself (isRetryable), or by its HTTP status; one without either may pass. */
function isPassing(error) {
  if (typeof error?.isRetryable === 'boolean') return error.isRetryable;
  const status = error?.status ?? error?.statusCode;
  return !(status >= 400 && status < 500) || PASSING.includes(status);
}

/**
 * The result of `attempt()`, which is made again up to `retries` times, while its errors may pass.
 * @param signal ends the waiting, by rejecting with its reason, and further attempts.
 */
async function withRetries(attempt, { retries, delayMs, signal }) {
  for (let tried = 0; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted || tried >= retries || !isPassing(error)) throw error;
      await sleep(waitMs(error, tried, delayMs), undefined, { signal });
    }
  }
}

function waitMs(error, tried, delayMs) {
  const asked = retryAfterMs(error);
  if (asked !== undefined) return Math.min(asked, RETRY_AFTER_MAX_MS);
  return Math.random() * Math.min(delayMs * 2 ** tried, BACKOFF_MAX_MS);
}

// A number of the error's own, or the header Retry-After where clients of HTTP leave it: seconds, or a date.
function retryAfterMs(error) {
  if (error?.retryAfterMs >= 0) return error.retryAfterMs;
  const headers = error?.responseHeaders ?? error?.headers ?? error?.response?.headers;
  const value = typeof headers?.get === 'function' ? headers.get('retry-after') : headers?.['retry-after'];
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const ms = Number.isNaN(Number(value)) ? Date.parse(value) - Date.now() : 1000 * Number(value);
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

module.exports = { isPassing, withRetries };
