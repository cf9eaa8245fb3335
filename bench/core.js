'use strict';

// node core.js [flags]: the C++ core against plain hnswlib compiled for this CPU, on the data of ann.js. Builds itself first.

const { command } = require('./run');

command({ scenarios: 'core', n: '100000', rounds: '8' });
