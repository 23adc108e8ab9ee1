// The draft tried on the past 30 or 90 days beside every rule in force: whom it would have told, when, and how much that is.
import { useEffect, useRef, useState } from 'preact/hooks'
import { same } from '../path.js'
import { Icon, useStudio } from '../studio/parts.jsx'
import { Found } from './Found.jsx'
import { peopleOf, toldBy } from './figures.js'
import { Heatmap } from './Heatmap.jsx'
import { Load } from './Load.jsx'
import { errorsOf, StillToGo, toFirstProblem, Trouble } from './said.jsx'

const SPANS = [30, 90]
const DAY = 24 * 60 * 60 * 1000

export function Preview({ draft, document, vocabulary, locale, api, t, zone, now, onTried, onLook }) {
  const { checked, facts, save, saving } = useStudio()
  const [wanted, setWanted] = useState(null)
  const [done, setDone] = useState(null)
  const [found, setFound] = useState(null)
  const [error, setError] = useState(null)
  const [day, setDay] = useState(null)
  const control = useRef(null)
  const opened = useRef(Date.now())
  const errors = errorsOf(checked)
  const rule = document.id
  const isSaved = same(document, draft.document)

  const run = async (days) => {
    const mine = new AbortController()
    control.current = mine
    setDone(0)
    setError(null)
    const asked = document
    const until = Date.parse(now) + (Date.now() - opened.current)
    try {
      await api.stream(
        `/drafts/${draft.id}/preview`,
        { from: new Date(until - days * DAY).toISOString() },
        (line) => {
          if ('done' in line) setDone(line.done)
          else if (line.error) setError(Object.assign(new Error(line.error), { problems: line.problems ?? [] }))
          else if (line.preview) {
            setFound({ preview: line.preview, names: line.names ?? {}, days, document: asked })
            setDay(null)
            onTried?.(asked)
          }
        },
        { signal: mine.signal },
      )
    } catch (failed) {
      if (failed.name !== 'AbortError') setError(failed.problems ? failed : Object.assign(new Error(''), { status: 0 }))
    }
    if (control.current === mine) {
      control.current = null
      setDone(null)
    }
  }
  const cancel = () => {
    control.current?.abort()
    control.current = null
    setDone(null)
    setWanted(null)
  }
  const ask = (days) => {
    if (errors) return toFirstProblem()
    return setWanted(days)
  }
  // what is tried is what the server has: it is saved first
  useEffect(() => {
    if (!wanted) return
    if (isSaved) {
      setWanted(null)
      run(wanted)
    } else if (saving.state === 'stale' || saving.state === 'offline') setWanted(null)
    else save()
  }, [wanted, isSaved, saving.state])
  useEffect(() => () => control.current?.abort(), [])

  const busy = wanted !== null || done !== null
  const share = Math.round(100 * (done ?? 0))
  return (
    <section class="card sec" id="preview" aria-label={t('preview_title')}>
      <div class="cap">
        <div>
          <h2>{t('preview_title')}</h2>
          <p class="help">{draft.based_on ? t('preview_note', { n: draft.based_on }) : t('preview_note_new')}</p>
        </div>
        <div class="row wrap">
          {SPANS.map((days) => (
            <button key={days} type="button" class="btn btn-sm" aria-pressed={found?.days === days && !busy} disabled={busy} onClick={() => ask(days)}>
              {t('preview_last', { n: days })}
            </button>
          ))}
        </div>
      </div>
      {busy && (
        <div class="running">
          <div class="pbar" role="progressbar" aria-label={t('preview_running')} aria-valuemin={0} aria-valuemax={100} aria-valuenow={share}>
            <i style={{ width: `${Math.max(share, 2)}%` }} />
          </div>
          <span class="small soft">{t('preview_done', { n: share })}</span>
          <button type="button" class="btn btn-sm" onClick={cancel}>
            {t('preview_cancel')}
          </button>
        </div>
      )}
      <div aria-live="polite">
        {errors > 0 && !found && <StillToGo errors={errors} t={t} />}
        <Trouble error={busy ? null : error} t={t} />
        {!found && !busy && !error && !errors && <p class="soft">{draft.preview ? kept(draft.preview, rule, t) : t('preview_not_yet')}</p>}
        {found && !busy && !same(found.document, document) && (
          <div class="beside old-note">
            <Icon name="info" />
            <span class="grow">{t('preview_old')}</span>
            <button type="button" class="btn btn-sm" onClick={() => ask(found.days)}>{t('preview_again')}</button>
          </div>
        )}
        {found && <Summary found={found} rule={rule} t={t} />}
      </div>
      {found && spoken(found.preview, rule) > 0 && (
        <div class={`preview-three${busy ? ' old' : ''}`}>
          <Heatmap preview={found.preview} rule={rule} zone={zone} locale={locale} t={t} day={day} onDay={setDay} />
          <Found preview={found.preview} names={found.names} {...{ rule, zone, locale, t, vocabulary, facts, day, onLook }} onDay={setDay} />
          <Load preview={found.preview} names={found.names} t={t} />
        </div>
      )}
    </section>
  )
}

const countsOf = (preview, rule) => ({ new: 0, same: 0, gone: 0, ...(preview.rules[rule] ?? {}) })

function spoken(preview, rule) {
  const counts = countsOf(preview, rule)
  return counts.new + counts.same + counts.gone
}

/** One sentence; where nobody would have been told, why that is and what to do about it. */
function Summary({ found, rule, t }) {
  const { preview, days } = found
  const counts = countsOf(preview, rule)
  const faulty = preview.faulty[rule]
  if (faulty) return <p class="preview-says">{t('preview_faulty', { why: faulty })}</p>
  if (!spoken(preview, rule)) {
    return (
      <div class="would-none">
        <Icon name="moon" />
        <p>{t('preview_nobody', { n: days })}{t(preview.events ? 'preview_nobody_fits' : 'preview_nobody_heard')}</p>
      </div>
    )
  }
  const people = peopleOf(preview.findings, rule)
  const words = { people, n: toldBy(preview.findings, rule).length, new: counts.new, same: counts.same, gone: counts.gone, most: preview.most_people_a_day[rule] ?? 0 }
  return <p class="preview-says">{t(words.n ? 'preview_says' : 'preview_says_none', words)}</p>
}

function kept(figures, rule, t) {
  const counts = countsOf({ rules: figures.rules ?? {} }, rule)
  return t('preview_kept', { new: counts.new, same: counts.same, gone: counts.gone })
}
