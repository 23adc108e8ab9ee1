// Places in a document, as the check names them: `if.all[1].fact`, `then[0].message.zh`.

export function steps(place) {
  return [...place.matchAll(/[^.[\]]+|\[(\d+)\]/g)].map((found) => (found[1] === undefined ? found[0] : Number(found[1])))
}

export function join(place, step) {
  if (typeof step === 'number') return `${place}[${step}]`
  return place ? `${place}.${step}` : step
}

/** Whether `at` is `place` or lies in it. */
export function within(at, place) {
  return at === place || place === '' || (at.startsWith(place) && '.['.includes(at[place.length]))
}

export function get(document, place) {
  return steps(place).reduce((value, step) => (value === null || value === undefined ? undefined : value[step]), document)
}

/** A copy with `value` at `place`; undefined or null takes the place out. Keys keep their order, new ones of a rule take theirs. */
export function set(document, place, value) {
  return put(document, steps(place), value ?? undefined)
}

const ORDER = (
  'id kind title why about priority when who if then later until limit metrics examples'
).split(' ')

function put(value, path, wanted) {
  if (!path.length) return wanted
  const [step, ...rest] = path
  if (typeof step === 'number') {
    const items = Array.isArray(value) ? [...value] : value === undefined ? [] : [value]
    const item = put(items[step], rest, wanted)
    if (item === undefined) items.splice(step, 1)
    else items[step] = item
    return items
  }
  const before = value && typeof value === 'object' && !Array.isArray(value) ? value : {}
  const item = put(before[step], rest, wanted)
  if (item === undefined) {
    const { [step]: _gone, ...others } = before
    return others
  }
  if (step in before || !ORDER.includes(step) || !('when' in before || 'id' in before)) return { ...before, [step]: item }
  const place = ORDER.indexOf(step)
  const entries = Object.entries(before)
  const behind = entries.findIndex(([key]) => ORDER.indexOf(key) > place)
  entries.splice(behind < 0 ? entries.length : behind, 0, [step, item])
  return Object.fromEntries(entries)
}

export function same(one, other) {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || !one || !other) return false
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => key in other && same(one[key], other[key]))
}
