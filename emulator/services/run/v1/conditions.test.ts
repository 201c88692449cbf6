import { expect, test } from 'vitest'
import { conditionsToV1, conditionToV1 } from './conditions.ts'

test('states are True, False and Unknown, and reasons are in the words of Knative', () => {
  const lastTransitionTime = '2026-01-02T03:04:05Z'
  const ready = { type: 'Ready', lastTransitionTime }
  expect(conditionToV1({ ...ready, state: 'CONDITION_SUCCEEDED' })).toEqual({ ...ready, status: 'True' })
  expect(conditionToV1({ ...ready, state: 'CONDITION_FAILED', reason: 'CONTAINER_IMAGE_UNAUTHORIZED', message: 'No.' })).toEqual({
    ...ready,
    status: 'False',
    reason: 'ContainerImageUnauthorized',
    message: 'No.',
  })
  expect(conditionToV1({ type: 'Active', state: 'CONDITION_FAILED', severity: 'INFO', revisionReason: 'RETIRED' })).toEqual({
    type: 'Active',
    status: 'False',
    severity: 'Info',
    reason: 'Retired',
  })
  expect(conditionToV1({ type: 'Completed', state: 'CONDITION_RECONCILING', executionReason: 'CANCELLING' })).toEqual({
    type: 'Completed',
    status: 'Unknown',
    reason: 'Cancelling',
  })
  expect(conditionToV1({ type: 'Ready', severity: 'ERROR' })).toEqual({ type: 'Ready', status: 'Unknown' })
})

test('the condition that sums the others up is the first, and there once', () => {
  const conditions = [{ type: 'RoutesReady' }, { type: 'Ready' }]
  expect(conditionsToV1(conditions, { type: 'Ready' }).map(({ type }) => type)).toEqual(['Ready', 'RoutesReady'])
  expect(conditionsToV1(conditions).map(({ type }) => type)).toEqual(['RoutesReady', 'Ready'])
})
