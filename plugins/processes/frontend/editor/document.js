// Changes to a document, each a new one: the order of its names is the order of the page, and is kept.

/** The document with `value` at `path` (a list of names and numbers); undefined takes the name away. */
export function setAt(of, path, value) {
  if (!path.length) return value
  const [name, ...rest] = path
  const inner = setAt(of?.[name], rest, value)
  if (Array.isArray(of)) return inner === undefined ? of.filter((_, at) => at !== name) : of.map((one, at) => (at === name ? inner : one))
  if (inner !== undefined) return { ...of, [name]: inner }
  const { [name]: _gone, ...kept } = of ?? {}
  return kept
}

/** What stands at `path`; undefined where nothing does. */
export const getAt = (of, path) => path.reduce((found, name) => found?.[name], of)

/** The same names with `name` one place further on (`by` 1) or back (-1). */
export function shifted(of, name, by) {
  const names = Object.keys(of)
  const from = names.indexOf(name)
  const to = Math.min(Math.max(from + by, 0), names.length - 1)
  names.splice(to, 0, ...names.splice(from, 1))
  return Object.fromEntries(names.map((one) => [one, of[one]]))
}

/** The same list with the one at `from` moved by `by` places. */
export function turned(list, from, by) {
  const to = Math.min(Math.max(from + by, 0), list.length - 1)
  const found = [...list]
  found.splice(to, 0, ...found.splice(from, 1))
  return found
}

/** A name that is still free: step, step_2, step_3. */
export function freeName(taken, base) {
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}_${number}`
    if (!(name in taken)) return name
  }
}

/** 24 hours → {amount: 24, unit: 'hours'}; null for what is no length of time. */
export function duration(text) {
  const found = /^\s*(\d{1,5})\s*([a-z]+?)s?\s*$/.exec(text ?? '')
  return found ? { amount: Number(found[1]), unit: `${found[2]}s` } : null
}

export const durationText = ({ amount, unit }) => `${amount} ${unit}`

/** A deadline as an object, however it is written: '24 hours' is {within: '24 hours'}. */
export const deadline = (said) => (typeof said === 'string' ? { within: said } : (said ?? null))

const GROUPS = ['all', 'any']

/** A condition as {group, parts: [{field, op, operand}]}, or null for one that the form cannot show. */
export function simple(condition) {
  const group = GROUPS.find((one) => Array.isArray(condition?.[one]))
  const parts = (group ? condition[group] : [condition]).map(comparison)
  return parts.every(Boolean) ? { group: group ?? 'all', parts } : null
}

export function fromSimple({ group, parts }) {
  const all = parts.map(({ field, op, operand }) => ({ field, [op]: operand }))
  return all.length === 1 ? all[0] : { [group]: all }
}

function comparison(condition) {
  const { field, ...rest } = condition ?? {}
  const operators = Object.keys(rest)
  return typeof field === 'string' && operators.length === 1 ? { field, op: operators[0], operand: rest[operators[0]] } : null
}

/** Where a step or an end is named: everything that would lead to nowhere without it. */
export function leadsTo(document, name) {
  const found = []
  for (const [node, { outcomes = {} }] of Object.entries(document.nodes ?? {}))
    for (const [outcome, { to }] of Object.entries(outcomes))
      if (to === name || (Array.isArray(to) && to.some((one) => one.to === name))) found.push({ node, outcome })
  return found
}

/** The document without a step: what led to it leads to the one that followed it, where there is one. */
export function withoutNode(document, name) {
  const { [name]: gone, ...nodes } = document.nodes
  const ways = Object.values(gone.outcomes ?? {}).filter((one) => one.good !== false)
  const next = ways.map((one) => (Array.isArray(one.to) ? one.to.at(-1)?.to : one.to)).find((to) => to && to !== name)
  const instead = (to) => (to === name ? (next ?? '') : to)
  const outcomes = (of) =>
    Object.fromEntries(
      Object.entries(of ?? {}).map(([id, one]) => [
        id,
        { ...one, to: Array.isArray(one.to) ? one.to.map((way) => ({ ...way, to: instead(way.to) })) : instead(one.to) },
      ]),
    )
  return { ...document, nodes: Object.fromEntries(Object.entries(nodes).map(([id, one]) => [id, { ...one, outcomes: outcomes(one.outcomes) }])) }
}

/** The document without a field: no form asks for it any more. What else names it is told by the check. */
export function withoutField(document, name) {
  const { [name]: _gone, ...fields } = document.fields
  const asked = (form) => form?.filter((one) => one !== name && one !== `${name}?`)
  const nodes = Object.entries(document.nodes).map(([id, { form, ...one }]) => {
    const left = asked(form)
    return [id, left?.length ? { ...one, form: left } : one]
  })
  return { ...document, fields, nodes: Object.fromEntries(nodes) }
}

/** The problems at a place and below it, without those that stand at one of `elsewhere`. */
export function problemsAt(problems, place, elsewhere = []) {
  const under = (at, of) => at === of || at.startsWith(`${of}.`) || at.startsWith(`${of}[`)
  return problems.filter(({ at }) => under(at, place) && !elsewhere.some((one) => under(at, one)))
}

/** A place as [[id, its title as {zh, en}] or word, …], for words: nodes.ask.outcomes.go.to → the step, the way, 'to'. */
export function placeParts(at, document) {
  const [kind, id, ...rest] = at.replaceAll(/\[\d+\]/g, '').split('.')
  if (!id || !['nodes', 'fields', 'ends'].includes(kind)) return kind ? [kind] : []
  const named = [id, document[kind]?.[id]?.title]
  if (kind === 'nodes' && rest[0] === 'outcomes' && rest[1]) return [named, [rest[1], document.nodes[id]?.outcomes?.[rest[1]]?.title], ...rest.slice(2, 3)]
  return [named, ...rest.slice(0, 1)]
}
