import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asKind, kindOf, moved, namedApart, planFor, planOf, titled } from './plan.js'

const KINDS = ['course', 'mentor', 'practice', 'change_process', 'review']

test('what the form can show is told from what it cannot', () => {
  assert.equal(kindOf({ course: 'c-1', title: { zh: '课' }, after: '7 days' }, KINDS), 'course')
  assert.equal(kindOf({ review: 'visits_this_week', after: '30 days' }, KINDS), 'review')
  const odd = [{ course: 'a', mentor: 'b' }, { course: 1 }, { course: 'a', cost: 3 }, { course: 'a', title: 'bare' }, { review: 'm', title: {} }, [], null]
  for (const one of odd) assert.equal(kindOf(one, KINDS), '', JSON.stringify(one))
})

test('a plan is for the person, or for whom it names', () => {
  const steps = [{ practice: 'p' }]
  assert.deepEqual(planOf({ plan: steps }), { to: 'person', steps, at: 'plan' })
  assert.deepEqual(planOf({ plan: 'owner', steps }), { to: 'owner', steps, at: 'steps' })
  assert.equal(planOf({ plan: steps, steps }), null)
  assert.deepEqual(planFor({ plan: steps, message: { zh: 'm' } }, 'owner', steps), { plan: 'owner', steps, message: { zh: 'm' } })
  assert.deepEqual(planFor({ plan: steps }, 'person', steps), { plan: steps })
})

test('a step keeps its words and its moment as another kind', () => {
  const step = { course: 'c-1', title: { zh: '课' }, after: '7 days' }
  assert.deepEqual(asKind(step, 'course', 'mentor'), { mentor: 'c-1', title: { zh: '课' }, after: '7 days' })
  assert.deepEqual(asKind({ practice: 'p' }, 'practice', 'review'), { review: '', after: '30 days' })
  assert.deepEqual(asKind({ review: 'm', after: '2 weeks' }, 'review', 'practice'), { practice: '', after: '2 weeks' })
})

test('the name of a step follows its words unless it has one of its own', () => {
  assert.deepEqual(titled({ practice: '' }, 'practice', { zh: '练' }), { practice: '练', title: { zh: '练' } })
  assert.deepEqual(titled({ practice: '练', title: { zh: '练' } }, 'practice', { zh: '练习' }), { practice: '练习', title: { zh: '练习' } })
  const course = titled({ course: 'c-1' }, 'course', { zh: '课' })
  assert.deepEqual(course, { course: 'c-1', title: { zh: '课' } })
  assert.equal(namedApart(course, 'course'), true)
  assert.equal(namedApart({ practice: '练', title: { zh: '练' } }, 'practice'), false)
})

test('an item moves and nothing is lost', () => {
  assert.deepEqual(moved(['a', 'b', 'c'], 2, -1), ['a', 'c', 'b'])
  assert.deepEqual(moved(['a', 'b', 'c'], 0, 1), ['b', 'a', 'c'])
})
