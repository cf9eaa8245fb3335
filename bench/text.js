'use strict';

// node text.js [flags]: searching by words and by words and vectors, agentmemdb and the peers that can.
// bench/README.md says what is measured and how to read it.

const { command } = require('./run');

command({ scenarios: 'text', texts: '100000', engines: 'ours,zvec,lancedb' });
