'use strict';

// agentmemdb build: the addon, compiled from the sources in the package, for this platform.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline/promises');
const { ROOT, ADDON, platformName, shippedAddon } = require('../platform');
const { PACKAGES, specOf, findPackage, fetchPackages } = require('./build-packages');
const { CliError } = require('./cli-error');
const { CMAKE_MIN, findToolchain, outdatedCmake, installCommand } = require('./toolchain');

const LOG_LINES_SHOWN = 30;

const options = {
  yes: { type: 'boolean', short: 'y' },
  verbose: { type: 'boolean' },
};

const help = `Usage: agentmemdb build [options]

Compiles the addon from the sources in the package and puts it where the package looks for it. It needs a C++20 compiler, CMake
${CMAKE_MIN.join('.')} or later, Ninja or make, nlohmann_json, and static libraries of Snowball and utf8proc; if something is missing, it says which command
installs it, and with --yes it downloads the last three (1 MB). The other sources come from npm packages in exact versions, with checksums:
${PACKAGES.map(specOf).join(', ')}.
Those that are not installed are downloaded with npm (4 MB), once you agree; their scripts do not run.

Options:
  -y, --yes    downloads without asking
  --verbose    shows what CMake and the compiler say
  -h, --help   shows this`;

async function run({ yes = false, verbose = false }, say) {
  if (process.platform === 'win32') throw failed('Windows is not supported; WSL 2 is');
  checkWritable();
  const toolchain = checkToolchain(yes);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'agentmemdb-build-'));
  // Ctrl+C ends the compiler, and then us, after cleaning up.
  const onInterrupt = () => {};
  process.on('SIGINT', onInterrupt);
  try {
    const folders = await getPackages(yes, work, say);
    say(`Compiling for ${platformName()}; this takes a minute or two.`);
    const addon = compile({ toolchain, folders, work, fetch: yes, verbose });
    const place = install(addon);
    tryOut();
    say(`Done: ${place}`);
  } finally {
    process.off('SIGINT', onInterrupt);
    fs.rmSync(work, { recursive: true, force: true });
  }
}

const failed = (message) => new CliError(`agentmemdb build: ${message}`);

// Before a minute of compiling, not after it.
function checkWritable() {
  try {
    fs.accessSync(ROOT, fs.constants.W_OK);
  } catch (error) {
    throw failed(`the package cannot be written to (${error.code}): ${ROOT}`);
  }
}

const PIECES = {
  compiler: 'a C++ compiler',
  cmake: 'CMake',
  ninja: 'Ninja or make',
  json: 'nlohmann_json',
  stemmer: 'libstemmer',
  utf8proc: 'libutf8proc',
};
// What CMake can download, with checksums, once the user has agreed.
const DOWNLOADABLE = ['json', 'stemmer', 'utf8proc'];

const namesOf = (pieces) => pieces.map((piece) => PIECES[piece]).join(', ');

function checkToolchain(yes) {
  const toolchain = findToolchain();
  const missing = toolchain.missing.filter((piece) => !(yes && DOWNLOADABLE.includes(piece)));
  if (missing.length > 0) throw failed(`not found here: ${namesOf(missing)}. ${whatHelps(missing)}`);
  const outdated = outdatedCmake(toolchain.cmake);
  if (outdated === undefined) return toolchain;
  throw failed(`CMake ${CMAKE_MIN.join('.')} or later is needed, and this is ${outdated}. To install a newer one: pip install cmake`);
}

function whatHelps(missing) {
  const command = installCommand(missing);
  const downloads = missing.filter((piece) => DOWNLOADABLE.includes(piece));
  const install = command === undefined ? 'Please install it' : `To install it: ${command}`;
  return downloads.length === 0 ? install : `${install}\nTo download ${namesOf(downloads)} instead: npx agentmemdb build --yes`;
}

/** Folders of all packages, by name. */
async function getPackages(yes, work, say) {
  const found = Object.fromEntries(PACKAGES.map((each) => [each.name, findPackage(each)]));
  const missing = PACKAGES.filter((each) => found[each.name] === undefined);
  if (missing.length === 0) return found;
  const list = missing.map(specOf).join(', ');
  if (!yes && !(await agrees(`Sources of these npm packages are needed and not installed: ${list}.`))) {
    throw failed(`sources of these npm packages are needed and not installed: ${list}. To download them and build: npx agentmemdb build --yes`);
  }
  say(`Downloading ${list}.`);
  return { ...found, ...fetchPackages(missing, work) };
}

async function agrees(question) {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const terminal = readline.createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(`${question}\nDownload them with npm? (y) `);
    return ['', 'y', 'yes'].includes(answer.trim().toLowerCase());
  } finally {
    terminal.close();
  }
}

/** Runs CMake in `work`. Returns the file it made. */
function compile({ toolchain: { cmake, generator }, folders, work, fetch, verbose }) {
  const tree = path.join(work, 'tree');
  const settings = {
    CMAKE_LIBRARY_OUTPUT_DIRECTORY: work,
    CMAKE_JS_INC: [path.join(folders['node-api-headers'], 'include'), folders['node-addon-api']].join(';'),
    HNSWLIB_INCLUDE_DIR: path.join(folders['hnswlib-node'], 'src'),
    AGENTMEMDB_SQLITE_DIR: path.join(folders['better-sqlite3'], 'deps', 'sqlite3'),
    AGENTMEMDB_RE2_DIR: path.join(folders.re2, 'vendor'),
    AGENTMEMDB_FETCH: fetch ? 'ON' : 'OFF',
    // A newer compiler warns of more than ours did.
    AGENTMEMDB_WERROR: 'OFF',
  };
  const defines = Object.entries(settings).map(([key, value]) => `-D${key}=${value}`);
  const log = path.join(work, 'log.txt');
  runLogged(cmake, ['-S', ROOT, '-B', tree, '-G', generator, '--no-warn-unused-cli', ...defines], { log, verbose });
  runLogged(cmake, ['--build', tree, '--target', 'agentmemdb', '--parallel', String(os.availableParallelism())], { log, verbose });
  return path.join(work, ADDON);
}

function runLogged(command, args, { log, verbose }) {
  const output = fs.openSync(log, 'w');
  const { status, signal, error } = spawnSync(command, args, { stdio: verbose ? 'inherit' : ['ignore', output, output] });
  fs.closeSync(output);
  if (status === 0) return;
  const why = error?.message ?? (signal === null ? 'CMake failed' : `ended by ${signal}`);
  if (verbose || signal !== null) throw failed(why);
  const lines = fs.readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN);
  throw failed(`${why}:\n\n${lines.join('\n')}\n\nFor all of it: npx agentmemdb build --verbose`);
}

/** Puts the addon where the package looks for it. */
function install(addon) {
  const place = shippedAddon();
  fs.mkdirSync(path.dirname(place), { recursive: true });
  // Never into a file that is there: a process that has loaded it would crash.
  const fresh = `${place}.${process.pid}`;
  fs.copyFileSync(addon, fresh);
  fs.renameSync(fresh, place);
  return place;
}

// In a process of its own, as a user loads it.
function tryOut() {
  const { status, stderr } = spawnSync(process.execPath, ['--require', ROOT, '--eval', '0'], { encoding: 'utf8' });
  if (status !== 0) throw failed(`it was compiled, and cannot be loaded:\n${stderr}`);
}

module.exports = { options, help, run };
