'use strict';

// Nearest-neighbour search: agentmemdb and its peers, in one run, on one data set, at matched recall.
// bench/README.md says what is measured and how to read it.

const { command } = require('./run');

command();
