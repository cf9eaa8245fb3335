'use strict';

// What many calls leave behind: memory, listeners, active resources.

const { runWell, endChildren, report } = require('./children');

afterEach(endChildren);

// A leak of one small result or engine per call would be far more; the allocator's habits are less.
const GROWTH_MAX_MIB = 30;

/** Growth after the first part, which fills caches and pools. */
const growth = (sizes) => sizes.at(-1) - sizes[0];

test('searches, handles and aborted calls leave no memory, listener or active resource behind', async () => {
  const result = await runWell('leak.js', [], { nodeArgs: ['--expose-gc'] });
  const { searches, opens, aborts, aborted, warnings, engines, before, after } = result;
  report(`resident MiB over 20,000 searches: ${searches.join(' ')}; over 2,000 open and close: ${opens.join(' ')}`);
  report(`over 1,000 calls with a signal that aborts (${aborted} in time): ${aborts.join(' ')}`);
  expect({ warnings, engines }).toEqual({ warnings: [], engines: 1 });
  expect(after).toEqual(before);
  expect(aborted).toBeGreaterThan(0);
  for (const sizes of [searches, opens, aborts]) expect(growth(sizes)).toBeLessThan(GROWTH_MAX_MIB);
});
