'use strict';

// The tracing channel `agentmemdb:operation`: every asynchronous operation is announced while somebody listens, and nothing is
// made for it while nobody does.

const diagnostics = require('node:diagnostics_channel');

const operations = diagnostics.tracingChannel('agentmemdb:operation');

/**
 * Runs one operation: `run` returns a promise. Those who listen get `about` as the message of all its events; to it the channel
 * adds `result` or `error`, and `run` may add `size`.
 * @param about { operation: 'Collection.search', database: path, collection?: name }
 */
function traced(about, run) {
  // Before Node 20.13 there is no hasSubscribers: then the channel finds out for itself that nobody listens.
  return operations.hasSubscribers === false ? run() : operations.tracePromise(run, about);
}

module.exports = { traced };
