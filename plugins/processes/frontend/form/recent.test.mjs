// node --test plugins/processes/frontend/form/recent.test.mjs
import assert from 'node:assert/strict'
import test from 'node:test'
import { dayBefore } from './recent.js'

const at = new Date(2025, 2, 1, 0, 5)

test('a day before is one of the calendar, across a month', () => {
  assert.deepEqual(dayBefore(at, 0, 'zh'), { value: '2025-03-01', words: '3月1日' })
  assert.deepEqual(dayBefore(at, 1, 'zh'), { value: '2025-02-28', words: '2月28日' })
})

test('one that has no name of its own brings its weekday', () => {
  assert.deepEqual(dayBefore(at, 2, 'zh'), { value: '2025-02-27', words: '周四 2月27日' })
  assert.deepEqual(dayBefore(at, 2, 'en'), { value: '2025-02-27', words: 'Thu 27 Feb' })
})
