import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RAW, fitted, placesOf, toDocument, toQuery } from './conditions.js'
import { get, set, within } from './path.js'

const leaf = { fact: 'person.on_trip', is: true }
const WRITTEN = {
  'nothing asked': undefined,
  'one comparison': leaf,
  'a list alone': [leaf, { fact: 'metric.reports_today', is: 0 }],
  'an empty list': [],
  'one in a group': { all: [leaf] },
  'none of them': { none: [leaf] },
  'groups in groups': { any: [leaf, { all: [{ none: [leaf, leaf] }, [leaf]] }] },
  'another fact': { fact: 'metric.visits_this_week', lt: { fact: 'target.visits_this_week', times: 0.8 } },
  'another fact as it is': { fact: 'metric.visits_this_week', lt: { fact: 'peers.visits_this_week' } },
  'between and in': { all: [{ fact: 'event.amount', between: [1, 2] }, { fact: 'event.city', in: ['北京', '悉尼'] }] },
  'there is one': { fact: 'event.customer', exists: false },
  'the operator first': { is: true, fact: 'person.on_trip' },
}
const UNKNOWN = {
  'an operator we do not know': { fact: 'event.amount', near: 5 },
  'two operators': { fact: 'event.amount', gt: 5, lt: 9 },
  'a group beside a fact': { all: [leaf], fact: 'person.on_trip' },
  'a text': 'person.on_trip',
  'null among values': { fact: 'event.city', in: [null] },
  'three ends': { fact: 'event.amount', between: [1, 2, 3] },
  'more in a reference': { fact: 'event.amount', lt: { fact: 'event.limit', plus: 3 } },
}

for (const [name, document] of Object.entries({ ...WRITTEN, ...UNKNOWN })) {
  test(`comes back as it was: ${name}`, () => {
    const back = toDocument(toQuery(document))
    assert.deepEqual(back, document)
    assert.equal(JSON.stringify(back), JSON.stringify(document))
  })
}

for (const [name, document] of Object.entries(UNKNOWN)) {
  test(`is carried as it is, also among others: ${name}`, () => {
    const query = toQuery({ all: [leaf, document] })
    assert.equal(query.rules[1].field, RAW)
    query.rules.push({ field: 'person.on_trip', operator: 'is', value: false })
    assert.deepEqual(toDocument(query), { all: [leaf, document, { fact: 'person.on_trip', is: false }] })
  })
}

test('a second condition makes a group of a lone one, and taking it away leaves the lone one', () => {
  const query = toQuery(leaf)
  query.rules.push({ field: 'metric.reports_today', operator: 'is', value: 0 })
  assert.deepEqual(toDocument(query), { all: [leaf, { fact: 'metric.reports_today', is: 0 }] })
  query.rules.pop()
  assert.deepEqual(toDocument(query), leaf)
  query.rules.pop()
  assert.equal(toDocument(query), undefined)
})

test('each condition knows its place as the check names it', () => {
  const document = { any: [leaf, { none: [leaf, leaf] }, [leaf]] }
  const query = toQuery(document)
  query.rules.forEach((one, number) => (one.id = `r${number}`))
  query.rules[1].rules[1].id = 'inner'
  query.rules[2].rules[0].id = 'listed'
  const places = placesOf(query, 'if')
  assert.equal(places.r0, 'if.any[0]')
  assert.equal(places.inner, 'if.any[1].none[1]')
  assert.equal(places.listed, 'if.any[2][0]')
  for (const place of Object.values(places)) assert.notEqual(get({ if: document }, place), undefined)
  const lone = toQuery(leaf)
  lone.rules[0].id = 'lone'
  assert.equal(placesOf(lone, 'who').lone, 'who')
})

test('a value keeps what it can under another operator', () => {
  assert.deepEqual(fitted(5, 'between', 'number'), [5, 5])
  assert.deepEqual(fitted([3, 5], 'gte', 'number'), 3)
  assert.deepEqual(fitted('x', 'in', 'text'), ['x'])
  assert.equal(fitted({ fact: 'a.b' }, 'exists', 'number'), true)
  assert.deepEqual(fitted({ fact: 'a.b', times: 2 }, 'lt', 'number'), { fact: 'a.b', times: 2 })
})

test('a place is set and taken out without touching what is beside it', () => {
  const document = { id: 'r', when: { event: 'a.b' }, then: [{ mark: 'x' }, { nudge: 'person', message: { zh: '一' } }], odd: [1] }
  const next = set(document, 'then[1].message.en', 'one')
  assert.deepEqual(next.then[1].message, { zh: '一', en: 'one' })
  assert.equal(next.then[0], document.then[0])
  assert.deepEqual(set(next, 'then[0]', null).then.length, 1)
  assert.deepEqual(Object.keys(set(document, 'who', leaf)), ['id', 'when', 'who', 'then', 'odd'])
  assert.ok(within('then[1].message', 'then[1]') && !within('then[10]', 'then[1]') && !within('thenceforth', 'then'))
})
