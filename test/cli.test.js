'use strict';

// The command line of the package, and what the loader says where there is no addon. The compiling itself, which takes a minute:
// scripts/check-build.sh.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { PACKAGES } = require('../lib/cli/build-packages');
const { platformName } = require('../lib/platform');
const { devDependencies, version } = require('../package.json');
const lock = require('../package-lock.json');
const { useDatabases } = require('./support/database');

const ROOT = path.join(__dirname, '..');
const IS_ROOT = process.getuid?.() === 0;
const databases = useDatabases();

/** A folder with the package as it is installed, but without an addon. */
function installWithoutAddon() {
  const installed = path.join(databases.folder(), 'node_modules', 'agentmemdb');
  for (const name of ['lib', 'package.json', 'CMakeLists.txt', 'cmake', 'src']) {
    fs.cpSync(path.join(ROOT, name), path.join(installed, name), { recursive: true });
  }
  return installed;
}

/** Resolves to { code, stdout, stderr }. */
function run(file, args = [], options = {}) {
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], options, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }));
  });
}

const cli = (args, options) => run(path.join(ROOT, 'lib', 'cli', 'main.js'), args, options);

/** A PATH on which there is nothing but these scripts for the shell, by name. */
function pathWith(scripts) {
  const folder = databases.folder();
  for (const [name, body] of Object.entries(scripts)) fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return folder;
}

/** `agentmemdb build` of a package without an addon, with nothing but these programs within reach. */
async function build(scripts, args = []) {
  const temp = databases.folder();
  const installed = installWithoutAddon();
  const env = { PATH: pathWith(scripts), TMPDIR: temp };
  const result = await run(path.join(installed, 'lib', 'cli', 'main.js'), ['build', ...args], { cwd: path.dirname(installed), env });
  expect(fs.readdirSync(temp)).toEqual([]);
  return result;
}

// Programs that pretend to be there; none of them does anything.
const CMAKE = { cmake: 'echo "cmake version 3.25.1"' };
const TOOLS = { ...CMAKE, 'c++': 'exit 0', ninja: 'exit 0' };

describe('the command line', () => {
  test.each([
    [['--help'], 0],
    [['-h'], 0],
    [['help'], 0],
    [[], 2],
  ])('%j shows what there is', async (args, code) => {
    const { stdout, stderr, ...result } = await cli(args);
    expect(result.code).toBe(code);
    const [shown, other] = code === 0 ? [stdout, stderr] : [stderr, stdout];
    expect(shown).toMatch(/^Usage: agentmemdb <command>.*^ +build .*Exit codes/ms);
    expect(other).toBe('');
  });

  test.each([[['--version']], [['-v']]])('%j shows the version', async (args) => {
    expect(await cli(args)).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('a command tells what it does', async () => {
    expect(await cli(['build', '--help'])).toEqual({ code: 0, stdout: expect.stringMatching(/^Usage: agentmemdb build .*--yes/s), stderr: '' });
  });

  test.each([
    [['biuld'], "no command 'biuld'"],
    [['--all'], "no option '--all'"],
    [['build', '--fast'], '--fast'],
    [['build', 'now'], 'now'],
    [['build', '--yes=no'], '--yes'],
  ])('%j is refused by name, and says where to look', async (args, said) => {
    const result = await cli(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(said);
    expect(result.stderr).toMatch(/To see what there is: npx agentmemdb .*--help\n$/);
  });
});

describe('without an addon', () => {
  const load = (installed) => run('-e', [
    `try { require(${JSON.stringify(installed)}); } catch (e) { console.log(JSON.stringify([e.name, e.code, e.message, e.path, e.cause?.code])); }`,
  ]);

  test('the loader names the platform, and the one command that helps', async () => {
    const installed = installWithoutAddon();
    const [name, code, message] = JSON.parse((await load(installed)).stdout);
    expect([name, code]).toEqual(['AgentMemError', 'ERR_UNSUPPORTED']);
    expect(message).toContain(`(${process.platform} ${process.arch}`);
    if (process.platform === 'linux') expect(message).toMatch(/, (glibc|musl), Node-API \d+\)/);
    expect(message).toMatch(/npx agentmemdb build$/);
    const help = await run(path.join(installed, 'lib', 'cli', 'main.js'), ['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
  });

  test('one that cannot be loaded is named, with the reason', async () => {
    const installed = installWithoutAddon();
    const addon = path.join(installed, 'prebuilds', platformName(), 'agentmemdb.node');
    fs.mkdirSync(path.dirname(addon), { recursive: true });
    fs.writeFileSync(addon, 'not an addon');
    const [name, code, message, file, cause] = JSON.parse((await load(installed)).stdout);
    expect([name, code, file, cause]).toEqual(['AgentMemError', 'ERR_UNSUPPORTED', fs.realpathSync(addon), 'ERR_DLOPEN_FAILED']);
    expect(message).toMatch(/cannot be loaded.*: .*npx agentmemdb build$/s);
  });
});

describe('build', () => {
  test('compiles with what the project itself is built with', () => {
    for (const { name, version: wanted, integrity } of PACKAGES) {
      expect({ name, version: devDependencies[name] }).toEqual({ name, version: wanted });
      expect({ name, ...lock.packages[`node_modules/${name}`] }).toMatchObject({ name, version: wanted, integrity });
    }
  });

  const sudo = IS_ROOT ? '' : 'sudo ';
  test.each([
    ['apt-get', `${sudo}apt-get install -y g++ cmake ninja-build nlohmann-json3-dev libstemmer-dev libutf8proc-dev`],
    ['apk', `${sudo}apk add g++ cmake ninja nlohmann-json`],
    ['dnf', `${sudo}dnf install -y gcc-c++ cmake ninja-build json-devel`],
    ['pacman', `${sudo}pacman -S --needed gcc cmake ninja nlohmann-json`],
    ['zypper', `${sudo}zypper install -y gcc-c++ cmake ninja nlohmann_json-devel`],
  ])('names the one command of %s that installs what is missing', async (manager, command) => {
    const { code, stderr } = await build({ [manager]: 'exit 1' });
    expect(code).toBe(1);
    expect(stderr).toContain('not found here: a C++ compiler, CMake, Ninja or make, nlohmann_json, libstemmer, libutf8proc.');
    expect(stderr).toContain(`To install it: ${command}\n`);
    expect(stderr).toMatch(/To download nlohmann_json, libstemmer, libutf8proc instead: npx agentmemdb build --yes\n$/);
  });

  test('names what is missing where it knows no package manager', async () => {
    const { code, stderr } = await build({ 'c++': 'exit 0', ninja: 'exit 0' });
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'agentmemdb build: not found here: CMake. Please install it\n' });
  });

  test.each([
    ['headers', 'case "$1" in -print*) echo "/lib/found.a";; *) exit 1;; esac', 'nlohmann_json, libstemmer, libutf8proc'],
    ['static libraries', 'case "$1" in -print*) IFS="="; set -- $1; echo "$2";; esac', 'libstemmer, libutf8proc'],
  ])('names the libraries of which there are no %s, and what there is to do', async (_, compiler, missing) => {
    const tools = { ...TOOLS, 'c++': compiler };
    const { code, stderr } = await build(tools);
    const [first, second, third] = stderr.split('\n');
    expect({ code, first }).toEqual({ code: 1, first: `agentmemdb build: not found here: ${missing}. Please install it` });
    expect([second, third]).toEqual([`To download ${missing} instead: npx agentmemdb build --yes`, '']);
    expect((await build(tools, ['--yes'])).stderr).toMatch(/there is no npm/);
  });

  test('refuses a CMake that is too old', async () => {
    const { code, stderr } = await build({ ...TOOLS, cmake: 'echo "cmake version 3.18.4"' });
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/CMake 3\.22 or later is needed, and this is 3\.18/) });
  });

  test('downloads nothing unless told to', async () => {
    const { code, stdout, stderr } = await build({ ...TOOLS, npm: 'echo "npm was called"; exit 1' });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    for (const { name, version: wanted } of PACKAGES) expect(stderr).toContain(`${name}@${wanted}`);
    expect(stderr).toMatch(/To download them and build: npx agentmemdb build --yes\n$/);
  });

  test('says what npm said when it cannot download', async () => {
    const { code, stderr } = await build({ ...TOOLS, npm: 'echo "npm error no route" >&2; exit 1' }, ['--yes']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/npm could not fetch hnswlib-node@3\.0\.0 .*npm error no route/s);
  });

  test('names the packages where there is no npm', async () => {
    const { code, stderr } = await build(TOOLS, ['--yes']);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/there is no npm.*hnswlib-node@3\.0\.0 better-sqlite3@/s) });
  });

  test('refuses a package that is not the one it was tested with', async () => {
    const npm = 'echo other > hnswlib-node-3.0.0.tgz';
    const { code, stderr } = await build({ ...TOOLS, npm }, ['--yes']);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/something else as hnswlib-node@3\.0\.0: sha512-/) });
  });

  test('shows the end of what CMake said, and leaves nothing behind', async () => {
    const installed = installWithoutAddon();
    const modules = path.dirname(installed);
    for (const { name } of PACKAGES) fs.symlinkSync(path.join(ROOT, 'node_modules', name), path.join(modules, name));
    const temp = databases.folder();
    const cmake = '[ "$1" = --version ] && echo "cmake version 3.25.1" && exit 0\necho "arguments: $*"\necho "no such compiler" >&2\nexit 1';
    const env = { PATH: pathWith({ ...TOOLS, cmake }), TMPDIR: temp };
    const { code, stderr } = await run(path.join(installed, 'lib', 'cli', 'main.js'), ['build'], { cwd: modules, env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/CMake failed:.*arguments: .*-G Ninja.*no such compiler.*npx agentmemdb build --verbose\n$/s);
    expect(stderr).toContain(`-DAGENTMEMDB_SQLITE_DIR=${path.join(modules, 'better-sqlite3', 'deps', 'sqlite3')}`);
    expect(fs.readdirSync(temp)).toEqual([]);
    expect(fs.existsSync(path.join(installed, 'prebuilds'))).toBe(false);
  });
});
