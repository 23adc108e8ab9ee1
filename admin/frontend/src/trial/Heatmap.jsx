// A calendar of the days tried: a real table, the busier a day the warmer its cell. A press on a day shows what was said on it.
import { useMemo } from 'preact/hooks'
import { byDay, weeksOf } from './figures.js'
import { addDays, spokenDay, wallOf } from './times.js'

const MONDAY = '2024-01-01'

export function Heatmap({ preview, rule, zone, locale, t, day, onDay }) {
  const days = useMemo(() => byDay(preview.findings, rule, zone), [preview, rule, zone])
  const first = wallOf(preview.from, zone).date
  const last = wallOf(preview.until, zone).date
  const weeks = useMemo(() => weeksOf(days, first, last), [days, first, last])
  const said = [...days.values()].reduce((sum, one) => sum + one, 0)
  return (
    <div class="cal-box">
      <h3 id="cal-title">{t('preview_per_day')}</h3>
      <table class="cal" aria-labelledby="cal-title">
        <thead>
          <tr>
            <th scope="col"><span class="sr">{t('preview_week_of')}</span></th>
            {Array.from({ length: 7 }, (_, number) => (
              <th key={number} scope="col">
                <span aria-hidden="true">{weekday(number, locale, 'narrow')}</span>
                <span class="sr">{weekday(number, locale, 'long')}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((week) => (
            <tr key={week[0].day} class={week.some((one) => one.number) ? undefined : 'calm'}>
              <th scope="row">{short(week[0].day)}</th>
              {week.map((one) => (
                <td key={one.day}>
                  <Cell cell={one} locale={locale} t={t} pressed={day === one.day} onDay={onDay} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="help">{t('preview_days_said', { n: said, days: days.size })}</p>
    </div>
  )
}

function Cell({ cell, locale, t, pressed, onDay }) {
  if (cell.number === null) return null
  if (!cell.number) return <span class="d h0" title={spokenDay(cell.day, locale, true)}><span aria-hidden="true">·</span><span class="sr">0</span></span>
  const label = t('preview_day_said', { day: spokenDay(cell.day, locale, true), n: cell.number })
  return (
    <button type="button" class={`d h${cell.heat}`} aria-pressed={pressed} aria-label={label} title={label} onClick={() => onDay(pressed ? null : cell.day)}>
      {cell.number}
    </button>
  )
}

const short = (day) => `${Number(day.slice(5, 7))}/${Number(day.slice(8))}`

function weekday(number, locale, form) {
  const at = new Date(`${addDays(MONDAY, number)}T00:00:00Z`)
  const word = new Intl.DateTimeFormat(locale === 'zh' ? 'zh-CN' : 'en-GB', { weekday: form, timeZone: 'UTC' }).format(at)
  return word
}
