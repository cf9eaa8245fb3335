import otel from './otel.js';

export const { instrument } = otel;
