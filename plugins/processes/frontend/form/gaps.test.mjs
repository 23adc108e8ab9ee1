// node --test plugins/processes/frontend/form/gaps.test.mjs
import assert from 'node:assert/strict'
import test from 'node:test'
import { amount, gapsOf, labelOf, length } from './gaps.js'

const needs = (value, more = {}) => ({ name: 'needs', title: '客户需求', type: 'text', value, required: true, least: 0, enough: 100, enoughMust: false, ...more })
const say = (key, values) => `${key}${values.n ?? values.title ?? ''}`

test('characters are counted as the rules count them', () => {
  assert.equal(length('  灯灯 \n'), 2)
  assert.equal(length('💡灯'), 2)
  assert.equal(amount({ type: 'list', value: '一\n\n 二 ' }), 2)
})

test('99 characters have one to go, 100 and 101 none', () => {
  assert.deepEqual(gapsOf([needs('灯'.repeat(99))]).map((gap) => [gap.kind, gap.n, gap.must]), [['characters', 1, false]])
  assert.deepEqual(gapsOf([needs('灯'.repeat(100))]), [])
  assert.deepEqual(gapsOf([needs('灯'.repeat(101))]), [])
})

test('what must be done comes first', () => {
  const date = { name: 'date', title: '哪天', type: 'date', value: '', required: true, least: 0, enough: 0 }
  assert.deepEqual(gapsOf([needs('短'), date]).map((gap) => gap.name), ['date', 'needs'])
})

test('what the server asks stands once, with its words', () => {
  const asked = [{ at: 'needs', message: '再说说安装时间？', must: false, least: 100 }, { at: 'rows[1].city', message: '还没填', must: true, least: 0 }]
  const rows = { name: 'rows', title: '行程', type: 'table', value: 2, required: true, least: 0, enough: 0 }
  const [first, second] = gapsOf([needs('灯'.repeat(88)), rows], asked)
  assert.deepEqual([first.kind, first.at, first.message], ['asked', 'rows[1].city', '还没填'])
  assert.deepEqual([second.n, second.message], [12, '再说说安装时间？'])
})

test('the button says what is left, and its own word when nothing is', () => {
  assert.equal(labelOf([], '交日报', say), '交日报')
  assert.equal(labelOf(gapsOf([needs('灯'.repeat(88), { enoughMust: true })]), '交', say), 'add_must12')
  assert.equal(labelOf(gapsOf([needs('灯'.repeat(88))]), '交', say), 'add_should12')
  assert.equal(labelOf(gapsOf([needs('')]), '交', say), 'fill客户需求')
})
