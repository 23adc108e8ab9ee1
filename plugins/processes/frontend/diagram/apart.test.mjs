import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePlace, meet } from './apart.js'

const SIZE = { width: 80, height: 20 }
const at = (x, y) => ({ x, y })

test('words that touch meet, words side by side do not', () => {
  assert.ok(meet({ ...SIZE, ...at(0, 0) }, { ...SIZE, ...at(70, 10) }))
  assert.ok(!meet({ ...SIZE, ...at(0, 0) }, { ...SIZE, ...at(90, 0) }))
  assert.ok(!meet({ ...SIZE, ...at(0, 0) }, { ...SIZE, ...at(0, 24) }))
})

test('a word stays in the middle where nothing is in its way', () => {
  assert.deepEqual(freePlace(SIZE, [at(0, 0), at(0, 50)], []), at(0, 0))
})

test('a word that would cover another one takes the nearest free place', () => {
  const taken = [{ ...SIZE, ...at(10, 5) }, { ...SIZE, ...at(0, -30) }]
  assert.deepEqual(freePlace(SIZE, [at(0, 0), at(0, -25), at(0, 60), at(0, 90)], taken), at(0, 60))
})

test('where no place is free it stays where it is', () => {
  assert.deepEqual(freePlace(SIZE, [at(0, 0), at(5, 5)], [{ ...SIZE, ...at(0, 0) }]), at(0, 0))
})
