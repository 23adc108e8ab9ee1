// How much people would hear on one day, all rules together: before, in grey, and with this draft, in amber.
import { loadRows } from './figures.js'

export function Load({ preview, names, t }) {
  const rows = loadRows(preview.before, preview.after)
  const most = Math.max(1, ...rows.flatMap((row) => [row.before, row.after]))
  const told = preview.after.most_told
  const held = Object.entries(preview.after.held)
  return (
    <div class="load-box">
      <h3 id="load-title">{t('preview_load')}</h3>
      {rows.length > 0 ? (
        <table class="load" aria-labelledby="load-title">
          <thead>
            <tr>
              <th scope="col">{t('preview_a_day')}</th>
              <td aria-hidden="true" />
              <th scope="col"><i class="dot peer" aria-hidden="true" />{t('preview_before')}</th>
              <th scope="col"><i class="dot self" aria-hidden="true" />{t('preview_after')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.number}>
                <th scope="row">{t('preview_times', { n: row.number })}</th>
                <td aria-hidden="true">
                  {row.before > 0 && <i class="b peer" style={{ width: `${(100 * row.before) / most}%` }} />}
                  {row.after > 0 && <i class="b self" style={{ width: `${(100 * row.after) / most}%` }} />}
                </td>
                <td>{row.before}</td>
                <td>{row.after}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p class="small soft">{t('preview_load_none')}</p>
      )}
      <p class="help">
        {t('preview_load_note')}
        {held.length > 0 && ` ${t('preview_held', { parts: held.map(([why, n]) => `${heldWord(why, t)} ${n}`).join(t('trial_comma')) })}`}
        {preview.after.unsent > 0 && ` ${t('preview_unsent', { n: preview.after.unsent })}`}
      </p>
      {told.length > 0 && (
        <details class="more">
          <summary>{t('preview_most_told', { n: preview.after.most })}</summary>
          <ul class="told">
            {told.map((one) => (
              <li key={one.person}>
                <span class="grow">{names[one.person] ?? one.person}</span>
                <span class="soft">{t('preview_times', { n: one.messages })}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}

const HELD = { 'quiet hours': 'held_quiet', 'budget of the day': 'held_day', 'budget of the week': 'held_week', digest: 'held_digest' }

export const heldWord = (why, t) => t(`preview_${HELD[why] ?? 'held_other'}`)
