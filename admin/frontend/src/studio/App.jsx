// The studio: one rule on one page, when · who · if · then · later · until · limit, and what it means as she types.
import { useEffect, useMemo, useState } from 'preact/hooks'
import { set, within } from '../path.js'
import { PublishBar, Trial } from '../trial/index.jsx'
import { choose } from '../words.js'
import { Actions, Later, Message } from './Actions.jsx'
import { asked } from './asked.js'
import { Condition } from './Condition.jsx'
import { Examples } from './Examples.jsx'
import { factsOf, unitWord } from './facts.js'
import { Limit } from './Limit.jsx'
import { AsText, Field, Icon, Select, Step, Studio, useStudio } from './parts.jsx'
import { Phone } from './Phone.jsx'
import { useDraft } from './state.js'
import { When } from './When.jsx'

const CARDS = ['title', 'when', 'who', 'if', 'then', 'later', 'until', 'limit', 'examples']
const ELSEWHERE = ['id', 'kind', 'why', 'about', ...CARDS]

export function App({ boot, vocabulary, api, t, locale }) {
  const draft = useDraft(boot, api)
  const { document, change, checked, undo, redo } = draft
  const facts = useMemo(() => {
    const found = factsOf(vocabulary, document, locale, t)
    for (const one of found.all.values()) one.unitWord = unitWord(one.unit, vocabulary, locale, t)
    return found
  }, [vocabulary, document.when, document.metrics])
  const problems = useMemo(() => (checked?.problems ?? []).map((one) => asked(one, document, t)), [checked, document, t])
  const [tried, setTried] = useState(null)
  const [live, setLive] = useState(null) // the version this draft became
  const writes = boot.writes && !live
  const errors = problems.filter((one) => one.severity === 'error')
  const fix = (way) => change(way.place, way.value)
  const people = useCount(api, document, checked?.ok)

  useEffect(() => {
    const keys = (event) => {
      if (live || !(event.ctrlKey || event.metaKey) || event.altKey) return
      const key = event.key.toLowerCase()
      if (key === 'z' && !event.shiftKey) undo()
      else if (key === 'y' || (key === 'z' && event.shiftKey)) redo()
      else return
      event.preventDefault()
    }
    window.addEventListener('keydown', keys)
    return () => window.removeEventListener('keydown', keys)
  }, [live])

  const jump = () => {
    const first = errors.length > 0 && window.document.querySelector('.beside.error')
    if (!first) {
      const bar = window.document.getElementById('publish')
      if (bar?.childElementCount) return bar.scrollIntoView({ behavior: 'smooth' })
      return window.location.assign('?text=1')
    }
    const host = first.closest('.besides')
    const field = host && window.document.querySelector(`[aria-describedby~="${host.id}"]`)
    first.scrollIntoView({ block: 'center' })
    return (field ?? first).focus({ preventScroll: true })
  }
  const shared = { ...draft, t, locale, vocabulary, facts, problems, fix, writes }
  const loose = problems.filter((one) => one.severity === 'error' && ![...ELSEWHERE, ...others(document)].some((place) => within(one.at, place)))
  return (
    <Studio.Provider value={shared}>
      <Head boot={live ? { ...boot, version: live.version } : boot} errors={errors.length} jump={jump} />
      <Stale />
      <Sentence sentence={boot.sentence} />
      {loose.map((one) => (
        <p key={one.problem} class="beside error sec" role="alert" tabIndex={-1}>
          <Icon name="info" />
          <span class="grow">{one.at && <code>{one.at}</code>} {one.problem} {one.hint && <span class="hint">{one.hint}</span>}</span>
        </p>
      ))}
      <fieldset class="two" disabled={!writes}>
        <legend class="sr">{t('cards')}</legend>
        <ol class="flow">
          <Naming boot={boot} />
          <Step name="when" label={t('when')} places={['when']} except={['when.where']} aside={document.when?.every ? t('own_zone') : null}>
            <When />
          </Step>
          <ConditionStep name="who" label={t('who')} empty={t(document.about && document.about !== 'person' ? 'all_of_them' : 'everyone')} aside={people} />
          <ConditionStep name="if" label={t('if')} empty={t('always')} />
          <Step name="then" label={t('then')}>
            <Actions place="then" value={document.then} />
          </Step>
          <Step name="later" label={t('later')} places={bare(document.later) ? ['later'] : []}>
            <Later />
          </Step>
          <ConditionStep name="until" label={t('until')} empty={t(document.later?.length ? 'until_nothing' : 'until_not_needed')} />
          <Step name="limit" label={t('limit')} places={['limit']}>
            <Limit />
          </Step>
          <Step name="examples" label={t('key_examples')}>
            <Examples />
          </Step>
          <Others />
        </ol>
        <aside class="rail">
          <Phone />
        </aside>
      </fieldset>
      <Trial draft={shared.draft} zone={boot.zone} now={boot.now} document={document} vocabulary={vocabulary} locale={locale} api={api} t={t} change={change} onTried={setTried} onSaveExample={(example) => change('examples', [...(document.examples ?? []), example])} />
      <div id="publish">
        <PublishBar draft={shared.draft} document={document} checked={checked} tried={tried} zone={boot.zone} now={boot.now} rulesUrl={boot.rules_url} locale={locale} api={api} t={t} onPublished={setLive} onJump={jump} settings={boot.settings} />
      </div>
      <UndoBar />
    </Studio.Provider>
  )
}

/** Whether a list is none, so that its problems have no item to stand beside. */
const bare = (items) => !Array.isArray(items) || !items.length
const others = (document) => Object.keys(document).filter((key) => !ELSEWHERE.includes(key))

/** How many people `who` fits now; '' where the server cannot say. */
function useCount(api, document, ok) {
  const [said, setSaid] = useState(null)
  useEffect(() => {
    if (!ok) {
      setSaid(null)
      return undefined
    }
    const control = new AbortController()
    const timer = setTimeout(async () => {
      try {
        setSaid(await api.post('/rules/count', { document }, { signal: control.signal }))
      } catch (error) {
        if (error.name !== 'AbortError') setSaid(null)
      }
    }, 600)
    return () => {
      clearTimeout(timer)
      control.abort()
    }
  }, [JSON.stringify(document.who), document.about, ok])
  return said?.people ?? null
}

function Head({ boot, errors, jump }) {
  const { document, t, locale, saving, undo, canUndo, draft, writes } = useStudio()
  const [clock] = useState(() => new Intl.DateTimeFormat(locale === 'zh' ? 'zh-CN' : 'en-GB', { hour: '2-digit', minute: '2-digit', timeZone: boot.zone }))
  const time = saving.at ? clock.format(new Date(saving.at)) : ''
  const said = { saved: t('saved_at', { time }), saving: t('saving'), offline: t('not_reached'), failed: t('not_saved'), stale: t('saved_by_other') }[saving.state]
  const online = boot.version ? t('online_is', { n: boot.version }) : t('never_published')
  return (
    <>
      <p class="crumb">
        <a href={boot.rules_url}>{t('rules')}</a> / <a href={boot.drafts_url}>{t('drafts')}</a> /
      </p>
      <div class="head">
        <div>
          <h1>{choose(document.title, locale, t('untitled'))}</h1>
          <p class={`lead small save-${saving.state}`} role="status">
            {said}
            {locale === 'zh' ? '' : ' '}
            {online}
          </p>
          {saving.state === 'failed' && saving.error?.message && <p class="small need" role="alert">{saving.error.problems?.[0]?.problem ?? saving.error.message}</p>}
        </div>
        <div class="acts">
          {writes && (
            <button type="button" class="btn btn-icon" aria-label={t('undo')} title={`${t('undo')} (Ctrl+Z)`} disabled={!canUndo} onClick={undo}>
              <Icon name="undo" />
            </button>
          )}
          <a class="btn" href="?text=1">{t('as_text')}</a>
          {draft.based_on && <a class="btn" href={boot.rules_url + encodeURIComponent(draft.rule)}>{t('version', { n: draft.based_on })}</a>}
          {writes && (
            <button type="button" class="btn" onClick={jump}>
              {errors ? t('publish_to_go', { n: errors }) : t('to_publishing')}
            </button>
          )}
        </div>
      </div>
    </>
  )
}

function Sentence({ sentence }) {
  const { checked, t, locale, problems } = useStudio()
  const parts = checked?.parts?.[locale]
  const whole = checked?.sentence?.[locale] ?? sentence?.[locale]
  const go = (event, place) => {
    event.preventDefault()
    const step = window.document.getElementById(`step-${place.split(/[.[]/)[0]}`)
    step?.scrollIntoView({ block: 'center', behavior: 'smooth' })
    step?.querySelector('input, select, textarea, button')?.focus({ preventScroll: true })
  }
  const bad = (place) => problems.some((one) => one.severity === 'error' && within(one.at, place))
  return (
    <section class="card say" aria-live="polite" aria-label={t('sentence_label')}>
      {parts?.length
        ? parts.map((part, number) =>
            part.place ? (
              <a key={number} class={bad(part.place) ? 't bad' : 't'} href={`#step-${part.place.split(/[.[]/)[0]}`} onClick={(event) => go(event, part.place)}>
                {part.text}
              </a>
            ) : (
              <span key={number}>{part.text}</span>
            ),
          )
        : whole || <span class="soft">{t('no_sentence_yet')}</span>}
    </section>
  )
}

function Naming({ boot }) {
  const { document, change, t, vocabulary, problems } = useStudio()
  const tucked = problems.filter((one) => ['why', 'kind', 'about', 'id'].some((place) => within(one.at, place)))
  const kinds = vocabulary.kinds.map((one) => [one, t(`kind_${one}`)])
  const abouts = vocabulary.about.map((one) => [one, t(`about_${one}`)])
  return (
    <Step name="title" label={t('what')} places={['id', 'kind', 'about', 'priority']}>
      <div class="named">
        <span class="lbl">{t('title')}</span>
        <Message place="title" value={document.title ?? {}} label={t('title')} rows={1} hint={t('title_hint')} />
        <details class="more" open={tucked.some((one) => one.severity === 'error')}>
          <summary>
            {t('why_and_kind')}
            {tucked.length > 0 && <span class="soft"> · {t('worth_a_look')}</span>}
          </summary>
          <span class="lbl">{t('why')}</span>
          <Message place="why" value={document.why ?? {}} label={t('why')} rows={1} hint={t('why_hint')} />
          <div class="l">
            <Select value={document.kind} label={t('kind')} place="kind" options={kinds} onChange={(kind) => change('kind', kind)} />
            <Select value={document.about ?? 'person'} label={t('about')} place="about" options={abouts} onChange={(about) => change('about', about === 'person' ? null : about)} />
            {!boot.draft.based_on && <Field value={document.id} label={t('id')} place="id" onInput={(id) => change('id', id, true)} width="220px" />}
          </div>
        </details>
      </div>
    </Step>
  )
}

function ConditionStep({ name, label, empty, aside }) {
  const { document, change, facts, problems, t } = useStudio()
  const inner = problems.filter((one) => within(one.at, name) && /[.[]/.test(one.at)).map((one) => one.at)
  const raw = typeof document[name] === 'string' || typeof document[name] === 'number'
  const single = document[name] && 'fact' in Object(document[name])
  return (
    <Step name={name} label={label} places={single ? [] : [name]} except={inner} aside={typeof aside === 'number' ? t('people_now', { n: aside }) : null}>
      {raw ? (
        <AsText value={document[name]} label={label} onChange={(value, typing) => change(name, value, typing)} />
      ) : (
        <Condition place={name} value={document[name]} label={label} facts={facts} empty={empty} onChange={(value) => change(name, value, true)} />
      )}
    </Step>
  )
}

/** What has no card: the rule's own metrics, and keys that we do not know. */
function Others() {
  const { document, replace, t, problems } = useStudio()
  const keys = others(document)
  if (!keys.length) return null
  const bad = problems.some((one) => keys.some((key) => within(one.at, key)))
  return (
    <Step name="others" label={t('others')}>
      <details class="more" open={bad}>
        <summary>{keys.map((key) => (['metrics', 'priority'].includes(key) ? t(`key_${key}`) : key)).join(' · ')}</summary>
        {keys.map((key) => (
          <AsText key={key} place={key} value={document[key]} label={['metrics', 'priority'].includes(key) ? t(`key_${key}`) : key} why="" onChange={(value, typing) => replace(set(document, key, value), { place: key, typing })} />
        ))}
      </details>
    </Step>
  )
}

function Stale() {
  const { stale, t, takeTheirs, keepBoth } = useStudio()
  const [failed, setFailed] = useState('')
  if (!stale) return null
  const both = async () => {
    try {
      window.location.assign(await keepBoth())
    } catch (error) {
      setFailed(error.message)
    }
  }
  return (
    <section class="card stale" role="alert">
      <p>{t('stale')}{failed && ` ${failed}`}</p>
      <div class="row wrap">
        <button type="button" class="btn" onClick={takeTheirs}>{t('take_theirs')}</button>
        <button type="button" class="btn" onClick={both}>{t('keep_both')}</button>
      </div>
    </section>
  )
}

function UndoBar() {
  const { bar, undo, t } = useStudio()
  if (!bar) return <div aria-live="polite" />
  const step = bar.place.split(/[.[]/)[0]
  const name = CARDS.includes(step) ? t({ title: 'what', examples: 'key_examples' }[step] ?? step) : t(bar.place === '~theirs' ? 'the_rule' : 'the_rule')
  return (
    <div aria-live="polite">
      <div class="undo">
        <span>{t('changed', { name })}</span>
        <button type="button" onClick={undo}>{t('undo')}</button>
      </div>
    </div>
  )
}
