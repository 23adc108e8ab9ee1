// What is new, what stays, and what falls away, named; twenty at a time, and each leads to why.
import { useEffect, useState } from 'preact/hooks'
import { byStatus, PAGE, STATUSES } from './figures.js'
import { spokenWall, wallOf } from './times.js'
import { actionWord } from './Would.jsx'

export function Found({ preview, rule, names, zone, locale, t, vocabulary, facts, day, onDay, onLook }) {
  const all = byStatus(preview.findings, rule)
  const [status, setStatus] = useState(() => STATUSES.find((one) => all[one].length) ?? 'new')
  const [page, setPage] = useState(0)
  useEffect(() => setPage(0), [status, day, preview])
  // a day that was pressed shows the sort it has most to say of
  useEffect(() => {
    if (day && !all[status].some((one) => wallOf(one.at, zone).date === day)) {
      const other = STATUSES.find((name) => all[name].some((one) => wallOf(one.at, zone).date === day))
      if (other) setStatus(other)
    }
  }, [day])
  const shown = day ? all[status].filter((one) => wallOf(one.at, zone).date === day) : all[status]
  const rows = shown.slice(page * PAGE, (page + 1) * PAGE)
  const pages = Math.ceil(shown.length / PAGE)
  const counts = preview.rules[rule] ?? {}
  return (
    <div class="found-box">
      <h3>{t('preview_against')}</h3>
      <div class="row wrap found-tools">
        <div class="seg" role="group" aria-label={t('preview_against')}>
          {STATUSES.map((one) => (
            <button key={one} type="button" aria-pressed={status === one} onClick={() => setStatus(one)}>
              {t(`preview_${one}`, { n: counts[one] ?? all[one].length })}
            </button>
          ))}
        </div>
        {day && (
          <button type="button" class="btn btn-sm" onClick={() => onDay(null)}>
            {t('preview_all_days')}
          </button>
        )}
      </div>
      {rows.length ? (
        <ul class="diff-list">
          {rows.map((one) => (
            <li key={one.key + one.status + one.action}>
              <button
                type="button"
                class="found-row"
                onClick={() => onLook({ person: { id: one.subject, name: names[one.subject] ?? one.subject }, at: one.at })}
              >
                <span class="dt">{stamp(one.at, zone, locale)}</span>
                <b>{names[one.recipient ?? one.subject] ?? one.recipient ?? one.subject}</b>
                <span class="soft what">{one.differs.length > 0 && `${t('preview_differs', { what: one.differs.map((name) => t(`preview_differs_${name}`)).join(t('trial_comma')) })} `}{one.message || actionWord(one.action, vocabulary, facts, locale, t)}</span>
                <span class="link small">{t('preview_why')}</span>
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <p class="soft small none">{t(`preview_no_${status}`)}</p>
      )}
      {pages > 1 && (
        <div class="pages">
          <button type="button" class="btn btn-sm" disabled={page === 0} onClick={() => setPage(page - 1)}>{t('preview_back')}</button>
          <span class="small soft" role="status">{t('preview_page', { from: page * PAGE + 1, to: Math.min((page + 1) * PAGE, shown.length), n: shown.length })}</span>
          <button type="button" class="btn btn-sm" disabled={page >= pages - 1} onClick={() => setPage(page + 1)}>{t('preview_on')}</button>
        </div>
      )}
      {preview.left_out > 0 && <p class="help">{t('preview_left_out', { n: preview.left_out })}</p>}
    </div>
  )
}

function stamp(at, zone, locale) {
  const { date, time } = wallOf(at, zone)
  return spokenWall(`${date}T${time}`, locale)
}
