'use strict';

const { AgentMemError } = require('./errors');
const { Collection } = require('./collection');
const { Database, open, openSync } = require('./database');

module.exports = { open, openSync, Database, Collection, AgentMemError };
