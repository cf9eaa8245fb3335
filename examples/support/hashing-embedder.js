'use strict';

// Text to vectors without a model: hashed words and pieces of words, weighted by how rare they are.
//
// What it is: a keyword matcher in the shape of an embedder. It needs no download, no network and no randomness, and it
// finds text that shares words or parts of words with the question ("cancel" finds "cancelled").
// What it is not: a model. It knows nothing of meaning: "car" does not find "automobile". For that, put a real embedder in
// its place, such as openaiEmbedder of agentmemdb/embedders.

const STOP_WORDS = new Set(
  (
    'a about all an and any are as at be been but by can could did do does done for from get had has have happen happens how ' +
    'i if in into is it its me my no not of on or our out own should so such than that the their them then there these they ' +
    'this to up us was we were what when where which who whose why will with would you your'
  ).split(' '),
);

const PIECE_LENGTH = 4;
// Weight of all pieces of a word together; the word itself has 1. Pieces find the relatives of a word, and they spread it over
// several places of the vector, so that one collision hurts less. On two retrieval test sets 1.5 beat 0.4 and 1.
const PIECE_WEIGHT = 1.5;
// A feature never seen by fit() can match nothing. It keeps a little weight so that no text becomes the zero vector.
const UNSEEN_WEIGHT = 1e-3;

/** Creates an embedder with vectors of unit length. fit() first, on the texts to be searched; then embed() those and the
 *  questions. The weights learnt by fit() are part of the vectors: fitting again makes earlier vectors stale. */
function createHashingEmbedder({ dimensions = 512 } = {}) {
  let weightOf = () => 1;

  return {
    model: 'hashed words and word pieces (no model: it matches words, not meanings)',
    dimensions,
    fit(texts) {
      weightOf = inverseDocumentFrequency(texts);
    },
    async embed(texts) {
      return texts.map((text) => toVector(features(text), weightOf, dimensions));
    },
  };
}

/** Learns how much each feature tells: what occurs in every text tells nothing, what occurs in one tells most. */
function inverseDocumentFrequency(texts) {
  const textsWith = new Map();
  for (const text of texts) {
    for (const feature of features(text).keys()) textsWith.set(feature, (textsWith.get(feature) ?? 0) + 1);
  }
  return (feature) => {
    const count = textsWith.get(feature);
    return count === undefined ? UNSEEN_WEIGHT : Math.log(1 + texts.length / count);
  };
}

/** The features of a text and how often each occurs. The pieces of one word share PIECE_WEIGHT. */
function features(text) {
  const counts = new Map();
  const add = (feature, amount) => counts.set(feature, (counts.get(feature) ?? 0) + amount);
  for (const word of words(text)) {
    add(`word ${stem(word)}`, 1);
    const pieces = wordPieces(word);
    for (const piece of pieces) add(`piece ${piece}`, PIECE_WEIGHT / pieces.length);
  }
  if (counts.size === 0) add('nothing', 1);
  return counts;
}

/** Lower-case words without stop words; camelCase and snake_case names come apart. */
function words(text) {
  const found = text.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').normalize('NFKC').toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return found.filter((word) => !STOP_WORDS.has(word));
}

/** Cuts the commonest English endings, so that "writes", "written" and "write" or "cancelled" and "cancel" come close. */
function stem(word) {
  if (word.length < 4) return word;
  const cut = word
    .replace(/ies$/, 'y')
    .replace(/(ss|sh|ch|x)es$/, '$1')
    .replace(/([^s])s$/, '$1');
  const bare = cut.replace(/(?:ing|ed)$/, '');
  return (bare.length >= 3 ? bare : cut).replace(/([^aeious])\1$/, '$1').replace(/e$/, '');
}

function wordPieces(word) {
  const padded = [...`^${word}$`];
  const pieces = [];
  for (let start = 0; start + PIECE_LENGTH <= padded.length; start++) {
    pieces.push(padded.slice(start, start + PIECE_LENGTH).join(''));
  }
  return pieces;
}

function toVector(counts, weightOf, dimensions) {
  const vector = new Float64Array(dimensions);
  for (const [feature, count] of counts) {
    const hash = fnv1a(feature);
    // The sign makes features that share a place cancel out on average instead of adding up.
    const sign = hash & 1 ? 1 : -1;
    vector[(hash >>> 1) % dimensions] += sign * Math.sqrt(count) * weightOf(feature);
  }
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => value / length);
}

/** 32-bit FNV-1a with a final mix, because its low bits alone are not evenly spread. */
function fnv1a(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

module.exports = { createHashingEmbedder };
