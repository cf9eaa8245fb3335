'use strict';

// What many calls leave behind: memory, listeners, file descriptors, threads, active resources. AGENTMEMDB_LEAK_SCALE: how much
// of it (default 1: a million searches, 10,000 handles).

const { runWell, useFolder, report } = require('./children');

const SCALE = Number(process.env.AGENTMEMDB_LEAK_SCALE ?? 1);
const TIMEOUT_MS = 300_000 * Math.max(1, SCALE);
// A leak of 32 bytes a search, of 2 KB a handle in memory or of 16 KB one on a file would be more; the allocator's habits are less.
const GROWTH_MAX_MIB = 8;

const folder = useFolder();

/** How much the second half of `sizes` grows along the straight line that fits it best. The first half fills caches and pools. */
function growth(sizes) {
  const half = sizes.slice(sizes.length / 2);
  const middle = (half.length - 1) / 2;
  const mean = half.reduce((sum, size) => sum + size) / half.length;
  const slope = half.reduce((sum, size, i) => sum + (i - middle) * (size - mean), 0) / half.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  return slope * half.length;
}

const signed = (number, digits) => `${number < 0 ? '' : '+'}${number.toFixed(digits)}`;

test(
  'searches, handles and aborted calls leave no memory, listener, descriptor or active resource behind',
  async () => {
    const options = { nodeArgs: ['--expose-gc'], timeoutMs: TIMEOUT_MS };
    const result = await runWell('leak.js', [folder.path, SCALE], options);
    const { searches, aborts, inMemory, onFile, aborted, warnings, engines, logsLeft, before, after } = result;
    const lines = [
      [`${500_000 * SCALE} searches`, searches],
      ['10,000 calls with signals that abort 1,000 each', aborts],
      [`${4500 * SCALE} open, search, close in memory`, inMemory],
      [`${500 * SCALE} open, search, close on a file`, onFile],
    ];
    for (const [what, sizes] of lines) report(`resident memory ${sizes.at(-1)} MiB, over the last ${what} ${signed(growth(sizes), 1)} MiB`);
    expect({ warnings, engines, logsLeft }).toEqual({ warnings: [], engines: 1, logsLeft: 0 });
    expect(after).toEqual(before);
    expect(aborted).toBeGreaterThan(0);
    for (const [what, sizes] of lines) expect({ what, isFlat: growth(sizes) < GROWTH_MAX_MIB, sizes }).toMatchObject({ isFlat: true });
  },
  TIMEOUT_MS,
);
