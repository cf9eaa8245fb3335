'use strict';

// What the examples read with and print with. None of it needs the database.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { readFvecs, readIvecs, VecsError } = require('../examples/support/fvecs');
const { createRandom, gaussian } = require('../examples/support/random');
const { cutSections, findMarkdown, readSections } = require('../examples/support/sections');
const { formatTable, shorten } = require('../examples/support/table');
const { watchLoop, median } = require('../examples/support/timing');
const { vecs } = require('./support/vecs');

let folder;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'agentmemdb-test-'));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

function write(name, content) {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  return file;
}

describe('sections', () => {
  test('a section knows its headings, and a heading without text is no section', () => {
    const markdown = '\uFEFFintro\r\n\r\n# Title\r\n\r\n## First `x` ##\r\none\r\n### Deep [link](to)\r\ntwo\r\n## Second\r\nthree\r\n';
    expect(cutSections(markdown)).toEqual([
      { heading: '', text: 'intro' },
      { heading: 'Title > First x', text: 'one' },
      { heading: 'Title > First x > Deep link', text: 'two' },
      { heading: 'Title > Second', text: 'three' },
    ]);
  });

  test('a level left out leaves no gap', () => {
    expect(cutSections('### Deep\none\n# Title\ntwo')).toEqual([
      { heading: 'Deep', text: 'one' },
      { heading: 'Title', text: 'two' },
    ]);
  });

  test('a comment in a code block is no heading', () => {
    const markdown = '# Title\n```sh\n# install\n~~~\n# run\n```\n~~~~\n# a\n~~~\n# b\n~~~~\n```not a fence```\n# Next\nend';
    expect(cutSections(markdown).map(({ heading }) => heading)).toEqual(['Title', 'Next']);
  });

  test('text is cut at paragraphs, then lines, then words, then characters', () => {
    const texts = (markdown, maxChars) => cutSections(markdown, { maxChars }).map(({ text }) => text);
    expect(texts('aaaa\n\nbbbb\n\ncccc', 10)).toEqual(['aaaa\n\nbbbb', 'cccc']);
    expect(texts('aaaa\nbbbb\ncccc', 10)).toEqual(['aaaa\nbbbb', 'cccc']);
    expect(texts('aaaa bbbb cccc', 10)).toEqual(['aaaa bbbb', 'cccc']);
    expect(texts('aaaabbbbcccc', 10)).toEqual(['aaaabbbbcc', 'cc']);
    expect(texts('😀😀😀', 4)).toEqual(['😀😀', '😀']);
  });

  test('nothing is lost and nothing is too long', () => {
    const markdown = Array.from({ length: 300 }, (_, i) => `word${i}${['', '\n', '\n\n', '\n# H\n'][i % 4]}`).join(' ');
    const sections = cutSections(markdown, { maxChars: 37 });
    expect(Math.max(...sections.map(({ text }) => text.length))).toBeLessThanOrEqual(37);
    expect(sections.flatMap(({ text }) => text.split(/\s+/))).toEqual(Array.from({ length: 300 }, (_, i) => `word${i}`));
  });

  test('files come in name order, folders with all they hold; what is missing or hidden is left out', async () => {
    const names = ['README.md', 'docs/b.md', 'docs/a/x.md', 'docs/c.txt', 'docs/node_modules/y.md', 'docs/.hidden/z.md', 'other.md'];
    names.forEach((name) => write(`project/${name}`, `# ${name}\ntext`));
    const root = path.join(folder, 'project');
    fs.symlinkSync(root, path.join(root, 'docs', 'circle'));
    expect(await findMarkdown(root, ['README.md', 'docs', 'CHANGELOG.md'])).toEqual(['README.md', 'docs/a/x.md', 'docs/b.md']);
    expect(await findMarkdown(root)).toEqual(['README.md', 'docs/a/x.md', 'docs/b.md', 'other.md']);
    expect(await readSections(root, ['docs/a/x.md'])).toEqual([{ file: 'docs/a/x.md', heading: 'docs/a/x.md', text: 'text' }]);
  });
});

describe('fvecs', () => {
  test('reads rows of floats and of integers', async () => {
    const floats = await readFvecs(write('good.fvecs', vecs([[1, 2.5, -3], [4, 5, 6]])));
    expect(floats).toMatchObject({ rows: 2, dimensions: 3, values: Float32Array.of(1, 2.5, -3, 4, 5, 6) });
    expect(floats.row(1)).toEqual(Float32Array.of(4, 5, 6));
    const integers = await readIvecs(write('good.ivecs', vecs([[7, -1]], 'Int32LE')));
    expect(integers.row(0)).toEqual(Int32Array.of(7, -1));
  });

  const good = vecs([[1, 2], [3, 4]]);
  test.each([
    ['empty', Buffer.alloc(0), 0],
    ['three bytes', good.subarray(0, 3), 0],
    ['only a dimension', good.subarray(0, 4), 0],
    ['cut within a number', good.subarray(0, 22), 12],
    ['cut between numbers', good.subarray(0, 20), 12],
    ['one byte too many', Buffer.concat([good, Buffer.alloc(1)]), 24],
    ['dimension zero', Buffer.alloc(8), 0],
    ['negative dimension', vecs([[1]]).fill(255, 0, 4), 0],
    ['huge dimension', Buffer.from('text, not vectors'), 0],
    ['rows of different lengths', Buffer.concat([vecs([[1, 2]]), vecs([[1]]), vecs([[1, 2, 3]])]), 12],
    ['NaN', vecs([[1, 2], [3, NaN]]), 20],
    ['infinity', vecs([[Infinity, 2]]), 4],
  ])('refuses a bad file: %s', async (_, bytes, offset) => {
    const file = write('bad.fvecs', bytes);
    const error = await readFvecs(file).catch((reason) => reason);
    expect(error).toBeInstanceOf(VecsError);
    expect(error).toMatchObject({ code: 'ERR_VECS', path: file, offset });
    expect(error.message).toContain(file);
  });

  test('a file that is not there is the error of the file system', async () => {
    await expect(readFvecs(path.join(folder, 'none.fvecs'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('table', () => {
  test('aligns numbers to the right and text to the left', () => {
    const table = formatTable(['name', 'score'], [['a', '0.5'], ['longer', 12]], { width: 40 });
    expect(table.split('\n')).toEqual(['name    score', 'a         0.5', 'longer     12']);
  });

  test('cuts long lines, and lets no line break or control code through', () => {
    const [, line] = formatTable(['text'], [['one\ntwo\u001b[31m three']], { width: 10 }).split('\n');
    expect(line).toBe('one two […');
  });

  test('shortens by characters, not by halves of them', () => {
    expect([shorten('😀😀😀', 3), shorten('😀😀😀', 2)]).toEqual(['😀😀😀', '😀…']);
  });

  test('without rows there are headers', () => {
    expect(formatTable(['a', 'b'], [])).toBe('a  b');
  });
});

describe('timing', () => {
  const block = (ms) => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };

  test('a step that blocks the event loop is seen, first or last', async () => {
    const { delay, ms, result } = await watchLoop(() => {
      block(40);
      return 'done';
    });
    expect(result).toBe('done');
    expect(ms).toBeGreaterThanOrEqual(40);
    expect(delay.maxMs).toBeGreaterThan(30);
  });

  test('the median of numbers, not of strings', () => {
    expect(median([10, 9, 100])).toBe(10);
  });
});

describe('random', () => {
  test('the same seed gives the same numbers, another seed others', () => {
    const draw = (seed) => Array.from({ length: 5 }, createRandom(seed));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(2)).not.toEqual(draw(1));
  });

  test('gaussian numbers have mean 0 and variance 1', () => {
    const random = createRandom(7);
    const numbers = Array.from({ length: 20_000 }, () => gaussian(random));
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    const variance = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0) / numbers.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });
});
