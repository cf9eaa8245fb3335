// The same from an ES module.

import { instrument } from 'agentmemdb/otel';

instrument({})();
// @ts-expect-error there is no default export
import missing from 'agentmemdb/otel';

export { missing };
