'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');

const root = path.join(__dirname, '..');
const addonFile = path.join(root, 'build', 'addon', 'Release', 'agentmemdb.node');

/** Paths of all files below a folder, relative to the root, with forward slashes. */
function filesBelow(folder) {
  const start = path.join(root, folder);
  if (!fs.existsSync(start)) return [];
  const entries = fs.readdirSync(start, { withFileTypes: true });
  return entries.flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.name === 'node_modules') return []; // a folder, or a link to one
    return entry.isDirectory() ? filesBelow(file) : [file];
  });
}

function read(file) {
  return fs.readFileSync(path.join(root, file), 'utf8');
}

const isCpp = (file) => /\.(h|cc)$/.test(file);
const isCode = (file) => /\.(h|cc|[cm]?js|d\.m?ts)$/.test(file);
const cppFiles = filesBelow('src').filter(isCpp);

/** Every line of the C++ sources that breaks a rule, as `file:line text`. */
function offendingLines(files, breaks) {
  return files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, i) => (breaks(line, file) ? [`${file}:${i + 1} ${line.trim()}`] : [])),
  );
}

function included(line) {
  const match = /^\s*#\s*include\s*(["<])([^">]+)[">]/.exec(line);
  return match && { quoted: match[1] === '"', name: match[2] };
}

describe('the house', () => {
  const floors = { base: 0, vector: 1, text: 1, meta: 1, graph: 1, storage: 1, engine: 2, memory: 3, binding: 4 };
  const roomOf = (file) => file.split('/')[1];

  test('every source file stands in a room of the house', () => {
    expect(cppFiles.length).toBeGreaterThan(0);
    expect(cppFiles.filter((file) => file.split('/').length !== 3 || !(roomOf(file) in floors))).toEqual([]);
  });

  test('our own headers are included as "room/file.h", and nothing else is included in quotes', () => {
    const wrong = offendingLines(cppFiles, (line) => {
      const header = included(line);
      if (!header) return false;
      return header.quoted ? !fs.existsSync(path.join(root, 'src', header.name)) : /^(\w+)\//.exec(header.name)?.[1] in floors;
    });
    expect(wrong).toEqual([]);
  });

  test('includes point down: a room includes itself and lower floors, and siblings never meet', () => {
    const wrong = offendingLines(cppFiles, (line, file) => {
      const header = included(line);
      if (!header?.quoted) return false;
      const from = roomOf(file);
      const to = header.name.split('/')[0];
      return from !== to && !(floors[to] < floors[from]);
    });
    expect(wrong).toEqual([]);
  });
});

describe('one door each', () => {
  const includesOutside = (header, isDoor) =>
    offendingLines(cppFiles, (line, file) => header.test(included(line)?.name ?? '') && !isDoor(file));

  test('only src/storage includes SQLite', () => {
    expect(includesOutside(/^sqlite3/, (file) => file.startsWith('src/storage/'))).toEqual([]);
  });

  test('only src/vector/hnsw* includes hnswlib', () => {
    expect(includesOutside(/^hnswlib\b/, (file) => file.startsWith('src/vector/hnsw'))).toEqual([]);
  });

  test('only base/prefetch.h prefetches: elsewhere the compiler may drop it', () => {
    expect(offendingLines(cppFiles, (line, file) => line.includes('__builtin_prefetch') && file !== 'src/base/prefetch.h')).toEqual([]);
  });

  test('only src/meta/pattern.cc includes RE2', () => {
    expect(includesOutside(/^re2\b/, (file) => file === 'src/meta/pattern.cc')).toEqual([]);
  });

  test('only src/text/stemmer includes Snowball, and only src/text/unicode utf8proc', () => {
    expect(includesOutside(/^libstemmer\b/, (file) => file === 'src/text/stemmer.cc')).toEqual([]);
    expect(includesOutside(/^utf8proc\b/, (file) => file === 'src/text/unicode.cc')).toEqual([]);
  });

  test('only src/binding includes Node-API', () => {
    const header = /^(napi|napi-inl|node_api|js_native_api|uv|node|v8)\.h$/;
    expect(includesOutside(header, (file) => file.startsWith('src/binding/'))).toEqual([]);
  });

  test('only src/base includes headers of the operating system', () => {
    const header = /^(sys\/.*|linux\/.*|unistd\.h|fcntl\.h|dirent\.h|dlfcn\.h|pthread\.h|sched\.h|io\.h|windows\.h)$/i;
    expect(includesOutside(header, (file) => file.startsWith('src/base/'))).toEqual([]);
  });

  test('only src/base/clock asks for the time', () => {
    const isDoor = (file) => /^src\/base\/clock\b/.test(file);
    const call = /\b(clock_gettime|gettimeofday|timespec_get|GetSystemTime\w*|std::time|std::clock)\s*\(|\btime\s*\((NULL|nullptr|0)\)/;
    expect(includesOutside(/^(chrono|ctime|time\.h)$/, isDoor)).toEqual([]);
    expect(offendingLines(cppFiles, (line, file) => call.test(line) && !isDoor(file))).toEqual([]);
  });

  test('only lib/native.js loads the addon, and only lib/platform.js knows its name', () => {
    const files = filesBelow('lib').filter((file) => file !== 'lib/platform.js');
    expect(offendingLines(files, (line) => /\.node['"`]|\bdlopen\b/.test(line))).toEqual([]);
    const requires = /\brequire\((?!['"])/;
    expect(offendingLines(files, (line, file) => requires.test(line) && file !== 'lib/native.js')).toEqual([]);
  });
});

describe('small and finished', () => {
  test('no file of src, lib, cpp_tests and test is longer than 400 lines', () => {
    const files = ['src', 'lib', 'cpp_tests', 'test'].flatMap(filesBelow).filter(isCode);
    const lengths = files.map((file) => ({ file, lines: read(file).replace(/\n$/, '').split('\n').length }));
    expect(lengths.filter(({ lines }) => lines > 400)).toEqual([]);
  });

  test('nothing is left to be done later', () => {
    const folders = ['src', 'lib', 'cpp_tests', 'test', 'cmake', 'scripts', 'examples', 'bench', 'docs'];
    const files = [...folders.flatMap(filesBelow), 'CMakeLists.txt', 'README.md', 'index.d.ts'];
    const present = files.filter((file) => fs.existsSync(path.join(root, file)));
    // Put together here, or this file would break its own rule.
    const mark = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`);
    expect(offendingLines(present, (line) => mark.test(line))).toEqual([]);
  });
});

test('decisions are numbered one after the other, by name and by title', () => {
  const decisions = filesBelow('docs/decisions').sort();
  const numbers = decisions.map((file) => [Number(path.basename(file).slice(0, 4)), Number(/^# (\d+)\. /.exec(read(file))?.[1])]);
  expect(numbers).toEqual(decisions.map((_, i) => [i + 1, i + 1]));
});

describe('the built addon', () => {
  const onElf = process.platform === 'linux' ? test : test.skip;

  onElf('shows the two Node-API entry points and no other symbol', () => {
    if (!fs.existsSync(addonFile)) throw new Error('The addon is not built. To build it: npm run build');
    const listing = execFileSync('nm', ['-D', '--defined-only', addonFile], { encoding: 'utf8' });
    const symbols = listing.trim().split('\n').map((line) => line.trim().split(/\s+/).at(-1));
    expect(symbols).toContain('napi_register_module_v1');
    expect(symbols.filter((symbol) => !/^(napi|node_api)_/.test(symbol))).toEqual([]);
  });
});

/** What the package really offers, seen from a plain process: Jest's own realm has other symbols and errors. */
function offeredByPackage() {
  const program = `
    const library = require('./lib/index.js');
    const { errorCodes } = require('./lib/native.js');
    const wellKnown = new Map(Object.getOwnPropertyNames(Symbol).map((name) => [Symbol[name], '[Symbol.' + name + ']']));
    const members = (type) => Reflect.ownKeys(type.prototype)
      .filter((key) => key !== 'constructor')
      .map((key) => (typeof key === 'string' ? key : wellKnown.get(key)))
      .filter((name) => name !== undefined);
    console.log(JSON.stringify({
      exports: Object.keys(library),
      Database: members(library.Database),
      Collection: members(library.Collection),
      errorCodes: errorCodes.map(({ code }) => code),
    }));`;
  return JSON.parse(execFileSync(process.execPath, ['-e', program], { cwd: root, encoding: 'utf8' }));
}

/** What index.d.ts promises: values exported, public members of each class, error codes. */
function promisedByTypings() {
  const source = ts.createSourceFile('index.d.ts', read('index.d.ts'), ts.ScriptTarget.Latest, true);
  const promised = { exports: [], classes: {}, errorCodes: [] };
  for (const node of source.statements) {
    const isExported = ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword);
    if (isExported && (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node))) promised.exports.push(node.name.text);
    if (ts.isClassDeclaration(node)) {
      const names = node.members
        .filter((member) => !ts.isConstructorDeclaration(member))
        .filter((member) => !(ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Static)))
        .map((member) => member.name.getText(source));
      promised.classes[node.name.text] = [...new Set(names)];
    }
    if (ts.isTypeAliasDeclaration(node) && node.name.text === 'ErrorCode') {
      promised.errorCodes = node.type.types.map((type) => type.literal.text);
    }
  }
  return promised;
}

/** Names a page gives in its headings, and names it gives anywhere: in headings or between backticks. */
function namedInPage(page) {
  const name = /^(?:await\s+)?(?:[A-Za-z_$][\w$]*\.)?(\[Symbol\.\w+\]|[A-Za-z_$][\w$]*)(?=\(|$)/;
  const nameOf = (text) => name.exec(text.trim())?.[1];
  const headings = [...page.matchAll(/^#{2,6}\s+(.+)$/gm)].map((match) => match[1]);
  const spansOf = (text) => [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]);
  const inHeadings = headings.flatMap((heading) => spansOf(heading).map(nameOf).filter(Boolean));
  return { inHeadings, anywhere: new Set([...headings.map(nameOf), ...spansOf(page).map(nameOf)]) };
}

describe('one contract in four places', () => {
  const promised = promisedByTypings();
  let offered;
  beforeAll(() => {
    offered = offeredByPackage();
  });

  test('index.d.ts and lib/ export the same names', () => {
    expect([...offered.exports].sort()).toEqual([...new Set(promised.exports)].sort());
  });

  test.each(['Database', 'Collection'])('index.d.ts and lib/ give %s the same public members', (type) => {
    expect([...offered[type]].sort()).toEqual([...promised.classes[type]].sort());
  });

  test.each(['Database', 'Collection'])('docs/api names every public member of %s, and no other', (type) => {
    const { inHeadings, anywhere } = namedInPage(read(`docs/api/${type.toLowerCase()}.md`));
    const members = promised.classes[type];
    expect(members.filter((member) => !anywhere.has(member))).toEqual([]);
    expect(inHeadings.filter((name) => ![...members, ...promised.exports].includes(name))).toEqual([]);
  });

  test('index.d.ts, docs/errors.md and the table in C++ have the same error codes', () => {
    const documented = [...new Set(read('docs/errors.md').match(/\bERR_[A-Z_]+\b/g))].sort();
    expect([...offered.errorCodes].sort()).toEqual([...promised.errorCodes].sort());
    expect(documented).toEqual([...promised.errorCodes].sort());
  });
});
