'use strict';

// What a service on any framework needs: a status for every error, a signal for a client that has gone, a start and an end.

const { parseArgs } = require('node:util');
const { AgentMemError } = require('agentmemdb');

// Not here: ERR_IO, ERR_CORRUPT, ERR_UNSUPPORTED and ERR_INTERNAL, which are 500 and no business of the client.
const STATUS_OF = {
  ERR_INVALID_ARGUMENT: 400,
  ERR_NOT_FOUND: 404,
  ERR_ALREADY_EXISTS: 409,
  ERR_CONFLICT: 409,
  ERR_LIMIT: 413,
  ERR_QUEUE_FULL: 503,
  ERR_BUSY: 503,
  ERR_CLOSED: 503,
  ERR_READ_ONLY: 503,
  ERR_TIMEOUT: 504,
};
const RETRY_AFTER_SECONDS = 1;
const IDLE_LOOK_MS = 50;
const SHUTDOWN_MAX_MS = 10_000;

class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** What to answer when a handler failed: { status, headers, body }. */
function answerTo(error) {
  const status = (AgentMemError.isError(error) ? STATUS_OF[error.code] : (error.status ?? error.statusCode)) ?? 500;
  if (status === 500) return { status, headers: {}, body: { error: 'internal error' } };
  const headers = status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {};
  return { status, headers, body: { error: error.message, code: error.code, argument: error.argument } };
}

/** A signal that aborts when the client closes the connection before it has its answer. */
function goneSignal(response) {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new HttpError(499, 'the client has gone'));
  });
  return controller.signal;
}

/** For a server that is closing: lets go of connections that wait for a next request, which would keep it open, and in the
 *  end of all. Returns a function that ends this. */
function drain(server) {
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_LOOK_MS);
  const late = setTimeout(() => server.closeAllConnections(), SHUTDOWN_MAX_MS);
  return () => {
    clearInterval(idle);
    clearTimeout(late);
  };
}

/** Starts a service with the options of the command line, and stops it when the process is asked to end. */
async function runService(name, start) {
  const options = { file: { type: 'string', default: 'notes.db' }, port: { type: 'string', default: '3000' } };
  try {
    const { file, port } = parseArgs({ options }).values;
    const { url, stop } = await start({ file, port: Number(port) });
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop);
    console.log(`${name}: listening on ${url}`);
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
}

module.exports = { HttpError, answerTo, goneSignal, drain, runService };
