'use strict';

const { fork } = require('node:child_process');
const path = require('node:path');

const STDERR_CHARACTERS_MAX = 300;

/** The process of one engine, seen from the run. A call rejects when the engine throws and when its process dies. */
class EngineClient {
  #child;
  #waiting = new Map();
  #lastId = 0;
  #stderr = '';
  #gone;

  /** @param {Record<string, string>} environment of the process, beside that of this one */
  constructor(environment = {}) {
    this.#child = fork(path.join(__dirname, 'engine-process.js'), {
      execArgv: ['--expose-gc'],
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced', // JSON would turn NaN into null
    });
    this.#child.stderr.on('data', (text) => {
      // The beginning says what happened; what follows is mostly a stack.
      this.#stderr = (this.#stderr + text).slice(0, STDERR_CHARACTERS_MAX);
    });
    this.#child.on('message', (message) => this.#settle(message));
    this.#child.on('close', (code, signal) => this.#end(code, signal));
  }

  call(verb, args) {
    if (this.#gone) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      // A process that is just dying is reported by 'close', with more to say than this error has.
      this.#child.send({ id, verb, args }, () => {});
    });
  }

  /** Closes the engine and waits until its process is gone, so that its files can be removed. */
  async stop() {
    await this.call('close').catch(() => {});
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    // 'exit': after a disconnect() from this side, 'close' may never come.
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.connected) this.#child.disconnect();
    await exited;
  }

  kill() {
    this.#child.kill('SIGKILL');
  }

  #settle({ id, result, error }) {
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  }

  #end(code, signal) {
    const how = signal ? `was killed by ${signal}` : `exited with code ${code}`;
    this.#gone = new Error(`its process ${how}: ${this.#stderr.trim() || 'no message'}`);
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
  }
}

module.exports = { EngineClient };
