export * from './index.d.ts';
