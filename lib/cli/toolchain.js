'use strict';

// What must be on a machine to compile: which of it is there, and the one command that installs the rest.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const CMAKE_MIN = [3, 22];

// By package manager: how to install, and what the pieces are called there. A library counts as it is linked, statically: where
// there is no name, there is no package with such a one.
const INSTALLERS = {
  'apt-get': {
    install: 'apt-get install -y',
    compiler: 'g++',
    cmake: 'cmake',
    ninja: 'ninja-build',
    json: 'nlohmann-json3-dev',
    stemmer: 'libstemmer-dev',
    utf8proc: 'libutf8proc-dev',
  },
  apk: { install: 'apk add', compiler: 'g++', cmake: 'cmake', ninja: 'ninja', json: 'nlohmann-json' },
  dnf: { install: 'dnf install -y', compiler: 'gcc-c++', cmake: 'cmake', ninja: 'ninja-build', json: 'json-devel' },
  pacman: { install: 'pacman -S --needed', compiler: 'gcc', cmake: 'cmake', ninja: 'ninja', json: 'nlohmann-json' },
  zypper: { install: 'zypper install -y', compiler: 'gcc-c++', cmake: 'cmake', ninja: 'ninja', json: 'nlohmann_json-devel' },
  brew: { install: 'brew install', compiler: 'gcc', cmake: 'cmake', ninja: 'ninja', json: 'nlohmann-json' },
};

/** The path of an executable, or undefined. */
function which(name) {
  if (name.includes(path.sep)) return isExecutable(name) ? name : undefined;
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Looks around: { cmake, generator, missing: ['compiler', 'json', ...] }, by the names of INSTALLERS. */
function findToolchain() {
  const compiler = [process.env.CXX, 'c++', 'g++', 'clang++'].filter(Boolean).map(which).find(Boolean);
  const cmake = which('cmake');
  const generator = which('ninja') ? 'Ninja' : which('make') && 'Unix Makefiles';
  const present = {
    compiler,
    cmake,
    ninja: generator,
    json: compiler && hasHeader(compiler, 'nlohmann/json.hpp'),
    stemmer: compiler && hasHeader(compiler, 'libstemmer.h') && hasArchive(compiler, 'libstemmer.a'),
    utf8proc: compiler && hasHeader(compiler, 'utf8proc.h') && hasArchive(compiler, 'libutf8proc.a'),
  };
  return { cmake, generator, missing: Object.keys(present).filter((piece) => !present[piece]) };
}

// Asks the compiler, not the package manager: a header may have come from anywhere.
function hasHeader(compiler, header) {
  const input = `#include <${header}>\n`;
  return spawnSync(compiler, ['-std=c++20', '-fsyntax-only', '-x', 'c++', '-'], { input, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
}

// A compiler that does not know the file gives back the bare name.
function hasArchive(compiler, name) {
  const said = spawnSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout ?? '';
  return said.trim() !== name;
}

/** The version of CMake if it is too old, else undefined. */
function outdatedCmake(cmake) {
  const said = spawnSync(cmake, ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(said) ?? [undefined, 0, 0];
  const [wantedMajor, wantedMinor] = CMAKE_MIN;
  const enough = Number(major) > wantedMajor || (Number(major) === wantedMajor && Number(minor) >= wantedMinor);
  return enough ? undefined : `${major}.${minor}`;
}

/** The one command that installs what is missing here, as far as there are packages; undefined where there is none. */
function installCommand(missing) {
  if (process.platform === 'darwin' && missing.includes('compiler')) return 'xcode-select --install';
  const [name, installer] = Object.entries(INSTALLERS).find(([manager]) => which(manager)) ?? [];
  const packages = missing.map((piece) => installer?.[piece]).filter(Boolean);
  if (packages.length === 0) return undefined;
  const sudo = name === 'brew' || process.getuid?.() === 0 ? '' : 'sudo ';
  return `${sudo}${installer.install} ${packages.join(' ')}`;
}

module.exports = { CMAKE_MIN, which, findToolchain, outdatedCmake, installCommand };
