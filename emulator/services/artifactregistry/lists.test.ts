import { expect, test } from 'vitest'
import { orderBy } from './lists.ts'

test('an order names fields as the API, the protos or the columns of gcloud write them', () => {
  for (const text of ['updateTime desc', 'update_time desc', 'UPDATE_TIME desc'])
    expect(orderBy(text, 'name', 'updateTime')).toBe('updateTime desc')
  expect(orderBy('UPDATE_TIME desc, name', 'name', 'updateTime')).toBe('updateTime desc,name')
  expect(orderBy(undefined, 'name')).toBe('')
  expect(orderBy('', 'name')).toBe('')
})

test('an order by another field is refused with those that there are', () => {
  for (const text of ['tags', 'name,tags', 'name.length', '; desc'])
    expect(() => orderBy(text, 'name', 'updateTime')).toThrow(
      /^Invalid order_by: cannot sort by "[^"]+"; sortable fields: name, updateTime\.$/,
    )
})
