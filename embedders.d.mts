export * from './embedders.js';
