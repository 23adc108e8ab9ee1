// node --test plugins/processes/frontend/form/ideas.test.mjs
import assert from 'node:assert/strict'
import test from 'node:test'
import { left, typedAt } from './ideas.js'

const zh = { lang: 'zh' }

test('what the text speaks of already is no idea any more', () => {
  assert.deepEqual(left(['安装时间', '色温'], '色温 3000K'), ['安装时间'])
  assert.deepEqual(left(['Fitting date', 'Budget'], 'the budget is 80,000'), ['Fitting date'])
})

test('an idea is written with a colon, on a line of its own', () => {
  assert.deepEqual(typedAt('色温', '', 0, zh), { typed: '色温：', behind: 0 })
  assert.deepEqual(typedAt('色温', '约260平方米', 7, zh), { typed: '\n色温：', behind: 0 })
  assert.deepEqual(typedAt('色温', '约260平方米\n', 8, zh), { typed: '色温：', behind: 0 })
})

test('what stands behind the caret goes to the next line, and the caret stays before it', () => {
  assert.deepEqual(typedAt('色温', '前后', 1, zh), { typed: '\n色温：\n', behind: 1 })
  assert.deepEqual(typedAt('色温', '前\n后', 1, zh), { typed: '\n色温：', behind: 0 })
})

test('a field of one line stays one', () => {
  assert.deepEqual(typedAt('Budget', 'A hotel', 7, { lang: 'en', lines: false }), { typed: '; Budget: ', behind: 0 })
})
