// agentmemdb/otel: spans and a duration histogram for OpenTelemetry. Needs the package @opentelemetry/api, 1.9 or later.

import type { MeterProvider, TracerProvider } from '@opentelemetry/api';

/** Accepted by instrument(). */
export interface InstrumentOptions {
  /** Where spans go. Default: the global provider. */
  tracerProvider?: TracerProvider;
  /** Where the histogram goes. Default: the global provider, as it is when instrument() is called. */
  meterProvider?: MeterProvider;
}

/**
 * Makes a span, and a record in the histogram `db.client.operation.duration` (seconds), of every asynchronous operation of every
 * database in this thread, until the function that it returns is called. Call it once, after the SDK has been set up.
 *
 * A span begins when the method is called and ends when its promise settles; its parent is the span that is active where the
 * method is called. Attributes: `db.system.name`, `db.namespace` (the path), `db.collection.name`, `db.operation.name` (such as
 * `search`), `db.operation.batch.size`, `db.response.returned_rows`, and of a failed one `error.type` and
 * `db.response.status_code` (the code of the AgentMemError).
 *
 * @throws AgentMemError ERR_UNSUPPORTED (@opentelemetry/api is not installed), ERR_INVALID_ARGUMENT (options).
 */
export function instrument(options?: InstrumentOptions): () => void;
