'use strict';

// What tests of export and import share: whole texts, and all that a database holds.

const { collect } = require('./database');

/** The text of an export. */
async function exported(db, options) {
  return Buffer.concat(await collect(db.exportJsonl(options))).toString();
}

/** The lines of an export, without their ends. */
async function linesOf(db, options) {
  const text = await exported(db, options);
  expect(text.at(-1)).toBe('\n');
  return text.slice(0, -1).split('\n');
}

/** Every collection with its options and its records, vectors as their bits, but for versions. */
async function contentsOf(db) {
  const contents = [];
  for (const info of await db.listCollections()) {
    const c = await db.getCollection(info.name);
    const records = await collect(c.scan({ include: ['text', 'metadata', 'vector'] }));
    const plain = ({ vector, ...rest }) => ({ ...rest, version: 0, ...(vector && { vector: [...new Uint32Array(vector.buffer)] }) });
    contents.push({ info, records: records.map(plain) });
  }
  return contents;
}

/** A text made by hand: lines of JSON, from strings and values. */
const textOf = (...lines) => lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n') + '\n';

const HEADER = '{"agentmemdb":1}';
const end = (collections, records) => ({ end: { collections, records } });

module.exports = { exported, linesOf, contentsOf, textOf, HEADER, end };
