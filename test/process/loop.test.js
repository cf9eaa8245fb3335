'use strict';

// A process that loads 100,000 records while it searches: its event loop and its memory.

const { runWell, useFolder, report } = require('./children');

const ROWS = 100_000;
const TIMEOUT_MS = 300_000;
// What a load may take beside the data: a bulk call its own input converted, at most 256 MiB; single calls what is pending.
const BESIDE_DATA_MAX_MIB = { columns: 192, records: 256 + 64, adds: 192 };

const folder = useFolder();

test.each(Object.keys(BESIDE_DATA_MAX_MIB))(
  '100,000 x 384 are loaded as %s beside 64 searches: all are found, and memory is bounded',
  async (form) => {
    const options = { nodeArgs: ['--expose-gc'], timeoutMs: TIMEOUT_MS };
    const result = await runWell('load-beside-searches.js', [folder.file(`${form}.db`), form, ROWS], options);
    const { loopStepMaxMs, loopSteps, delay, loadMs, searches, memory } = result;
    // CPU time of the thread, so that other processes do not count.
    report(`${form}: longest of ${loopSteps} steps on the event loop ${loopStepMaxMs} ms of CPU, 10 allowed;`);
    report(`  it was late by p99 ${delay.p99Ms.toFixed(1)} ms, max ${delay.maxMs.toFixed(1)} ms; loaded in ${loadMs} ms beside ${searches} searches;`);
    report(`  memory grew by ${memory.growthMiB} MiB, ${memory.dataMiB} of them data`);
    expect(result).toMatchObject({ count: ROWS, missing: 0, notFound: 0 });
    expect(searches).toBeGreaterThan(0);
    expect(memory.growthMiB - memory.dataMiB).toBeLessThan(BESIDE_DATA_MAX_MIB[form]);
  },
  TIMEOUT_MS,
);
