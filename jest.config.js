'use strict';

module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.js'],
  modulePathIgnorePatterns: ['<rootDir>/build/', '<rootDir>/prebuilds/', '<rootDir>/bench/'],
  // The code runs as it is written: nothing is compiled before.
  transform: {},
  coverageProvider: 'v8',
  // Generous, because the tests of killed processes and full queues share the machine with others.
  testTimeout: 60_000,
  maxWorkers: 2,
};
