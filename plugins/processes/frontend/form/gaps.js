// What is left before a form can be handed in, worked out from plain values; and what the main button says of it.

/** Characters as a person counts them, white space at the ends aside: the same number that the rules look at. */
export const length = (text) => [...text.trim()].length

/** How much of a field there is: characters of a text, items of a list, rows, files. */
export function amount(field) {
  if (field.type === 'list') return field.value.split('\n').filter((line) => line.trim()).length
  return typeof field.value === 'number' ? field.value : length(field.value)
}

/**
 * The gaps of `fields`, [{name, title, type, value, required, least, enough, enoughMust}], with what the server `asked`
 * ([{at, message, must, least}]): [{name, title, kind, n, must, message}], kind: open | characters | items | asked.
 * What must be done comes first, otherwise in the order of the page.
 */
export function gapsOf(fields, asked = []) {
  const found = []
  for (const field of fields) {
    const of = amount(field)
    const own = asked.filter((one) => one.at.split(/[.[]/)[0] === field.name)
    const kind = field.type === 'text' ? 'characters' : 'items'
    if (field.required && of === 0) {
      found.push({ ...named(field), kind: 'open', must: true })
    } else if (of > 0 && of < field.least) {
      found.push({ ...named(field), kind, n: field.least - of, of: field.least, must: true })
    } else if (of < field.enough && (of > 0 || field.required)) {
      const said = own.find((one) => one.least === field.enough)
      found.push({ ...named(field), kind, n: field.enough - of, of: field.enough, must: field.enoughMust, message: said?.message })
    }
    const counted = found.some((gap) => gap.name === field.name)
    for (const one of own) if (!one.least && !counted) found.push({ ...named(field), kind: 'asked', at: one.at, must: one.must, message: one.message })
  }
  const known = new Set(fields.map((field) => field.name))
  for (const one of asked) {
    if (!known.has(one.at.split(/[.[]/)[0])) found.push({ name: one.at, title: '', kind: 'asked', must: one.must, message: one.message })
  }
  return [...found.filter((gap) => gap.must), ...found.filter((gap) => !gap.must)]
}

const named = ({ name, title }) => ({ name, title })

/** What the main button says, of the words that the page brings: `word` when nothing is left. */
export function labelOf(gaps, word, say) {
  const musts = gaps.filter((gap) => gap.must)
  if (musts.length > 1) return say('open', { n: musts.length })
  const [gap] = musts.length ? musts : gaps
  if (!gap) return word
  if (gap.kind === 'characters') return say(gap.must ? 'add_must' : 'add_should', { n: gap.n })
  if (gap.kind === 'items') return say(gap.must ? 'add_items' : 'add_items_should', { n: gap.n })
  if (gap.kind === 'open') return say('fill', { title: gap.title })
  return gap.title ? say('look', { title: gap.title }) : word
}
