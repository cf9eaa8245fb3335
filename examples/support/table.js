'use strict';

// A small text table for terminals: numbers to the right, text to the left, no line longer than the terminal.

const GAP = '  ';
const NUMBER = /^([-+]?[\d.,]+( ?(%|ms|us|s|x))?)?$/;

/** Lines of a table joined with newlines. `rows` are arrays of strings and numbers as long as `headers`; the last column is
 *  cut off where the terminal ends. */
function formatTable(headers, rows, { width = process.stdout.columns ?? 120 } = {}) {
  const cells = rows.map((row) => row.map(cleanCell));
  const widths = headers.map((header, column) => Math.max(header.length, ...cells.map((row) => lengthOf(row[column]))));
  const toRight = headers.map((_, column) => cells.length > 0 && cells.every((row) => NUMBER.test(row[column])));

  const line = (row) => {
    const padded = row.map((cell, column) => {
      const space = ' '.repeat(widths[column] - lengthOf(cell));
      return toRight[column] ? space + cell : cell + space;
    });
    return shorten(padded.join(GAP).trimEnd(), width);
  };
  return [headers, ...cells].map(line).join('\n');
}

/** Text from outside may hold line breaks and terminal control codes; both would break more than the table. */
function cleanCell(cell) {
  return String(cell).replace(/[\s\p{Cc}]+/gu, ' ').trim();
}

/** The first characters of a text, with an ellipsis if there are more. */
function shorten(text, width) {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`;
}

const lengthOf = (text) => [...text].length;

module.exports = { formatTable, shorten };
