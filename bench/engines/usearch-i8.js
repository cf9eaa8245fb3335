'use strict';

const usearch = require('./usearch');

/** usearch with vectors of 8-bit numbers, which it makes itself of the floats it is given: the same idea as our codes. */
module.exports = { ...usearch, name: 'usearch-i8', create: (options) => usearch.create(options, 'i8') };
