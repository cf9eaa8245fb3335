'use strict';

// A filter of the JSON form in the string form, where that can say it: undefined where it cannot.

const COMPARISONS = { $eq: '=', $ne: '!=', $gt: '>', $gte: '>=', $lt: '<', $lte: '<=', $contains: 'CONTAINS', $startsWith: 'STARTS WITH', $regex: 'MATCHES' };

class NotInText extends Error {}

function valueText(value) {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  throw new NotInText();
}

const pathText = (path) => (/^[$\w.]+$/.test(path) ? path : `"${path.replaceAll('"', '""')}"`);

function testText(path, operator, operand) {
  if (operator in COMPARISONS) return `${path} ${COMPARISONS[operator]} ${valueText(operand)}`;
  if (operator === '$in' || operator === '$nin') return `${path} ${operator === '$in' ? 'IN' : 'NOT IN'} (${operand.map(valueText).join(', ')})`;
  if (operator === '$exists') return operand ? `EXISTS ${path}` : `NOT EXISTS ${path}`;
  if (operator === '$not') return `NOT (${conditionText(path, operand)})`;
  throw new NotInText();
}

function conditionText(path, condition) {
  if (condition === null || typeof condition !== 'object') return testText(path, '$eq', condition);
  if (!Object.keys(condition)[0]?.startsWith('$')) throw new NotInText();
  if (Object.keys(condition).join() === '$gte,$lte') return `${path} BETWEEN ${valueText(condition.$gte)} AND ${valueText(condition.$lte)}`;
  return Object.entries(condition).map(([operator, operand]) => testText(path, operator, operand)).join(' AND ');
}

function filterText(filter) {
  const parts = Object.entries(filter).map(([key, value]) => {
    const list = (word) => `(${value.map(filterText).join(` ${word} `)})`;
    if (key === '$and') return list('AND');
    if (key === '$or') return list('OR');
    if (key === '$nor') return `NOT ${list('OR')}`;
    if (key === '$not') return `NOT (${filterText(value)})`;
    return conditionText(pathText(key), value);
  });
  if (parts.length === 0) throw new NotInText();
  return parts.length === 1 ? parts[0] : `(${parts.join(' AND ')})`;
}

function toText(filter) {
  try {
    return filterText(filter);
  } catch (error) {
    if (error instanceof NotInText) return undefined;
    throw error;
  }
}

module.exports = { toText };
