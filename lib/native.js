'use strict';

// Loads the compiled addon.

const fs = require('node:fs');
const { isMainThread } = require('node:worker_threads');
const { AgentMemError } = require('./errors');
const { addonPlaces, libcName } = require('./platform');

function load() {
  const found = addonPlaces().find((place) => fs.existsSync(place));
  if (found === undefined) throw unsupported('agentmemdb has no compiled addon');
  try {
    return require(found);
  } catch (cause) {
    throw unsupported('the compiled addon of agentmemdb cannot be loaded', { path: found, cause });
  }
}

function unsupported(what, { path, cause } = {}) {
  const libc = libcName();
  const platform = `${process.platform} ${process.arch}${libc && `, ${libc}`}, Node-API ${process.versions.napi ?? 'unknown'}`;
  const why = cause === undefined ? '' : `: ${cause.message}`;
  const message = `${what} for this platform (${platform})${why}. To compile it here: npx agentmemdb build`;
  return new AgentMemError({ code: 'ERR_UNSUPPORTED', message, path }, cause && { cause });
}

const native = load();

// Running work looks at its cancel token: the process does not wait for a long load that nobody will see, whichever of its
// threads began it.
process.on('exit', () => native.shutdown(isMainThread));

module.exports = native;
