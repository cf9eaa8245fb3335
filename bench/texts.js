'use strict';

// What the rows of the ingest scenario carry beside their vector. core/insert.cc makes the same.

const TOPICS = 300;

function textOf(row) {
  return `Note ${row} of topic ${row % TOPICS}: what was said, who said it, and what is to be done about it next week.`;
}

function metadataOf(row) {
  return { number: row, topic: `topic ${row % TOPICS}` };
}

module.exports = { textOf, metadataOf };
