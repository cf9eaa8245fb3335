'use strict';

/**
 * A seeded generator (sfc32): the same seed gives the same data set on every machine and Node version.
 * Math.random() cannot be seeded, and a figure that cannot be measured again is worth nothing.
 */
class Random {
  #a;
  #b;
  #c;
  #counter = 1;
  #spare = NaN;

  constructor(seed) {
    this.#a = seed >>> 0;
    this.#b = 0x9e3779b9;
    this.#c = Math.floor(seed / 2 ** 32) >>> 0;
    // Neighbouring seeds give similar first numbers; a few rounds separate them.
    for (let round = 0; round < 16; round++) this.#next();
  }

  /** @returns {number} 0 <= x < 1 */
  uniform() {
    return this.#next() / 2 ** 32;
  }

  /** @returns {number} normally distributed, mean 0, deviation 1 (polar method: it makes two at a time) */
  normal() {
    if (!Number.isNaN(this.#spare)) {
      const spare = this.#spare;
      this.#spare = NaN;
      return spare;
    }
    let x, y, square;
    do {
      x = 2 * this.uniform() - 1;
      y = 2 * this.uniform() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const scale = Math.sqrt((-2 * Math.log(square)) / square);
    this.#spare = y * scale;
    return x * scale;
  }

  #next() {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
}

module.exports = { Random };
