'use strict';

const { execFile } = require('node:child_process');
const path = require('node:path');

const EXAMPLES = path.join(__dirname, '..', '..', 'examples');

/** Runs an example as its reader would. Resolves to { code, stdout, stderr }. */
function runExample(name, args = [], env = {}) {
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('EMBEDDINGS_'));
  const options = { env: { ...Object.fromEntries(inherited), ...env }, timeout: 120_000, maxBuffer: 1 << 24 };
  return new Promise((resolve) => {
    execFile(process.execPath, [path.join(EXAMPLES, name), ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr });
    });
  });
}

module.exports = { runExample };
