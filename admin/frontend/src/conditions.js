// A condition of a document ↔ a query of the builder. What the builder has no form for is carried through as it is.
//
// document: {fact, OP: operand} | {all|any|none: […]} | […]          (see the rule language)
// query:    {combinator: all|any|none, rules: [rule | query], shape} (react-querybuilder's standard tree)
// rule:     {field, operator, value} | {field: RAW, operator: RAW, value: document}

import { join } from './path.js'

export const RAW = '~as-text'
export const COMBINATORS = ['all', 'any', 'none']
export const OPERATORS = (
  'is is_not lt lte gt gte between in not_in contains not_contains starts_with matches exists'
).split(' ')
export const LISTED = ['in', 'not_in', 'between']

/** How the top was written, so that it is written so again: absent, leaf, list or group. */
export function toQuery(document) {
  if (document === undefined || document === null) return { combinator: 'all', rules: [], shape: 'absent' }
  const node = nodeOf(document)
  return 'rules' in node ? node : { combinator: 'all', rules: [node], shape: 'leaf' }
}

function nodeOf(document) {
  if (Array.isArray(document)) return { combinator: 'all', rules: document.map(nodeOf), shape: 'list' }
  if (document && typeof document === 'object') {
    const keys = Object.keys(document)
    const [key] = keys
    if (keys.length === 1 && COMBINATORS.includes(key) && Array.isArray(document[key])) {
      return { combinator: key, rules: document[key].map(nodeOf), shape: 'group' }
    }
    const operator = keys.find((one) => one !== 'fact')
    if (keys.length === 2 && typeof document.fact === 'string' && OPERATORS.includes(operator) && known(document[operator], operator)) {
      return { field: document.fact, operator, value: document[operator], first: keys[0] }
    }
  }
  return { field: RAW, operator: RAW, value: document }
}

/** Whether the editor of values can show the operand without changing it. */
function known(operand, operator) {
  if (LISTED.includes(operator)) {
    const plain = Array.isArray(operand) && operand.every(isLiteral)
    return plain && (operator !== 'between' || operand.length === 2)
  }
  if (operator === 'exists') return typeof operand === 'boolean'
  return isLiteral(operand) || isReference(operand)
}

function isLiteral(value) {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

/** {fact: OTHER, times: 0.5}: a comparison with another fact. */
export function isReference(value) {
  if (!value || typeof value !== 'object' || Array.isArray(value)) return false
  const { fact, times, ...others } = value
  return typeof fact === 'string' && !Object.keys(others).length && (times === undefined || typeof times === 'number')
}

/** The document of a query; undefined where nothing is asked. */
export function toDocument(query) {
  const { shape, combinator, rules } = query
  if (shape === 'list' && combinator === 'all') return rules.map(documentOf)
  if (shape === 'group') return { [combinator]: rules.map(documentOf) }
  if (!rules.length) return undefined
  if (rules.length === 1 && combinator !== 'none') return documentOf(rules[0])
  return { [combinator]: rules.map(documentOf) }
}

function documentOf(node) {
  if ('rules' in node) {
    if (node.shape === 'list' && node.combinator === 'all') return node.rules.map(documentOf)
    return { [node.combinator]: node.rules.map(documentOf) }
  }
  if (node.field === RAW) return node.value
  const written = { fact: node.field, [node.operator]: node.value }
  return node.first && node.first !== 'fact' ? Object.fromEntries(Object.entries(written).reverse()) : written
}

/** Where each rule and group stands in the document: {id: place}. */
export function placesOf(query, place) {
  const found = {}
  const walk = (node, at) => {
    if (node.id) found[node.id] = at
    if (!('rules' in node)) return
    const inner = node.shape === 'list' && node.combinator === 'all' ? at : join(at, node.combinator)
    node.rules.forEach((child, number) => walk(child, join(inner, number)))
  }
  const written = toDocument(query)
  const alone = query.rules.length === 1 && written !== undefined && same1(written, query)
  if (alone) {
    walk(query.rules[0], place)
    if (query.id) found[query.id] = place
  } else walk(query, place)
  return found
}

function same1(written, query) {
  return (query.shape === 'leaf' || query.shape === 'absent' || query.shape === undefined) && query.combinator !== 'none' && written !== null
}

/** A value of the right form for another operator, keeping what can be kept. */
export function fitted(value, operator, type) {
  const one = Array.isArray(value) ? value[0] : value
  if (operator === 'exists') return typeof one === 'boolean' ? one : true
  if (operator === 'between') return Array.isArray(value) && value.length === 2 ? value : pair(one, type)
  if (LISTED.includes(operator)) return Array.isArray(value) ? value : isReference(one) || one === '' ? [] : [one]
  if (one === undefined || (typeof one === 'boolean' && type !== 'boolean' && type !== '')) return initial(type)
  return one
}

function pair(one, type) {
  const low = isReference(one) || one === undefined || typeof one === 'boolean' ? initial(type) : one
  return [low, low]
}

/** What a value is before anybody chose it. */
export function initial(type) {
  if (type === 'boolean') return true
  if (type === 'number' || type === 'integer') return 0
  return ''
}
