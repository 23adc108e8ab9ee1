// What a preview found, as figures: by day, in weeks, in pages. Pure.
import { addDays, wallOf, weekdayOf } from './times.js'

export const STATUSES = ['new', 'same', 'gone']
export const PAGE = 20

/** The findings of one rule by status: {new: […], same: […], gone: […]}. */
export function byStatus(findings, rule) {
  const found = { new: [], same: [], gone: [] }
  for (const one of findings) if (one.rule === rule) found[one.status].push(one)
  return found
}

/** What the rule would have told somebody; of a rule that tells nobody anything, what it would have written down. */
export function toldBy(findings, rule) {
  const found = findings.filter((one) => one.rule === rule && one.status !== 'gone')
  const told = found.filter((one) => one.message)
  return told.length ? told : found
}

/** day → how many times the rule would have spoken, on the calendar of `zone`; what is gone does not count. */
export function byDay(findings, rule, zone) {
  const days = new Map()
  for (const one of toldBy(findings, rule)) {
    const { date } = wallOf(one.at, zone)
    days.set(date, (days.get(date) ?? 0) + 1)
  }
  return days
}

/** Weeks from Monday to Sunday of {day, number, heat}: `heat` 0 to 4, in quarters of the busiest day; number null outside. */
export function weeksOf(days, first, last) {
  const most = Math.max(0, ...days.values())
  const weeks = []
  for (let monday = addDays(first, -weekdayOf(first)); monday <= last; monday = addDays(monday, 7)) {
    weeks.push(
      Array.from({ length: 7 }, (_, offset) => {
        const day = addDays(monday, offset)
        const number = day < first || day > last ? null : (days.get(day) ?? 0)
        return { day, number, heat: number ? Math.ceil((4 * number) / most) : 0 }
      }),
    )
  }
  return weeks
}

/** Everybody whom the rule would have told, once. */
export function peopleOf(findings, rule) {
  return new Set(toldBy(findings, rule).map((one) => one.recipient ?? one.subject)).size
}

/** [{number, before, after}] person-days with that many messages, from either load; one that has none is 0. */
export function loadRows(before, after) {
  const numbers = new Set([...Object.keys(before.histogram), ...Object.keys(after.histogram)].map(Number))
  return [...numbers].sort((one, other) => one - other).map((number) => ({
    number,
    before: before.histogram[number] ?? 0,
    after: after.histogram[number] ?? 0,
  }))
}

/** A name for an example that no other has. */
export function freshName(name, examples) {
  const taken = new Set(examples.map((one) => one?.name))
  if (!taken.has(name)) return name
  let number = 2
  while (taken.has(`${name} (${number})`)) number += 1
  return `${name} (${number})`
}
