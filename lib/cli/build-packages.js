'use strict';

// The npm packages whose headers and sources are compiled in. They are installed already, or fetched with the user's npm: that
// honours registry, proxy and certificates, and the checksum says that it brought what we tested with. Their scripts never run.

const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT } = require('../platform');
const { CliError } = require('./cli-error');
const { which } = require('./toolchain');

const PACKAGES = [
  {
    name: 'hnswlib-node',
    version: '3.0.0',
    integrity: 'sha512-fypn21qvVORassppC8/qNfZ5KAOspZpm/IbUkAtlqvbtDNnF5VVk5RWF7O5V6qwr7z+T3s1ePej6wQt5wRQ4Cg==',
  },
  {
    name: 'better-sqlite3',
    version: '12.11.1',
    integrity: 'sha512-dq9AtApgg5PGFtBzPFSBl3HZQjHok5gaQCM6zh2Yk0aSmDCs1CbnVI8/HgASQkNKsWFpseIO9beg5xxpYhbIfA==',
  },
  {
    name: 'node-addon-api',
    version: '8.9.2',
    integrity: 'sha512-VijLXbi3UACN69I0JVXJsX4tjACjNoQDgv2gTF6sx2wWEi8tkSg2eX8p5gSIFi8z2+DL3oHmY6OyKce38SDolg==',
  },
  {
    name: 'node-api-headers',
    version: '1.9.0',
    integrity: 'sha512-2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==',
  },
  {
    name: 're2',
    version: '1.18.0',
    integrity: 'sha512-MoCYZlJ9YUgksND9asyNF2/x532daXU/ARp1UeJbQ5flMY6ryKNEhrWt85aw3YluzOJlC3vXpGgK2a1jb0b4GA==',
  },
];

const specOf = ({ name, version }) => `${name}@${version}`;

/** Every folder above one, itself included. */
function foldersAbove(folder) {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...foldersAbove(parent)];
}

/** Where a package is installed in exactly the version that we build with, or undefined. */
function findPackage({ name, version }) {
  const places = [ROOT, process.cwd()].flatMap(foldersAbove).map((folder) => path.join(folder, 'node_modules', name));
  return places.find((place) => {
    const manifest = path.join(place, 'package.json');
    return fs.existsSync(manifest) && JSON.parse(fs.readFileSync(manifest, 'utf8')).version === version;
  });
}

/** Downloads packages into `folder`, unpacked. Returns their folders by name. */
function fetchPackages(packages, folder) {
  const npm = npmCommand();
  const specs = packages.map(specOf);
  try {
    const args = ['pack', ...specs, '--pack-destination', folder, '--ignore-scripts', '--loglevel=error'];
    execFileSync(npm[0], [...npm.slice(1), ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    throw new CliError(`agentmemdb build: npm could not fetch ${specs.join(' ')}:\n${error.stderr ?? error.message}`);
  }
  return Object.fromEntries(packages.map((each) => [each.name, unpack(each, folder)]));
}

// npx says which npm it is; another package manager's npx does not.
function npmCommand() {
  const running = process.env.npm_execpath;
  if (running !== undefined && path.basename(running) === 'npm-cli.js') return [process.execPath, running];
  const npm = which('npm');
  if (npm !== undefined) return [npm];
  const specs = PACKAGES.map(specOf).join(' ');
  throw new CliError(`agentmemdb build: there is no npm to fetch packages with. Install these with what you have, without their scripts, \
and run this again: ${specs}`);
}

function unpack({ name, version, integrity }, folder) {
  const tarball = path.join(folder, `${name}-${version}.tgz`);
  const found = `sha512-${crypto.createHash('sha512').update(fs.readFileSync(tarball)).digest('base64')}`;
  if (found !== integrity) {
    throw new CliError(`agentmemdb build: the registry sent something else as ${name}@${version}: ${found} instead of ${integrity}`);
  }
  const target = path.join(folder, name);
  fs.mkdirSync(target);
  execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
  return target;
}

module.exports = { PACKAGES, specOf, findPackage, fetchPackages };
