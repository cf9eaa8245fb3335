'use strict';

// Finds and loads the compiled addon. The only file that knows where it lies.

const fs = require('node:fs');
const path = require('node:path');
const { isMainThread } = require('node:worker_threads');
const { AgentMemError } = require('./errors');

const ROOT = path.join(__dirname, '..');

function platformName() {
  const musl = process.platform === 'linux' && !process.report?.getReport().header.glibcVersionRuntime;
  return `${process.platform}-${process.arch}${musl ? '-musl' : ''}`;
}

// A build made in this folder comes first: it is newer than what was shipped.
function load() {
  const platform = platformName();
  const places = [
    path.join(ROOT, 'build', 'addon', 'Release', 'agentmemdb.node'),
    path.join(ROOT, 'prebuilds', platform, 'agentmemdb.node'),
  ];
  const found = places.find((place) => fs.existsSync(place));
  if (!found) {
    throw new AgentMemError({
      code: 'ERR_UNSUPPORTED',
      message: `agentmemdb has no compiled addon for ${platform} (Node-API 8); build it in a checkout: npm run build`,
    });
  }
  return require(found);
}

const native = load();

// Running work looks at its cancel token: the process does not wait for a long load that nobody will see, whichever of its
// threads began it.
process.on('exit', () => native.shutdown(isMainThread));

module.exports = native;
