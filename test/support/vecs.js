'use strict';

/** The bytes of an fvecs file of `rows`, or with 'Int32LE' of an ivecs file. */
function vecs(rows, type = 'FloatLE') {
  const parts = rows.map((row) => {
    const bytes = Buffer.alloc(4 * (row.length + 1));
    bytes.writeInt32LE(row.length, 0);
    row.forEach((value, i) => bytes[`write${type}`](value, 4 * (i + 1)));
    return bytes;
  });
  return Buffer.concat(parts);
}

module.exports = { vecs };
