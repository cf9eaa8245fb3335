'use strict';

// Which words find which texts: analyzers and languages, phrases, typos, unfinished words, and where in a text the words are.

const { useDatabases } = require('./support/database');

const databases = useDatabases();

const idsOf = (hits) => hits.map((hit) => hit.id);

async function texts(records, text) {
  const c = await (await databases.open()).collection('c', { text });
  await c.addMany(Object.entries(records).map(([id, each]) => ({ id, text: each })));
  return c;
}

// [options, text, words that find it, words that do not]
test.each([
  [{}, 'The dogs were running', ['dog', 'DOG', 'runs', 'run'], ['the', 'away']],
  [{}, "Ana's colleagues don't mind", ['ana', "Ana's", 'anas colleague', 'dont', 'don’t'], ['don', 's', 't']],
  [{}, 'Café Müller in Kraków', ['cafe', 'CAFÉ', 'muller', 'krakow', 'Cafe\u0301'], ['caf']],
  [{}, 'His résumé: Łódź, Straße, Ørsted, Οδυσσεύς', ['resume', 'Resumes', 'lodz', 'strasse', 'orsted', 'ΟΔΥΣΣΕΥΣ'], ['lod', 'res']],
  [{}, 'parseJsonConfig(HTTPServer v2)', ['parsejsonconfig', 'parse', 'json', 'config', 'http', 'server', 'HTTPServer', 'v2'], ['jsonconfig']],
  [{}, 'snake_case and kebab-case', ['snake', 'case', 'kebab'], ['snakecase']],
  [{}, '我喜欢机器学习', ['机', '机器', '学习', '喜欢机器'], ['东', '飞']],
  [{}, '東京タワーへ行く', ['東京', 'タワー', '京'], ['大阪']],
  [{}, 'ＦＵＬＬ　ｗｉｄｔｈ', ['full', 'width'], ['f']],
  [{}, 'emoji 🦊 beside 42', ['emoji', '42'], ['4']],
  [{ language: 'german' }, 'Die Häuser der Städte', ['Haus', 'häuser', 'hauser', 'Stadt', 'die'], ['hut']],
  [{ language: 'french' }, 'Les chevaux mangeaient', ['cheval', 'manger', 'les'], ['chat']],
  [{ language: 'russian' }, 'книги на столе', ['книга', 'стол', 'книгами'], ['дом']],
  [{ language: 'none' }, 'The dogs were running', ['dogs', 'the', 'running'], ['dog', 'run']],
  [{ analyzer: 'reference' }, "The dogs' café isn't", ['dog', 'caf', 't'], ['the', 'é', 'cafe']],
])('with %j, %j', async (options, text, finding, others) => {
  const c = await texts({ a: text }, options);
  for (const query of finding) expect([query, idsOf(await c.search({ text: query, typos: false }))]).toEqual([query, ['a']]);
  for (const query of others) expect([query, idsOf(await c.search({ text: query, typos: false }))]).toEqual([query, []]);
});

test('words that ask count only where there are no others, and in English', async () => {
  const records = { asks: 'how many are there', names: 'Lisbon has bridges' };
  const english = await texts(records);
  expect(idsOf(await english.search({ text: 'how many bridges has Lisbon?' }))).toEqual(['names']);
  expect(idsOf(await english.search({ text: 'how many' }))).toEqual(['asks']);
  const other = await texts(records, { language: 'none' });
  expect(idsOf(await other.search({ text: 'how many bridges' })).sort()).toEqual(['asks', 'names']);
});

describe('phrases', () => {
  const records = { both: 'a machine that is learning', together: 'machine learning', reversed: 'learning machine', gap: 'state of the art', art: 'art of state' };

  test('alone, find only texts that have all of them', async () => {
    const c = await texts(records);
    expect(idsOf(await c.search({ text: '"machine learning"' }))).toEqual(['together']);
    expect(idsOf(await c.search({ text: '"machine learning" "state art"' }))).toEqual([]);
    expect(idsOf(await c.search({ text: '"state of the art"' }))).toEqual(['gap']);
    expect(idsOf(await c.search({ text: '"state or an art"' }))).toEqual(['gap']); // Stop words hold a place, whichever they are.
    expect(idsOf(await c.search({ text: '"the state"' })).sort()).toEqual(['art', 'gap']);
    expect(idsOf(await c.search({ text: '"learning"' })).sort()).toEqual(['both', 'reversed', 'together']);
  });

  test('beside words, make what has them come first', async () => {
    const c = await texts(records);
    const hits = await c.search({ text: '"machine learning" art' });
    expect(idsOf(hits)).toHaveLength(5);
    const scoreOf = (id) => hits.find((hit) => hit.id === id).score;
    expect(scoreOf('together')).toBeCloseTo(1.25 * scoreOf('reversed'), 3);
  });

  test('that have no end are words', async () => {
    const c = await texts(records);
    expect(idsOf(await c.search({ text: 'say "machine learning' })).sort()).toEqual(['both', 'reversed', 'together']);
  });
});

describe('a word that no text has', () => {
  const records = { a: 'espresso in the kitchen', b: 'espresso', c: 'expresso', d: 'the tea' };

  test('stands for the most frequent one that is a letter away, with weight 0.8', async () => {
    const c = await texts(records);
    const [right] = await c.search({ text: 'espresso', k: 1 });
    for (const typo of ['esprsso', 'espressso', 'esprfsso', 'sepresso', 'espreso']) {
      const hits = await c.search({ text: typo, explain: true });
      expect([typo, idsOf(hits)]).toEqual([typo, ['b', 'a']]);
      expect(hits.explain.corrections).toEqual({ [typo]: 'espresso' });
      expect(hits[0].score).toBeCloseTo(0.8 * right.score, 4);
    }
  });

  test('and is taken as it is where the query says so, is short, quoted, known, or further away', async () => {
    const c = await texts(records);
    const nothing = [{ text: 'esprsso', typos: false }, { text: 'te' }, { text: 'tae' }, { text: '"esprsso"' }, { text: 'esprss' }];
    for (const query of nothing) {
      const hits = await c.search({ ...query, explain: true });
      expect([query, idsOf(hits), hits.explain.corrections]).toEqual([query, [], {}]);
    }
    expect(idsOf(await c.search({ text: 'expresso' }))).toEqual(['c']);
    const reference = await texts(records, { analyzer: 'reference' });
    expect(await reference.search({ text: 'esprsso' })).toEqual([]);
  });

  test('is not taken for one that only deleted texts had', async () => {
    const c = await texts(records);
    expect(idsOf(await c.search({ text: 'expressso' }))).toEqual(['c']);
    await c.delete('c');
    expect(await c.search({ text: 'expressso' })).toEqual([]);
  });
});

test('with prefix, the last word may be unfinished', async () => {
  const c = await texts({ a: 'kitchen', b: 'kitten', c: 'kite', d: 'sun', e: 'kit' });
  expect(idsOf(await c.search({ text: 'kit' }))).toEqual(['e']);
  expect(idsOf(await c.search({ text: 'kit', prefix: true })).sort()).toEqual(['a', 'b', 'c', 'e']);
  expect(idsOf(await c.search({ text: 'kitc', prefix: true }))).toEqual(['a']);
  expect(idsOf(await c.search({ text: 'kit sun', prefix: true })).sort()).toEqual(['d', 'e']);
  expect(idsOf(await c.search({ text: 'kit ', prefix: true }))).toEqual(['e']); // It is finished.
  const whole = (await c.search({ text: 'kitchen' }))[0].score;
  const [first] = await c.search({ text: 'kitch', prefix: true });
  expect(first.score).toBeCloseTo(whole, 4); // One completion: weight 1.
});

describe('highlights', () => {
  const marked = ({ text, highlights }) => highlights.map(({ start, end }) => text.slice(start, end));

  test('are the words that matched, where JavaScript finds them', async () => {
    const c = await texts({ a: '🦊🦊 Two Foxes, and a naïve fox: 狐狸 foxes!' });
    const [hit] = await c.search({ text: 'fox naive', highlight: true });
    expect(hit.highlights.map(({ term }) => term)).toEqual(['fox', 'naiv', 'fox', 'fox']);
    expect(marked(hit)).toEqual(['Foxes', 'naïve', 'fox', 'foxes']);
    expect(marked((await c.search({ text: '狐狸', highlight: true }))[0])).toEqual(['狐', '狐狸', '狸']);
    expect(hit.highlights[0]).toEqual({ term: 'fox', start: 9, end: 14 });
  });

  test('are of corrected, completed and camelCase words too', async () => {
    const c = await texts({ a: 'call parseJsonFile in the kitchen' });
    const of = async (query) => marked((await c.search({ ...query, highlight: true }))[0]);
    expect(await of({ text: 'kitchn' })).toEqual(['kitchen']);
    expect(await of({ text: 'kit', prefix: true })).toEqual(['kitchen']);
    expect(await of({ text: 'json' })).toEqual(['Json']);
    expect(await of({ text: 'parsejsonfile' })).toEqual(['parseJsonFile']);
  });

  test('come only when asked for, with no text included too, at most 100', async () => {
    const c = await texts({ a: 'fox '.repeat(1000) });
    expect((await c.search({ text: 'fox' }))[0]).not.toHaveProperty('highlights');
    const [hit] = await c.search({ text: 'fox', highlight: true, include: [] });
    expect(hit).not.toHaveProperty('text');
    expect(hit.highlights).toHaveLength(100);
  });
});

test('explain tells the terms, and how much was looked at', async () => {
  const c = await texts({ a: 'running dogs', b: 'cats' });
  const hits = await c.search({ text: 'Dogs who ran running', explain: true });
  expect(hits.explain).toEqual({
    terms: ['dog', 'run'], corrections: {}, postings: expect.any(Number), scored: expect.any(Number),
    filterMicros: expect.any(Number), searchMicros: expect.any(Number), hydrateMicros: expect.any(Number),
  });
  expect(hits[0].explain).toEqual({ keyword: hits[0].score });
});
