'use strict';

// Two copies of the package in one process. SQLite's locks do not hold between them, so one file is for one of them.

const fs = require('node:fs');
const path = require('node:path');

const { runWell, useFolder } = require('./children');

const folder = useFolder();

test('the second copy of the addon in a process is refused a file that the first has open, and no write is lost', async () => {
  const said = await runWell('two-copies.js', [folder.path]);
  const [here, there] = said.places.map((lib) => path.join(fs.realpathSync(lib), '..', path.sep));
  const file = path.join(fs.realpathSync(folder.path), 'a.db');

  for (const refused of [...said.refused, said.besideReader, said.firstRefused]) {
    expect(refused).toMatchObject({ code: 'ERR_UNSUPPORTED', path: file });
    expect(refused.message).toMatch(/another copy of agentmemdb in this process has .*a\.db open/);
  }
  // Both places are named, the other one first.
  for (const [refused, other, own] of [[said.refused[0], here, there], [said.firstRefused, there, here]]) {
    const places = [...refused.message.matchAll(/\((\/[^)]*\.node)\)/g)].map((match) => fs.realpathSync(match[1]));
    expect(places.map((place) => place.startsWith(other))).toEqual([true, false]);
    expect(places.map((place) => place.startsWith(own) && !place.startsWith(other))).toEqual([false, true]);
  }
  expect(said.missing).toEqual([]);
  expect(said.verified).toBe(true);
  expect(said.elsewhere).toBe('opened');
  expect(said.worker).toMatchObject({ engines: 1 });
  expect(said.last).toEqual({ engines: 1, count: 120 });
});
