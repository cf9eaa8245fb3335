'use strict';

// What a database and its collections share: the way into the addon, and the events of the handle.

const { Background } = require('./background');
const { callAsync, callSync, hasControl } = require('./call');
const { AgentMemError, fromNative } = require('./errors');
const { traced } = require('./tracing');

class Handle {
  #native;
  #path;
  #events;
  #background;
  #seenVersion;
  #running = new Set();
  #closing;

  /** @param native the addon's database.   @param events where 'change' and 'drain' go. */
  constructor(native, events) {
    this.#native = native;
    this.#path = native.path();
    this.#events = events;
    this.#seenVersion = native.version();
    this.#background = new Background(native);
    this.#background.kick(); // What was loaded is not linked yet.
  }

  get path() {
    return this.#path;
  }

  /** An operation of one step: see step(). Throws once close() has been called.
   *  @param about  { operation: 'Collection.get', collection? }: what observers are told. */
  call(target, name, args, control, about, convert) {
    this.admit(about.operation);
    return this.#traced(about, () => this.step(target, name, args, control, convert));
  }

  /** An operation of several steps: `steps` makes them with step(), and close() waits for it.
   *  @param about  as for call(); the steps may add the `size` of the operation. */
  async during(about, steps) {
    this.admit(about.operation);
    const running = this.#traced(about, steps);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      this.#notice(); // It may have been refused, or dropped what it held, without a step.
    }
  }

  /** The same of an operation that waits for others, of whom close() cannot know: it waits for the step at hand, and the next is refused. */
  async beside(about, steps) {
    this.admit(about.operation);
    try {
      return await this.#traced(about, steps);
    } finally {
      this.#notice();
    }
  }

  /** Calls `target[name](...args)` on the pool and awaits it.
   *  @param convert  makes the result of what the addon returned. */
  async step(target, name, args, control, convert) {
    try {
      // The shorter way is for most calls: each function between the addon's promise and the caller's costs every search half a microsecond.
      const result = await (hasControl(control) ? callAsync(target, name, args, control) : target[name](...args));
      return convert === undefined ? result : convert(result);
    } catch (thrown) {
      throw fromNative(thrown);
    } finally {
      this.#notice();
    }
  }

  /** Refuses new operations, lets accepted ones finish, and gives the engine back. */
  close() {
    const waitAndClose = () => Promise.allSettled([...this.#running]).then(() => callAsync(this.#native, 'close', []));
    this.#closing ??= this.#traced({ operation: 'Database.close' }, waitAndClose);
    return this.#closing;
  }

  get isOpen() {
    return this.#closing === undefined;
  }

  closeSync() {
    if (this.#closing !== undefined) return;
    this.#closing = Promise.resolve();
    callSync(this.#native, 'close', []);
  }

  /** Throws once close() has been called. */
  admit(operation) {
    if (this.isOpen) return;
    throw new AgentMemError({ code: 'ERR_CLOSED', message: `${operation}(): the database is closed; open it again` });
  }

  callSync(target, name, args) {
    // The addon may not know yet: close() is waiting for operations of several steps.
    this.admit(`${name}Sync`);
    try {
      return callSync(target, name, args);
    } finally {
      this.#notice();
    }
  }

  /** After a write: there may be something to link. */
  wrote() {
    this.#background.kick();
  }

  #traced(about, run) {
    about.database = this.#path;
    return traced(about, run);
  }

  #notice() {
    if (this.#native.drained()) this.#emit('drain');
    if (this.#events.listenerCount('change') === 0) return;
    const version = this.#native.version();
    if (version === 0 || version === this.#seenVersion) return; // 0: closed.
    this.#seenVersion = version;
    this.#emit('change', { version });
  }

  // On its own: a listener that throws must not fail the call that was noticed.
  #emit(event, ...args) {
    process.nextTick(() => this.#events.emit(event, ...args));
  }
}

module.exports = { Handle };
