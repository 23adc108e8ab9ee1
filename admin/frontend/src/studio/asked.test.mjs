import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asked } from './asked.js'

const t = (key) => key
const missing = (key, at = '') => ({ at, problem: `还差“${key}”`, hint: 'x', code: 'missing-key' })

test('what a blank rule lacks is asked for in its own card', () => {
  assert.deepEqual(asked(missing('when'), {}, t), { severity: 'error', at: 'when', problem: 'ask_when', hint: '', code: 'missing-key' })
  assert.equal(asked({ ...missing('then'), problem: "'then' is missing" }, {}, t).problem, 'ask_then')
  assert.equal(asked(missing('message', 'then[0]'), { then: [{}] }, t).at, 'then[0].message')
})

test('a field that is empty is asked for, one that is filled in wrongly is told what is wrong', () => {
  const document = { when: { at: '' }, then: [{ message: { zh: '' } }, { infer: 'found.' }, { message: { zh: '啊' } }] }
  const said = (at) => asked({ at, problem: 'wrong', hint: 'so' }, document, t).problem
  assert.equal(said('when.at'), 'ask_time')
  assert.equal(said('then[0].message.zh'), 'ask_text')
  assert.equal(said('then[1].infer'), 'ask_finding')
  assert.equal(said('then[2].message.zh'), 'wrong')
  assert.equal(asked({ at: 'then', problem: 'wrong', hint: '' }, { then: [] }, t).problem, 'wrong')
})

test('a language is called by its name', () => {
  const said = (problem) => asked({ at: 'title', problem, hint: '', code: 'missing-translation' }, {}, (key, of) => (of ? `${key} ${of.names}` : key)).problem
  assert.equal(said('还差这些语言：zh、en'), 'ask_language language_zhtrial_commalanguage_en')
  assert.equal(said('missing in en'), 'ask_language language_en')
})

test('a key without words of its own keeps the words of the check', () => {
  assert.equal(asked(missing('match', 'when'), { when: {} }, t).problem, '还差“match”')
})
