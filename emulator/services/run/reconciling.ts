// What is shown while a write is watched (`operationDelay`). What a write changes is changed at once: it is what is shown that waits for the
// clock.
import { parseTimestamp } from '../../core/clock.ts'
import type { Context } from '../../core/service.ts'
import type { ServiceStatus, StoredService } from './shapes.ts'

/** Is a service or job to be shown as not yet what it should be? */
export const isReconciling = (updateTime: string | undefined, ctx: Context): boolean =>
  ctx.operationDelay > 0n && updateTime !== undefined && parseTimestamp(updateTime) + ctx.operationDelay > ctx.nanos()

/** The status of a service that is shown now, but for its terminal condition: as long as it is reconciled, that of before. */
export function statusNow(service: StoredService, ctx: Context): ServiceStatus | undefined {
  if (isReconciling(service.updateTime, ctx)) return service.internal.before
  const { observedGeneration, terminalCondition, conditions, latestReadyRevision, latestCreatedRevision } = service
  const { trafficStatuses, uri } = service
  return {
    observedGeneration,
    terminalCondition,
    conditions,
    latestReadyRevision,
    latestCreatedRevision,
    trafficStatuses,
    uri,
  }
}
