// Small helpers for elements made by hand: nothing that somebody wrote is ever read as markup.

/** el('p.note.small', {role: 'alert'}, 'text', child…) */
export function el(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split('.')
  const element = document.createElement(tag)
  if (classes.length) element.className = classes.join(' ')
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (value !== false && value != null) element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children.filter((one) => one != null))
  return element
}

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('class', 'i')
  svg.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use')
  use.setAttribute('href', `#i-${name}`)
  svg.append(use)
  return svg
}

/** Whether a field holds something else than what its page came with. */
export function isOtherwise(input) {
  if (!('options' in input)) return input.value !== input.defaultValue || input.checked !== input.defaultChecked
  const came = [...input.options].findIndex((one) => one.defaultSelected)
  return input.selectedIndex !== Math.max(came, 0)
}

/** The words that the page brings, {name} filled in. */
export const wordsOf = (words) => (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole))

/** A moment as it is said beside a hand-in, in the zone of whoever reads: 20:59, or 3-31 20:59 unless it is of the day of `now`. */
export function clock(iso, { lang, zone }, now) {
  const tag = lang === 'zh' ? 'zh-CN' : 'en-GB'
  const day = (of) => of.toLocaleDateString(tag, { timeZone: zone })
  const more = day(new Date(iso)) === day(now) ? {} : { month: 'short', day: 'numeric' }
  return new Date(iso).toLocaleString(tag, { hour: '2-digit', minute: '2-digit', timeZone: zone, ...more })
}
