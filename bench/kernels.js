'use strict';

// node kernels.js: nanoseconds per distance of every kernel set of this CPU, beside hnswlib's. Builds itself first.

const { command } = require('./run');

command({ scenarios: 'kernels' });
