import { expect, test } from 'vitest'
import { describeTransports } from '../../testing/emulator.ts'

const METRICS = 'google.logging.v2.MetricsServiceV2'

describeTransports('log-based metrics', (emulator) => {
  const call = (method: string, request: object) => emulator().call('logging.v2', `${METRICS}/${method}`, request)
  const parent = 'projects/metrics-test'
  const create = (metric: object) => call('CreateLogMetric', { parent, metric: { filter: 'severity>=ERROR', ...metric } })
  const refusal = (message: string, code = 'INVALID_ARGUMENT') =>
    expect.objectContaining({ code, message: expect.stringContaining(message) })

  test('a metric is created, read, listed, replaced and deleted', async () => {
    const created = await create({ name: 'blocked/pods', description: 'Pods that were blocked' })
    expect(created).toEqual({
      name: 'blocked/pods',
      description: 'Pods that were blocked',
      filter: 'severity>=ERROR',
      metricDescriptor: {
        name: 'projects/metrics-test/metricDescriptors/logging.googleapis.com/user/blocked/pods',
        type: 'logging.googleapis.com/user/blocked/pods',
        metricKind: 'DELTA',
        valueType: 'INT64',
        unit: '1',
        description: 'Pods that were blocked',
      },
      createTime: expect.any(String),
      updateTime: expect.any(String),
    })
    const metricName = `${parent}/metrics/blocked%2Fpods`
    expect(await call('GetLogMetric', { metricName })).toEqual(created)
    expect(await call('ListLogMetrics', { parent })).toEqual({ metrics: [created] })
    const replaced = await call('UpdateLogMetric', {
      metricName,
      metric: { name: 'blocked/pods', filter: 'unicorn', disabled: true },
    })
    expect(replaced).toMatchObject({ filter: 'unicorn', disabled: true, createTime: created.createTime })
    expect(replaced.description).toBeUndefined()
    expect(await call('DeleteLogMetric', { metricName })).toEqual({})
    await expect(call('GetLogMetric', { metricName })).rejects.toEqual(refusal('Metric blocked/pods does not exist', 'NOT_FOUND'))
    await expect(call('DeleteLogMetric', { metricName })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a distribution extracts values and labels', async () => {
    const metric = {
      name: 'latency',
      metricDescriptor: {
        metricKind: 'DELTA',
        valueType: 'DISTRIBUTION',
        unit: 'ms',
        labels: [{ key: 'image' }, { key: 'code', valueType: 'INT64' }],
      },
      valueExtractor: 'REGEXP_EXTRACT(jsonPayload.request, ".*quantity=(\\d+).*")',
      labelExtractors: { image: 'EXTRACT(jsonPayload.image)', code: 'EXTRACT(httpRequest.status)' },
      bucketOptions: { linearBuckets: { numFiniteBuckets: 3, width: 1, offset: 1 } },
    }
    const { metricDescriptor, ...rest } = metric
    const created = await create(metric)
    expect(created).toMatchObject(rest)
    expect(created.metricDescriptor).toMatchObject({ valueType: 'DISTRIBUTION', unit: 'ms' })
    await expect(
      call('UpdateLogMetric', { metricName: `${parent}/metrics/latency`, metric: { name: 'latency', filter: 'a' } }),
    ).rejects.toEqual(refusal('The valueType of a log-based metric cannot be changed.'))
  })

  test('an update makes a metric that is not there', async () => {
    const metricName = `${parent}/metrics/fresh`
    expect(await call('UpdateLogMetric', { metricName, metric: { name: 'fresh', filter: 'a' } })).toMatchObject({ name: 'fresh' })
    expect(await call('GetLogMetric', { metricName })).toMatchObject({ filter: 'a' })
    await expect(create({ name: 'fresh' })).rejects.toEqual(refusal('Metric fresh already exists', 'ALREADY_EXISTS'))
    await expect(call('UpdateLogMetric', { metricName, metric: { name: 'other', filter: 'a' } })).rejects.toEqual(
      refusal('The name of the metric is "other" and not "fresh".'),
    )
  })

  test('metrics are listed in pages', async () => {
    const pages = 'projects/metrics-pages'
    for (const name of ['b', 'a', 'c']) await call('CreateLogMetric', { parent: pages, metric: { name, filter: 'x' } })
    const first = await call('ListLogMetrics', { parent: pages, pageSize: 2 })
    expect(first.metrics.map(({ name }: any) => name)).toEqual(['a', 'b'])
    const second = await call('ListLogMetrics', { parent: pages, pageSize: 2, pageToken: first.nextPageToken })
    expect(second.metrics.map(({ name }: any) => name)).toEqual(['c'])
  })

  const distribution = { metricDescriptor: { valueType: 'DISTRIBUTION' } }
  test.each([
    ['no name', { name: '' }, 'The metric identifier ""'],
    ['a name that begins with a slash', { name: '/a' }, 'The metric identifier "/a"'],
    ['a name of 101 characters', { name: 'a'.repeat(101) }, 'The metric identifier'],
    ['no filter', { filter: '' }, 'A log-based metric must have a filter.'],
    ['a bad filter', { filter: 'serverity=ERROR' }, "Field not found: 'serverity'."],
    ['another kind', { metricDescriptor: { metricKind: 'GAUGE' } }, 'must be DELTA, not GAUGE'],
    ['another type', { metricDescriptor: { valueType: 'STRING' } }, 'must be INT64 or DISTRIBUTION, not STRING'],
    ['a distribution without extractor', distribution, 'value_extractor is required for'],
    ['a count with one', { valueExtractor: 'EXTRACT(trace)' }, 'value_extractor is only for'],
    ['a count with buckets', { bucketOptions: { linearBuckets: {} } }, 'bucket_options is only for'],
    ['another function', { ...distribution, valueExtractor: 'CONCAT(trace)' }, 'must be EXTRACT(field) or REGEXP_EXTRACT'],
    ['an extractor of no field', { ...distribution, valueExtractor: 'EXTRACT(thud)' }, "Field not found: 'thud'."],
    [
      'an extractor without group',
      { ...distribution, valueExtractor: 'REGEXP_EXTRACT(trace, "a")' },
      'exactly one capture group',
    ],
    ['a label without extractor', { metricDescriptor: { labels: [{ key: 'a' }] } }, 'The label "a" must be in both'],
    ['an extractor without label', { labelExtractors: { b: 'EXTRACT(trace)' } }, 'The label "b" must be in both'],
  ])('%s is refused', async (_, metric, message) => {
    await expect(create({ name: 'refused', ...metric })).rejects.toEqual(refusal(message))
  })

  test('a metric of a bucket is refused by name', async () => {
    await expect(create({ name: 'b', bucketName: 'x' })).rejects.toEqual(refusal('Field metric.bucketName', 'UNIMPLEMENTED'))
  })
})
