// The facts that a rule may name, from the vocabulary: with titles, types and units, grouped by who brings them.
import { choose } from '../words.js'

/** {all: Map name → fact, groups: [{label, options: [fact]}], operatorsOf(fact)}; fact: {name, label, type, unit}. */
export function factsOf(vocabulary, document, locale, t, only = '') {
  const found = new Map()
  const groups = new Map()
  const add = (label, fact) => {
    if (found.has(fact.name) || (only && !fact.name.startsWith(only))) return
    found.set(fact.name, fact)
    if (!groups.has(label)) groups.set(label, [])
    groups.get(label).push(fact)
  }
  for (const type of typesOf(document?.when)) {
    const event = vocabulary.events.find((one) => one.name === type)
    const fields = event?.fields ?? [{ name: 'subject', type: 'text' }, { name: 'time', type: 'time' }]
    for (const field of fields) add(choose(event?.title, locale, type), factOf(`event.${field.name}`, field, fields, locale, t))
  }
  for (const fact of vocabulary.facts) {
    add(groupLabel(vocabulary, fact, locale, t), { name: fact.name, label: labelOf(fact, locale, t), type: fact.type, unit: fact.unit })
  }
  for (const [name, metric] of Object.entries(document?.metrics ?? {})) {
    const spoken = typeof metric?.title === 'object' ? choose(metric.title, locale, name) : spaced(name)
    add(t('group_own'), { name: `metric.${name}`, label: spoken, type: 'last' in (metric ?? {}) ? '' : 'number', unit: '' })
  }
  for (const fact of vocabulary.facts.filter((one) => one.name.startsWith('metric.'))) {
    const label = t('peers_of', { name: labelOf(fact, locale, t) })
    add(t('group_peers'), { name: fact.name.replace('metric.', 'peers.'), label, type: 'number', unit: fact.unit })
  }
  return {
    all: found,
    groups: [...groups].map(([label, options]) => ({ label, options })),
    of: (name) => found.get(name) ?? { name, label: wordsOf(name, found, t), type: '', unit: '', unknown: true },
    operatorsOf: (name) => vocabulary.operators[found.get(name)?.type] ?? vocabulary.all_operators,
  }
}

/** A fact that is not offered, by the figure it is about: a target that no position has. */
function wordsOf(name, found, t) {
  const [family, ...rest] = name.split('.')
  const metric = found.get(`metric.${rest.join('.')}`)
  return metric && ['target', 'peers'].includes(family) ? t(`${family}_of`, { name: metric.label }) : name
}

function factOf(name, field, fields, locale, t) {
  const label = choose(field.title, locale)
  if (label) return { name, label, type: field.type, unit: field.unit ?? '' }
  if (field.name.endsWith('.length')) {
    const base = fields.find((one) => one.name === field.name.slice(0, -7))
    return { name, label: t('length_of', { name: choose(base?.title, locale, base?.name) }), type: field.type, unit: field.unit ?? '' }
  }
  const known = { subject: t('event_subject'), time: t('event_time'), type: t('event_type') }
  return { name, label: known[field.name] ?? spaced(field.name), type: field.type, unit: field.unit ?? '' }
}

function labelOf(fact, locale, t) {
  const label = choose(fact.title, locale, spaced(fact.name.split('.').slice(1).join(' ')))
  return fact.name.startsWith('target.') ? t('target_of', { name: label }) : label
}

function groupLabel(vocabulary, fact, locale, t) {
  if (fact.name.startsWith('target.')) return t('group_targets')
  const given = vocabulary.groups?.find((one) => one.name === fact.plugin || one.plugin === fact.plugin)
  if (given?.title) return choose(given.title, locale)
  return fact.plugin || t('group_other')
}

export function spaced(name) {
  return name.replaceAll('_', ' ')
}

/** The event types that a `when` speaks of whose fields the rule sees. */
export function typesOf(when) {
  if (!when || typeof when !== 'object') return []
  if (Array.isArray(when.not_all)) return when.not_all.filter((one) => typeof one === 'string')
  return typeof when.event === 'string' ? [when.event] : []
}

/** Unit in words; the client's own units stand as they are. */
export function unitWord(unit, vocabulary, locale, t) {
  if (!unit) return ''
  const given = vocabulary.units?.[unit] ?? (Array.isArray(vocabulary.units) && vocabulary.units.find((one) => one.name === unit)?.title)
  if (given) return choose(given, locale, unit)
  const ours = ['characters', 'items', 'days', 'reports', 'visits', 'people', 'points', 'money', 'hours']
  return ours.includes(unit) ? t(`unit_${unit}`) : unit
}
