import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byDay, byStatus, freshName, loadRows, peopleOf, weeksOf } from './figures.js'
import { gates, standing } from './publishing.js'
import { addDays, firstAsked, momentOf, spokenWall, wallOf, weekdayOf } from './times.js'

const finding = (status, at, recipient, rule = 'r', message = 'm') => ({ status, at, recipient, subject: 's', rule, message })

test('a wall clock and its moment are each other’s, in every zone and on the days that clocks change', () => {
  for (const zone of ['Asia/Shanghai', 'Australia/Sydney', 'America/New_York', 'Asia/Kathmandu']) {
    for (const date of ['2025-03-09', '2025-06-12', '2025-10-05', '2025-11-02']) {
      const wall = { date, time: '19:05' }
      assert.deepEqual(wallOf(momentOf(wall, zone), zone), wall)
    }
  }
  assert.equal(momentOf({ date: '2025-06-12', time: '19:00' }, 'Asia/Shanghai'), '2025-06-12T11:00:00.000Z')
  assert.equal(momentOf({ date: '', time: '19:00' }, 'Asia/Shanghai'), null)
})

test('a try begins with the last moment that has come', () => {
  const now = '2025-06-12T11:05:00Z' // 19:05 in Shanghai
  assert.deepEqual(firstAsked({ every: 'workday', at: '19:00' }, now, 'Asia/Shanghai'), { date: '2025-06-12', time: '19:00' })
  assert.deepEqual(firstAsked({ every: 'workday', at: '19:30' }, now, 'Asia/Shanghai'), { date: '2025-06-11', time: '19:30' })
  assert.deepEqual(firstAsked({ event: 'a.b' }, now, 'Asia/Shanghai'), { date: '2025-06-12', time: '19:05' })
})

test('days go on over months, and weeks begin on Monday', () => {
  assert.equal(addDays('2025-02-28', 1), '2025-03-01')
  assert.equal(weekdayOf('2025-06-09'), 0)
  assert.equal(weekdayOf('2025-06-15'), 6)
  assert.equal(spokenWall('2025-06-12T19:00+08:00', 'zh'), '6月12日 19:00')
})

test('a day is the reader’s, gone and other rules do not count, and the busiest is the hottest', () => {
  const found = [
    finding('new', '2025-06-11T17:00:00Z', 'a'), // 01:00 on the 12th in Shanghai
    finding('same', '2025-06-12T11:00:00Z', 'b'),
    finding('gone', '2025-06-12T11:00:00Z', 'c'),
    finding('new', '2025-06-10T11:00:00Z', 'a', 'other'),
    finding('new', '2025-06-13T11:00:00Z', 'a'),
    finding('new', '2025-06-13T11:00:00Z', null, 'r', null), // a mark: nobody hears of it
  ]
  const days = byDay(found, 'r', 'Asia/Shanghai')
  assert.deepEqual([...days], [['2025-06-12', 2], ['2025-06-13', 1]])
  const weeks = weeksOf(days, '2025-06-05', '2025-06-13')
  assert.equal(weeks.length, 2)
  assert.deepEqual(weeks[0].map((one) => one.number), [null, null, null, 0, 0, 0, 0])
  assert.deepEqual(weeks[1].map((one) => one.heat), [0, 0, 0, 4, 2, 0, 0])
  assert.equal(weeks[1][6].number, null)
  assert.equal(peopleOf(found, 'r'), 2)
  assert.deepEqual(Object.values(byStatus(found, 'r')).map((one) => one.length), [3, 1, 1])
  const marks = found.filter((one) => !one.message)
  assert.deepEqual([...byDay(marks, 'r', 'Asia/Shanghai')], [['2025-06-13', 1]])
})

test('the load of both is side by side, and a name is taken once', () => {
  assert.deepEqual(loadRows({ histogram: { 1: 5, 10: 1 } }, { histogram: { 1: 3, 2: 4 } }), [
    { number: 1, before: 5, after: 3 },
    { number: 2, before: 0, after: 4 },
    { number: 10, before: 1, after: 0 },
  ])
  assert.equal(freshName('x', [{ name: 'x' }, { name: 'x (2)' }, null]), 'x (3)')
  assert.equal(freshName('y', []), 'y')
})

test('the one button is the next step of this reader with this draft', () => {
  const fine = { problems: [{ severity: 'warning' }], examples: [{ passed: true }, { passed: false }] }
  const at = (draft, more = {}) =>
    standing({ draft: { state: 'open', author: 'li', ...draft }, checked: fine, writes: true, settings: { needs_approval: false, login: 'li' }, ...more })
  const asks = { settings: { needs_approval: true, login: 'li' } }
  assert.equal(at({}), 'publish')
  assert.equal(at({}, { checked: { problems: [{ severity: 'error' }] } }), 'mend')
  assert.equal(at({}, { writes: false }), 'look')
  assert.equal(at({ publish_at: '2025-06-13T01:30:00Z' }), 'scheduled')
  assert.equal(at({}, asks), 'ask')
  assert.equal(at({ state: 'approved' }, asks), 'publish')
  assert.equal(at({ state: 'asked' }, asks), 'wait')
  assert.equal(at({ state: 'asked', author: 'wu', changed_by: 'li' }, asks), 'wait')
  assert.equal(at({ state: 'asked', author: 'wu', changed_by: 'wu' }, asks), 'decide')
  assert.equal(at({ state: 'published' }), 'done')
  const document = { id: 'r' }
  assert.deepEqual(gates({ draft: { document, preview: null }, checked: fine, document, tried: { id: 'r' } }), { errors: 0, examples: 2, passed: 1, tried: true })
  assert.equal(gates({ draft: { document: { id: 'old' }, preview: {} }, checked: fine, document, tried: null }).tried, false)
})
