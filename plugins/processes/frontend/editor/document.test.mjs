import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as d from './document.js'

const A = {
  fields: { what: { type: 'text' }, days: { type: 'number' } },
  nodes: {
    ask: { form: ['what', 'days?'], outcomes: { go: { to: 'look' } } },
    look: { form: ['days?'], outcomes: { yes: { to: [{ if: { field: 'days', gt: 5 }, to: 'ask' }, { to: 'done' }] }, no: { to: 'ask', good: false } } },
  },
  ends: { done: {} },
}

test('a value is set, and taken away, without touching the document it came from', () => {
  const changed = d.setAt(A, ['nodes', 'ask', 'owner'], 'hr')
  assert.equal(changed.nodes.ask.owner, 'hr')
  assert.equal(A.nodes.ask.owner, undefined)
  assert.deepEqual(d.setAt(changed, ['nodes', 'ask', 'owner'], undefined), A)
  assert.deepEqual(d.setAt(A, ['nodes', 'ask', 'form', 0], undefined).nodes.ask.form, ['days?'])
  assert.equal(d.getAt(A, ['nodes', 'nowhere', 'form']), undefined)
})

test('names keep their order, and move by one', () => {
  assert.deepEqual(Object.keys(d.shifted({ a: 1, b: 2, c: 3 }, 'c', -1)), ['a', 'c', 'b'])
  assert.deepEqual(Object.keys(d.shifted({ a: 1, b: 2 }, 'a', -1)), ['a', 'b'])
  assert.deepEqual(d.turned(['a', 'b', 'c'], 0, 1), ['b', 'a', 'c'])
  assert.equal(d.freeName({ step: 1, step_2: 1 }, 'step'), 'step_3')
})

test('lengths of time and deadlines are read however they are written', () => {
  assert.deepEqual(d.duration('1 workday'), { amount: 1, unit: 'workdays' })
  assert.equal(d.duration('soon'), null)
  assert.deepEqual(d.deadline('24 hours'), { within: '24 hours' })
  assert.equal(d.deadline(undefined), null)
})

test('a condition that the form can show comes back as it was; another one is left alone', () => {
  for (const one of [{ field: 'days', gt: 5 }, { any: [{ field: 'days', gt: 5 }, { field: 'what', is: 'x' }] }])
    assert.deepEqual(d.fromSimple(d.simple(one)), one)
  assert.equal(d.simple({ all: [{ any: [{ field: 'days', gt: 5 }] }] }), null)
  assert.equal(d.simple({ none: [{ field: 'days', gt: 5 }] }), null)
})

test('what led to a step that is taken away leads to what followed it', () => {
  const without = d.withoutNode(A, 'look')
  assert.deepEqual(Object.keys(without.nodes), ['ask'])
  assert.equal(without.nodes.ask.outcomes.go.to, 'done')
  assert.deepEqual(d.leadsTo(A, 'ask'), [{ node: 'look', outcome: 'yes' }, { node: 'look', outcome: 'no' }])
})

test('no form asks for a field that is taken away', () => {
  const without = d.withoutField(A, 'days')
  assert.deepEqual(without.nodes.ask.form, ['what'])
  assert.equal('form' in without.nodes.look, false)
})

test('a problem stands at its place, and not twice', () => {
  const problems = [{ at: 'nodes.ask.deadline.on' }, { at: 'nodes.ask.outcomes.go.to' }, { at: 'nodes.asked' }, { at: 'nodes.ask' }]
  assert.deepEqual(d.problemsAt(problems, 'nodes.ask', ['nodes.ask.outcomes']), [problems[0], problems[3]])
})

test('a place is told by the titles of what it is in', () => {
  const titled = d.setAt(A, ['nodes', 'ask', 'title'], { zh: '问' })
  assert.deepEqual(d.placeParts('nodes.ask.owner[0].if', titled), [['ask', { zh: '问' }], 'owner'])
  assert.deepEqual(d.placeParts('nodes.look.outcomes.yes.to[0].if', A), [['look', undefined], ['yes', undefined], 'to'])
  assert.deepEqual(d.placeParts('id', A), ['id'])
  assert.deepEqual(d.placeParts('', A), [])
})
