// Moments and the wall clock of a zone. Pure: what a date field holds, what the server is asked with, what a page shows.

/** {date: '2025-06-12', time: '19:00'} of a moment on the wall clock of `zone`. */
export function wallOf(iso, zone) {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-GB', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
      .formatToParts(new Date(iso))
      .map((part) => [part.type, part.value]),
  )
  return { date: `${parts.year}-${parts.month}-${parts.day}`, time: `${parts.hour}:${parts.minute}` }
}

/** The moment at which the wall clock of `zone` shows this; one that the clock skips is the moment it moves on to. */
export function momentOf({ date, time }, zone) {
  const wanted = Date.parse(`${date}T${time}:00Z`)
  if (Number.isNaN(wanted)) return null
  let at = wanted
  for (let turn = 0; turn < 3; turn += 1) {
    const shown = wallOf(new Date(at).toISOString(), zone)
    const off = Date.parse(`${shown.date}T${shown.time}:00Z`) - wanted
    if (!off) break
    at -= off
  }
  return new Date(at).toISOString()
}

export function addDays(date, by) {
  const moved = new Date(`${date}T00:00:00Z`)
  moved.setUTCDate(moved.getUTCDate() + by)
  return moved.toISOString().slice(0, 10)
}

/** 0 for Monday to 6 for Sunday. */
export function weekdayOf(date) {
  return (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7
}

/** The day and time a try begins with: the trigger's time, on the last day on which that has come. */
export function firstAsked(when, now, zone) {
  const here = wallOf(now, zone)
  const time = /^\d\d:\d\d$/.test(when?.at ?? '') ? when.at : here.time
  return { date: time > here.time ? addDays(here.date, -1) : here.date, time }
}

/** `6月12日 19:00`, `12 Jun, 19:00`; `wall` as the server wrote it, in its zone already: `2025-06-12T19:00+08:00`. */
export function spokenWall(wall, locale) {
  const [date, rest = ''] = wall.split('T')
  return `${spokenDay(date, locale)}${locale === 'zh' ? ' ' : ', '}${rest.slice(0, 5)}`
}

export function spokenDay(date, locale, weekday = false) {
  const options = { timeZone: 'UTC', month: locale === 'zh' ? 'long' : 'short', day: 'numeric', ...(weekday ? { weekday: 'short' } : {}) }
  return new Intl.DateTimeFormat(locale === 'zh' ? 'zh-CN' : 'en-GB', options).format(new Date(`${date}T00:00:00Z`))
}
