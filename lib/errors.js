'use strict';

// The one error class. Native code and checks hand over plain facts; errors are made here, in the caller's realm and on
// the caller's stack.

const IS_ERROR = Symbol.for('agentmemdb.AgentMemError');

class AgentMemError extends Error {
  /** @param {{ code: string, message: string, argument?: string, path?: string, id?: string }} facts */
  constructor(facts, options) {
    super(facts.message, options);
    this.code = facts.code;
    if (facts.argument !== undefined) this.argument = facts.argument;
    if (facts.path !== undefined) this.path = facts.path;
    if (facts.id !== undefined) this.id = facts.id;
  }

  get name() {
    return 'AgentMemError';
  }

  get [IS_ERROR]() {
    return true;
  }

  static isError(value) {
    return typeof value === 'object' && value !== null && value[IS_ERROR] === true;
  }
}

function invalidArgument(method, argument, message) {
  return new AgentMemError({
    code: 'ERR_INVALID_ARGUMENT',
    message: `${method}(): ${argument} ${message}`,
    argument,
  });
}

function timedOut(method) {
  return new AgentMemError({
    code: 'ERR_TIMEOUT',
    message: `${method}(): the call did not finish within timeoutMs; raise it, or ask for less`,
  });
}

// What native code rejects with or throws: facts, or an error of the engine's own (a getter of the caller's that threw).
function fromNative(thrown) {
  return typeof thrown?.code === 'string' && !(thrown instanceof Error) ? new AgentMemError(thrown) : thrown;
}

module.exports = { AgentMemError, invalidArgument, timedOut, fromNative };
