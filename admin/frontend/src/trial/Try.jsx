// One person and one day, or one of the rule's examples: what would happen, step by step, and why.
import { useEffect, useRef, useState } from 'preact/hooks'
import { same } from '../path.js'
import { Icon, useStudio } from '../studio/parts.jsx'
import { choose } from '../words.js'
import { freshName } from './figures.js'
import { PersonPicker } from './PersonPicker.jsx'
import { errorsOf, StillToGo, Trouble } from './said.jsx'
import { Steps } from './Steps.jsx'
import { firstAsked, momentOf, spokenWall, wallOf } from './times.js'
import { Would } from './Would.jsx'

const AGAIN_AFTER = 700

export function Try({ document, vocabulary, locale, api, t, zone, now, wanted, onSaveExample }) {
  const { checked, facts, writes } = useStudio()
  const [person, setPerson] = useState(null)
  const [wall, setWall] = useState(() => firstAsked(document.when, now, zone))
  const [asked, setAsked] = useState(null)
  const [walk, setWalk] = useState(null)
  const [error, setError] = useState(null)
  const [busy, setBusy] = useState(false)
  const [missing, setMissing] = useState(false)
  const [kept, setKept] = useState('')
  const field = useRef(null)
  const control = useRef(null)
  const examples = Array.isArray(document.examples) ? document.examples : []
  const about = document.about ?? 'person'
  const errors = errorsOf(checked)

  const run = async (what) => {
    control.current?.abort()
    const mine = new AbortController()
    control.current = mine
    setAsked(what)
    setBusy(true)
    setError(null)
    if (what !== asked) setKept('')
    try {
      const { label: _label, ...question } = what
      setWalk(await api.post('/rules/try', { document, ...question }, { signal: mine.signal }))
    } catch (failed) {
      if (failed.name === 'AbortError') return
      setWalk(null)
      setError(failed)
    }
    if (control.current === mine) setBusy(false)
  }
  const tryOne = (who, when) => {
    const at = momentOf(when, zone)
    setMissing(!who?.id)
    if (!who?.id) return field.current?.focus()
    return at && run({ subject: who.id, at, label: who.name })
  }

  // the rule was changed: the same question is put to what it says now
  const tried = useRef(document)
  useEffect(() => {
    if (!asked || errors || sameButExamples(tried.current, document)) return undefined
    const timer = setTimeout(() => {
      tried.current = document
      run(asked)
    }, AGAIN_AFTER)
    return () => clearTimeout(timer)
  }, [document, errors])
  useEffect(() => () => control.current?.abort(), [])

  // somebody's day that was pressed below
  useEffect(() => {
    if (!wanted) return
    const when = wallOf(wanted.at, zone)
    setPerson(wanted.person)
    setWall(when)
    tried.current = document
    run({ subject: wanted.person.id, at: wanted.at, label: wanted.person.name })
    const panel = window.document.getElementById('try')
    panel.scrollIntoView({ block: 'start', behavior: 'smooth' })
    panel.focus({ preventScroll: true })
  }, [wanted])

  const move = (part) => {
    const next = { ...wall, ...part }
    setWall(next)
    if (person && next.date && next.time) tryOne(person, next)
  }
  const keep = () => {
    const name = freshName(walk.example.name, examples)
    onSaveExample({ ...walk.example, name })
    setKept(name)
  }
  return (
    <section class="card sec" id="try" tabIndex={-1} aria-label={t('trial_try')}>
      <div class="cap">
        <div>
          <h2>{t('trial_try')}</h2>
          <p class="help">{t('trial_try_note')}</p>
        </div>
      </div>
      <form
        class="try-ask"
        onSubmit={(event) => {
          event.preventDefault()
          tried.current = document
          tryOne(person, wall)
        }}
      >
        {about === 'person' ? (
          <PersonPicker
            person={person}
            api={api}
            t={t}
            field={field}
            onPick={(one) => {
              setPerson(one)
              tryOne(one, wall)
            }}
          />
        ) : (
          <input ref={field} class="inp" aria-label={t(`trial_which_${about}`)} placeholder={t(`trial_which_${about}`)} value={person?.id ?? ''} onInput={(event) => setPerson({ id: event.currentTarget.value.trim(), name: event.currentTarget.value.trim() })} />
        )}
        <input class="inp" type="date" aria-label={t('trial_day')} value={wall.date} max={now.slice(0, 10) > wall.date ? now.slice(0, 10) : wall.date} onChange={(event) => move({ date: event.currentTarget.value })} />
        <input class="inp" type="time" aria-label={t('trial_time')} value={wall.time} onChange={(event) => move({ time: event.currentTarget.value })} />
        <button class="btn">
          <Icon name="eye" />
          {t('trial_look')}
        </button>
      </form>
      {examples.length > 0 && (
        <div class="try-examples" role="group" aria-label={t('key_examples')}>
          <span class="small soft">{t('trial_or_example')}</span>
          {examples.map((one, number) => (
            <button
              key={number}
              type="button"
              class="btn btn-sm"
              aria-pressed={asked?.example === number}
              onClick={() => {
                tried.current = document
                run({ example: number, label: one?.name })
              }}
            >
              <i class={`mk mk-${checked?.examples?.[number]?.passed === false ? 'need' : 'ok'}`} />
              <span class="cut">{one?.name ?? number + 1}</span>
              {checked?.examples?.[number]?.passed === false && <span class="sr">{t('trial_example_differs')}</span>}
            </button>
          ))}
        </div>
      )}
      <div aria-live="polite" aria-busy={busy}>
        {missing && <p class="help need">{t(about === 'person' ? 'trial_pick_person' : `trial_which_${about}`)}</p>}
        {!walk && !error && !asked && (errors ? <StillToGo errors={errors} t={t} /> : null)}
        {errors > 0 && asked && <StillToGo errors={errors} t={t} />}
        {!errors && <Trouble error={error} t={t} />}
        {busy && !walk && <p class="soft sec">{t('trial_looking')}</p>}
        {walk && (
          <div class={`tried${busy || errors ? ' old' : ''}`}>
            <p class="ans">
              {asked?.label && <span class="tried-who">{[asked.label, walk.steps[0]?.at && spokenWall(walk.steps[0].at, locale)].filter(Boolean).join(' · ')}</span>}
              {choose(walk.answer, locale)}
            </p>
            <div class="tried-two">
              <Steps walk={walk} locale={locale} t={t} />
              <div class="tried-side">
                <h3>{t('trial_would')}</h3>
                <Would walk={walk} vocabulary={vocabulary} facts={facts} locale={locale} t={t} />
                <Known walk={walk} facts={facts} t={t} />
              </div>
            </div>
            {walk.example && writes && asked?.example === undefined && (
              <div class="if keep">
                <span class="grow">{kept ? t('trial_kept', { name: kept }) : t('trial_keep_why')}</span>
                {!kept && (
                  <button type="button" class="btn btn-sm" onClick={keep}>
                    <Icon name="pin" small />
                    {t('trial_keep')}
                  </button>
                )}
              </div>
            )}
          </div>
        )}
      </div>
    </section>
  )
}

function sameButExamples(one, other) {
  return one === other || same({ ...one, examples: null }, { ...other, examples: null })
}

/** Everything that was known at that moment, by its titles. */
function Known({ walk, facts, t }) {
  const rows = Object.entries(walk.facts)
  if (!rows.length) return null
  const word = (value) => {
    if (value === null) return t('trial_no_data')
    if (typeof value === 'boolean') return t(value ? 'yes' : 'no')
    return Array.isArray(value) ? value.join(t('trial_comma')) || t('trial_no_data') : String(value)
  }
  return (
    <details class="more">
      <summary>{t('trial_known', { n: rows.length })}</summary>
      <dl class="facts">
        {rows.map(([name, value]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{facts.of(name).label}</dt>
            <dd>{word(value)}{facts.of(name).unitWord && value !== null ? ` ${facts.of(name).unitWord}` : ''}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
