'use strict';

/** What ends a command: a message for its user, without a stack. exitCode: 1 failed, 2 wrong usage. */
class CliError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

module.exports = { CliError };
