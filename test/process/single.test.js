'use strict';

// Single mode, which files on network file systems are opened in; here AGENTMEMDB_STORAGE_MODE asks for it.

const { runScript, runWell, useFolder } = require('./children');

const folder = useFolder();

const env = { AGENTMEMDB_STORAGE_MODE: 'single' };

test('in single mode a file serves one process at a time, with all its threads, and the next one when it is closed', async () => {
  const said = await runWell('single-mode.js', [folder.file('a.db')], { env });
  expect(said).toMatchObject({ storageMode: 'single', sharedMemory: false, worker: { engines: 1, count: 20 }, found: ['r7'] });
  expect(said.other).toMatchObject({ code: 'ERR_BUSY' });
  expect(said.other.message).toMatch(/is open in another process.*close it there, or keep the file on a local disk/);
  expect(said.readOnly).toMatchObject({ code: 'ERR_BUSY' });
  expect(said.afterwards).toEqual({ engines: 1, storageMode: 'single', count: 20 });
  expect(said.verified).toBe(true);
});

test('a storage mode that does not exist is refused by name', async () => {
  const { code, stderr } = await runScript('single-mode.js', [folder.file('a.db')], { env: { AGENTMEMDB_STORAGE_MODE: 'alone' } });
  expect(code).toBe(1);
  expect(stderr).toMatch(/AGENTMEMDB_STORAGE_MODE must be 'shared' or 'single'/);
});
