'use strict';

// Database.exportJsonl: the text is made by the addon, on the pool, half a megabyte at a time, as it is asked for.

const { Readable } = require('node:stream');
const native = require('./native');
const { splitOptions, toOnProgress } = require('./call');
const { toNames, checkOneOf } = require('./values');

const METHOD = 'Database.exportJsonl';

/** A stream of bytes. Nothing is done before somebody reads it; what is wrong with the options is told then, too. */
function exportStream(handle, database, options) {
  return Readable.from(parts(handle, database, options), { objectMode: false });
}

async function* parts(handle, database, options) {
  const control = splitOptions(METHOD, options, ['collections', 'onDamaged', 'onProgress']);
  const names = toNames(METHOD, 'options.collections', control.collections);
  const { onDamaged = 'error', signal, timeoutMs } = control;
  checkOneOf(METHOD, 'options.onDamaged', onDamaged, ['error', 'skip']);
  const onProgress = toOnProgress(METHOD, control.onProgress);
  handle.admit(METHOD);
  const exporter = new native.Exporter(database, names, onDamaged === 'skip');
  for (;;) {
    const part = await handle.call(exporter, 'next', [], { signal, timeoutMs }, { operation: METHOD });
    if (part === undefined) return;
    yield part.text;
    onProgress?.({ done: part.done, total: part.total });
  }
}

module.exports = { exportStream };
