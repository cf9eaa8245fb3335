'use strict';

// Background work of one handle: linking, in slices of a few milliseconds, with an unref'd timer between, so that it never
// keeps a process alive that has nothing else to do. A slice is aborted when a write needs its worker. Records that have expired
// are deleted when there are many.

// Not the global one: that may be a test's fake clock by the time it is used.
const { setTimeout } = require('node:timers');

const PURGED_AT_ONCE = 1000;

class Background {
  #native;
  #running = false;
  #again = false;

  constructor(native) {
    this.#native = native;
  }

  /** There may be work. */
  kick() {
    this.#again = true;
    if (this.#running) return;
    this.#running = true;
    this.#later();
  }

  #later() {
    setTimeout(() => this.#slice(), 0).unref();
  }

  async #slice() {
    this.#again = false;
    let more = false;
    try {
      more = await this.#native.runBackground();
      if (this.#native.hasExpired()) more = (await this.#native.purge(PURGED_AT_ONCE, false)) > 0 || more;
    } catch ({ code }) {
      // Closed, or linking failed: searches stay right without it, and the next write tries again. Aborted: for a write.
      more = code === 'ABORTED';
    }
    if (more || this.#again) {
      this.#later();
    } else {
      this.#running = false;
    }
  }
}

module.exports = { Background };
