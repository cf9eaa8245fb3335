'use strict';

// Texts to search by words, and queries of words taken from them. Words follow Zipf's law and are made of syllables, and they come in
// four forms of one stem, as English ones do: every stem ends in two consonants that no rule of an English stemmer touches, so an exact
// answer can be computed from the stems that a text was made of, whoever's stemmer reads it.

const { Random } = require('./random');

const STEMS = 30000;
const ZIPF_SHIFT = 2.7; // Zipf-Mandelbrot: the first words of a language are not that far ahead of the next
const WORDS_MIN = 20;
const WORDS_MAX = 60;
const SENTENCE_WORDS = 12;
const QUERY_WORDS_MIN = 2;
const QUERY_WORDS_MAX = 4;

// Texts of near vectors share a topic, and a topic has words of its own: what a model would make of real texts.
const TOPICS = 64;
const TOPIC_SHARE = 0.25;
const TOPIC_STEMS = 400;
const TOPIC_STEMS_FROM = 300; // the most frequent words belong to no topic

const ENDINGS = ['lk', 'rk', 'rm', 'rb', 'mp', 'sk', 'nk', 'rn', 'lt', 'rt', 'ft'];
const CONSONANTS = 'bdfghklmnprstvwz';
const VOWELS = 'aeiou';
const FORMS = ['', 's', 'ed', 'ing'];
const FORM_SHARES = [0.55, 0.75, 0.87, 1];

/**
 * @param data     { base, queries }: vectors of the texts and of the queries, rows of `dim` numbers.
 * @returns { texts, stems, queries: [{ words, stems, mistyped }] }: `stems`: for each text the numbers of its words' stems, a Uint16Array;
 *          `mistyped`: the words with a letter of one of them wrong, so that no text has that word.
 */
function makeCorpus({ base, queries }, dim, seed) {
  const random = new Random(seed);
  const stems = makeStems(random);
  const pick = zipf(random);
  const topics = topicsOf(base, dim);
  const texts = [];
  const stemsOf = [];
  for (const topic of topics) {
    const numbers = drawText(random, pick, topic);
    stemsOf.push(numbers);
    texts.push(written(numbers, stems, random));
  }
  const known = new Set(stems);
  const asked = Array.from({ length: queries.length / dim }, () => drawQuery(random, stemsOf, stems, known));
  return { texts, stems: stemsOf, queries: asked };
}

/** Stems by rank, all different; frequent ones are short. */
function makeStems(random) {
  const found = new Set();
  while (found.size < STEMS) {
    const rank = found.size;
    const syllables = rank < 300 ? 1 : rank < 6000 ? 2 : 3;
    found.add(makeStem(random, syllables));
  }
  return [...found];
}

function makeStem(random, syllables) {
  const one = (list) => list[Math.floor(random.uniform() * list.length)];
  let stem = '';
  for (let i = 0; i < syllables; i++) stem += one(CONSONANTS) + one(VOWELS);
  return stem + one(ENDINGS);
}

/** Draws ranks, 0 the most frequent: the inverse of the distribution, by bisection. */
function zipf(random) {
  const sums = new Float64Array(STEMS);
  let sum = 0;
  for (let rank = 0; rank < STEMS; rank++) sums[rank] = sum += 1 / (rank + ZIPF_SHIFT);
  return () => {
    const wanted = random.uniform() * sum;
    let [low, high] = [0, STEMS - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** For each vector the nearest of the first TOPICS ones. */
function topicsOf(base, dim) {
  const topics = new Uint8Array(base.length / dim);
  const count = Math.min(TOPICS, topics.length);
  for (let row = 0; row < topics.length; row++) {
    let best = -Infinity;
    for (let topic = 0; topic < count; topic++) {
      let dot = 0;
      for (let d = 0; d < dim; d++) dot += base[row * dim + d] * base[topic * dim + d];
      if (dot > best) [best, topics[row]] = [dot, topic];
    }
  }
  return topics;
}

function drawText(random, pick, topic) {
  const count = WORDS_MIN + Math.floor(random.uniform() * (WORDS_MAX - WORDS_MIN + 1));
  return Uint16Array.from({ length: count }, () => {
    const rank = pick();
    return random.uniform() < TOPIC_SHARE ? ofTopic(topic, rank) : rank;
  });
}

function ofTopic(topic, rank) {
  const place = topic * TOPIC_STEMS + (rank % TOPIC_STEMS);
  return TOPIC_STEMS_FROM + (place % (STEMS - TOPIC_STEMS_FROM));
}

/** Sentences of words in any form. */
function written(numbers, stems, random) {
  const words = Array.from(numbers, (number) => inAnyForm(stems[number], random));
  const sentences = [];
  for (let i = 0; i < words.length; i += SENTENCE_WORDS) {
    const sentence = words.slice(i, i + SENTENCE_WORDS).join(' ');
    sentences.push(`${sentence[0].toUpperCase()}${sentence.slice(1)}.`);
  }
  return sentences.join(' ');
}

function inAnyForm(stem, random) {
  const share = random.uniform();
  return stem + FORMS[FORM_SHARES.findIndex((limit) => share < limit)];
}

/** Different words of one text. */
function drawQuery(random, stemsOf, stems, known) {
  const text = stemsOf[Math.floor(random.uniform() * stemsOf.length)];
  const wanted = QUERY_WORDS_MIN + Math.floor(random.uniform() * (QUERY_WORDS_MAX - QUERY_WORDS_MIN + 1));
  const numbers = new Set();
  while (numbers.size < wanted) numbers.add(text[Math.floor(random.uniform() * text.length)]);
  const list = [...numbers];
  const words = list.map((number) => inAnyForm(stems[number], random));
  const wrong = Math.floor(random.uniform() * list.length);
  const mistyped = words.map((word, i) => (i === wrong ? misspelled(word, stems[list[i]].length, known, random) : word));
  return { words: words.join(' '), stems: list, mistyped: mistyped.join(' ') };
}

/** One letter of its stem is another, and it is no form of any word. */
function misspelled(word, stemLength, known, random) {
  for (;;) {
    const at = Math.floor(random.uniform() * stemLength);
    const letter = String.fromCharCode(97 + Math.floor(random.uniform() * 26));
    const wrong = word.slice(0, at) + letter + word.slice(at + 1);
    if (!FORMS.some((form) => wrong.endsWith(form) && known.has(wrong.slice(0, wrong.length - form.length)))) return wrong;
  }
}

module.exports = { makeCorpus };
