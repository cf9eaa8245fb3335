'use strict';

const fs = require('node:fs/promises');
const os = require('node:os');
const path = require('node:path');

/** Runs `work` with the path of a new folder and removes the folder afterwards, whatever happened. */
async function withTempFolder(work) {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'agentmemdb-'));
  try {
    return await work(folder);
  } finally {
    await fs.rm(folder, { recursive: true, force: true });
  }
}

module.exports = { withTempFolder };
