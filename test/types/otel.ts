// agentmemdb/otel, from CommonJS. Compiled by test/types.test.js, never run.

import { metrics, trace } from '@opentelemetry/api';
import { instrument } from 'agentmemdb/otel';
import type { InstrumentOptions } from 'agentmemdb/otel';

export const stop: () => void = instrument();
export const options: InstrumentOptions = { tracerProvider: trace.getTracerProvider(), meterProvider: metrics.getMeterProvider() };
instrument(options)();

// @ts-expect-error not a provider
instrument({ tracerProvider: {} });
// @ts-expect-error unknown option
instrument({ tracer: trace.getTracer('x') });
