// The same from an ES module, and that both forms are one library.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import * as agentmemdb from 'agentmemdb';
import { openaiEmbedder, aiSdkEmbedder } from 'agentmemdb/embedders';
import { instrument } from 'agentmemdb/otel';

const require = createRequire(import.meta.url);
const { smoke } = require('./smoke.cjs');

assert.deepEqual(Object.keys(agentmemdb).sort(), Object.keys(require('agentmemdb')).sort());
for (const [name, value] of Object.entries(agentmemdb)) assert.equal(value, require('agentmemdb')[name]);
assert.equal(instrument, require('agentmemdb/otel').instrument);
assert.deepEqual({ openaiEmbedder, aiSdkEmbedder }, require('agentmemdb/embedders'));
await smoke(agentmemdb);
console.log('import: right');
