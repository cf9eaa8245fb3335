'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');

const TMPFS_MAGIC = 0x01021994;

/** What a figure depends on beside the code. `folder` is where the engines write. */
function describeMachine(folder) {
  return {
    date: new Date().toISOString(),
    cpu: cpuModel(),
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    loadAverage: os.loadavg()[0],
    system: `${os.platform()} ${os.arch()}`,
    node: process.version,
    commit: gitCommit(),
    filesInMemory: fs.statfsSync(folder).type === TMPFS_MAGIC,
  };
}

// Virtual machines often hide the model; what kernels are chosen by is the instruction set.
function cpuModel() {
  const model = os.cpus()[0]?.model.trim() ?? 'unknown';
  return [model, ...instructionSets()].join(' ');
}

function instructionSets() {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(fs.readFileSync('/proc/cpuinfo', 'utf8'))?.[1].split(' ') ?? [];
    return ['avx2', 'avx512f', 'avx512_vnni'].filter((set) => flags.includes(set));
  } catch {
    return [];
  }
}

function gitCommit() {
  const settings = { cwd: __dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
  const git = (...args) => execFileSync('git', args, settings).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return git('rev-parse', '--short', 'HEAD') + (changed ? ' with uncommitted changes' : '');
  } catch {
    return 'none';
  }
}

module.exports = { describeMachine };
