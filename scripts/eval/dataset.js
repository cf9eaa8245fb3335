'use strict';

// A folder of judged queries: corpus.jsonl and queries.jsonl ({ _id, title?, text, metadata? }), qrels.tsv (query, record, grade)
// and, where there are any, lsa256.fvecs or dense.fvecs and the same with _q for the queries, in the order of the files.

const fs = require('node:fs');
const path = require('node:path');

const readLines = (file) => fs.readFileSync(file, 'utf8').split('\n').filter((line) => line !== '');

function readVectors(file) {
  if (!fs.existsSync(file)) return undefined;
  const bytes = fs.readFileSync(file);
  const dimensions = bytes.readInt32LE(0);
  const rows = bytes.length / (4 + 4 * dimensions);
  return Array.from({ length: rows }, (_, i) => {
    const at = i * (4 + 4 * dimensions) + 4;
    const vector = new Float32Array(bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + 4 * dimensions));
    return vector.some((x) => x !== 0) ? vector : undefined; // Of an empty text.
  });
}

/** { name, records: [{ id, text, vector?, space }], queries: [{ id, text, vector?, space, judged }] }; `space`: see evaluate(). Queries
 *  that nothing is relevant to are left out. @throws Error naming what is missing. */
function readDataset(folder, limit = Infinity) {
  const vectorsOf = (suffix) => readVectors(path.join(folder, `lsa256${suffix}.fvecs`)) ?? readVectors(path.join(folder, `dense${suffix}.fvecs`));
  const corpusVectors = vectorsOf('');
  const queryVectors = vectorsOf('_q');
  const records = readLines(path.join(folder, 'corpus.jsonl')).map((line, i) => {
    const { _id: id, title, text, metadata } = JSON.parse(line);
    return { id, text: `${title ?? ''} ${text ?? ''}`.trim(), vector: corpusVectors?.[i], space: metadata?.conv ?? '' };
  });
  const judged = new Map();
  for (const line of readLines(path.join(folder, 'qrels.tsv')).slice(1)) {
    const [query, record, grade] = line.split('\t');
    if (!judged.has(query)) judged.set(query, new Map());
    judged.get(query).set(record, Number(grade));
  }
  const queries = readLines(path.join(folder, 'queries.jsonl'))
    .slice(0, limit)
    .map((line, i) => {
      const { _id: id, text, metadata } = JSON.parse(line);
      return { id, text, vector: queryVectors?.[i], space: metadata?.conv ?? '', judged: judged.get(id) ?? new Map() };
    })
    .filter((query) => [...query.judged.values()].some((grade) => grade > 0));
  if (queries.length === 0) throw new Error(`${folder}: nothing in qrels.tsv is relevant to any of its queries`);
  const spaces = new Set(records.map(({ space }) => space));
  const lost = queries.find(({ space }) => !spaces.has(space));
  if (lost !== undefined) throw new Error(`${folder}: query ${lost.id} is of conversation '${lost.space}', which has no record`);
  return { name: path.basename(folder), records, queries };
}

module.exports = { readDataset };
