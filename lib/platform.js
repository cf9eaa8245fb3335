'use strict';

// What this process runs on, as far as a compiled addon cares, and where the addon lies.

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const ADDON = 'agentmemdb.node';

/** 'glibc' or 'musl' on Linux, '' elsewhere. */
function libcName() {
  if (process.platform !== 'linux') return '';
  try {
    return fs.readFileSync('/usr/bin/ldd', 'latin1').includes('musl') ? 'musl' : 'glibc';
  } catch {
    // No such script, as in an image without a shell. Asking the runtime takes 15 times as long.
    const header = process.report?.getReport().header;
    return header !== undefined && !header.glibcVersionRuntime ? 'musl' : 'glibc';
  }
}

/** The folder in prebuilds/ with the addon for this platform: 'linux-x64', 'linux-arm64-musl', 'darwin-arm64'. */
function platformName() {
  return `${process.platform}-${process.arch}${libcName() === 'musl' ? '-musl' : ''}`;
}

/** Where the shipped addon for this platform lies, or would lie. */
function shippedAddon() {
  return path.join(ROOT, 'prebuilds', platformName(), ADDON);
}

/** Where the addon may lie. A build made in a checkout comes first: it is newer than what was shipped. */
function addonPlaces() {
  return [path.join(ROOT, 'build', 'addon', 'Release', ADDON), shippedAddon()];
}

module.exports = { ROOT, ADDON, libcName, platformName, shippedAddon, addonPlaces };
