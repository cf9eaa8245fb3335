'use strict';

// Processes of their own for tests: started from scripts/, always waited for, ended by their own pid only.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const SCRIPTS = path.join(__dirname, 'scripts');
const CHILD_TIMEOUT_MS = 100_000;

const alive = new Set();

/** Starts scripts/<name>. Returns { child, ended }; `ended` resolves to { code, signal, stdout, stderr } and never rejects.
 *  A child that takes longer than `timeoutMs` is killed: its `signal` is then 'SIGKILL'. `ipc`: whether it gets messages. */
function startScript(name, args = [], { nodeArgs = [], env = {}, timeoutMs = CHILD_TIMEOUT_MS, ipc = false } = {}) {
  const child = spawn(process.execPath, [...nodeArgs, path.join(SCRIPTS, name), ...args.map(String)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? ['ipc'] : [])],
  });
  alive.add(child);
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => {
      output[stream] += text;
    });
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const ended = new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: null, signal: null, ...output, stderr: `${output.stderr}${error}` }));
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  }).finally(() => {
    clearTimeout(timer);
    alive.delete(child);
  });
  return { child, ended };
}

/** Starts a script that uses peer.js. Returns, beside what startScript does, `ready`, `ask(call, argument)`, which resolves to the
 *  answer and rejects when there will be none, and `on(news, listener)`. */
function startPeer(name, args, options) {
  const { child, ended } = startScript(name, args, { ...options, ipc: true });
  const waiting = new Map();
  const listeners = {};
  let asked = 0;
  child.on('message', ({ number, value, error, news, about }) => {
    if (news) return listeners[news]?.(about);
    const { resolve, reject } = waiting.get(number);
    waiting.delete(number);
    return error === undefined ? resolve(value) : reject(new Error(`${name}: ${error}`));
  });
  const on = (news, listener) => {
    listeners[news] = listener;
  };
  const ready = new Promise((resolve) => on('ready', resolve));
  ended.then(({ code, signal, stderr }) => {
    for (const { reject } of waiting.values()) reject(new Error(`${name} ended: code ${code}, signal ${signal}\n${stderr}`));
  });
  const ask = (call, argument) => new Promise((resolve, reject) => {
    waiting.set(asked, { resolve, reject });
    // Of a peer that is gone we hear by its end.
    child.send({ number: asked++, call, argument }, () => {});
  });
  return { child, ended, ready: Promise.race([ready, ended]), ask, on };
}

/** Runs scripts/<name> to its end. */
function runScript(name, args, options) {
  return startScript(name, args, options).ended;
}

/** Runs a script that must end well: code 0 and nothing on stderr. Returns what it printed last, which is JSON. */
async function runWell(name, args, options) {
  const { code, signal, stdout, stderr } = await runScript(name, args, options);
  if (code !== 0 || stderr !== '') {
    throw new Error(`${name} ${args?.join(' ') ?? ''}: code ${code}, signal ${signal}\n${stdout}\n${stderr}`);
  }
  return lastLine(stdout);
}

function lastLine(stdout) {
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** A folder for each test of a file: { path, file(name) }. After it the folder is removed, and what a failed test left running. */
function useFolder() {
  const folder = { path: undefined, file: (name) => path.join(folder.path, name) };
  beforeEach(() => {
    folder.path = fs.mkdtempSync(path.join(os.tmpdir(), 'agentmemdb-process-'));
  });
  afterEach(() => {
    for (const child of alive) child.kill('SIGKILL');
    fs.rmSync(folder.path, { recursive: true, force: true });
  });
  return folder;
}

/** Writes figures where the reader of the test run sees them: console.log of Jest adds a stack to each line. */
function report(text) {
  process.stdout.write(`  ${text}\n`);
}

module.exports = { startScript, startPeer, runScript, runWell, lastLine, useFolder, report };
