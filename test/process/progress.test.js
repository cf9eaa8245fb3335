'use strict';

// An onProgress that throws ends the call where it can, and never hides what came of it.

const { runWell, useFolder } = require('./children');

const folder = useFolder();

test('what onProgress throws ends a call, and is thrown on its own when the call has come off', async () => {
  const { calls, uncaught } = await runWell('progress-that-throws.js', [folder.file('a.db')]);
  const late = calls.filter(({ outcome }) => outcome === 'came off').map(({ call }) => `thrown by ${call}`);
  expect(uncaught).toEqual(late);
  for (const { call, outcome, isDone } of calls) {
    expect({ call, isDone }).toEqual({ call, isDone: outcome === 'came off' });
    if (outcome !== 'came off') expect(outcome).toBe(`thrown by ${call}`);
  }
  expect(calls.find(({ call }) => call === 'addMany')).toMatchObject({ outcome: 'thrown by addMany' });
});
