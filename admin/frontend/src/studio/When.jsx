// When a rule speaks: every form of `when` that the rule language has.
import { choose } from '../words.js'
import { Condition } from './Condition.jsx'
import { factsOf, typesOf } from './facts.js'
import { AsText, DurationField, Picker, Select, TimeField, useStudio } from './parts.jsx'

const DAYS = 'monday tuesday wednesday thursday friday saturday sunday'.split(' ')
const KEYS = {
  workday: ['every', 'at'], day: ['every', 'at'], week: ['every', 'on', 'at'], month: ['every', 'on', 'at'],
  event: ['event'],
  absence: ['event', 'without', 'within', 'match', 'clock', 'where'],
  wait: ['event', 'wait', 'match', 'clock', 'where'],
  not_all: ['not_all', 'within', 'match', 'clock', 'where'],
}

/** Which form a `when` has; '' where there is none for it. */
export function formOf(when) {
  if (!when || typeof when !== 'object' || Array.isArray(when)) return ''
  const form = 'every' in when ? when.every : 'not_all' in when ? 'not_all' : 'wait' in when ? 'wait' : 'without' in when || 'within' in when ? 'absence' : 'event' in when ? 'event' : ''
  const keys = KEYS[form]
  if (!keys || Object.keys(when).some((key) => !keys.includes(key))) return ''
  const plain = ['at', 'within', 'wait', 'match', 'clock', 'event'].every((key) => when[key] === undefined || typeof when[key] === 'string')
  const listed = [when.without, when.not_all].every((one) => one === undefined || typeof one === 'string' || (Array.isArray(one) && one.every((item) => typeof item === 'string')))
  return plain && listed ? form : ''
}

/** `when` in another form, keeping what both have. */
export function inForm(form, when = {}, vocabulary) {
  const type = typesOf(when)[0] ?? vocabulary.events[0]?.name ?? ''
  const other = vocabulary.events.find((one) => one.name !== type)?.name ?? type
  const rest = Object.fromEntries(['clock', 'where'].filter((key) => key in when).map((key) => [key, when[key]]))
  const span = when.within ?? when.wait ?? '24 hours'
  const match = when.match ?? 'subject'
  if (form === 'event') return { event: type }
  if (form === 'absence') return { event: type, without: when.without ?? other, within: span, match, ...rest }
  if (form === 'wait') return { event: type, wait: span, ...rest, ...(when.match ? { match } : {}) }
  if (form === 'not_all') return { not_all: when.not_all ?? [type, other], within: span, match, ...rest }
  const on = { week: { on: DAYS.includes(when.on) ? when.on : 'friday' }, month: { on: typeof when.on === 'number' ? when.on : 'last' } }
  return { every: form, ...on[form], at: when.at ?? '09:00' }
}

export function When() {
  const { document, change, t, vocabulary } = useStudio()
  const when = document.when
  const form = formOf(when)
  if (when !== undefined && !form) {
    return <AsText value={when} label={t('when')} onChange={(value, typing) => change('when', value, typing)} />
  }
  const put = (key, value, typing) => change(`when.${key}`, value, typing)
  const options = Object.keys(KEYS).map((one) => [one, t(`when_${one}`)])
  return (
    <div class="l">
      <Select value={form} label={t('when')} place="when" options={options} onChange={(next) => change('when', inForm(next, when, vocabulary))} />
      {form === 'week' && <Select value={String(when.on ?? '').toLowerCase()} label={t('weekday')} place="when.on" options={DAYS.map((one) => [one, t(one)])} onChange={(on) => put('on', on)} />}
      {form === 'month' && <MonthDay value={when.on} onChange={(on) => put('on', on)} />}
      {when?.every && <TimeField value={when.at} label={t('time_of_day')} place="when.at" onInput={(at) => put('at', at, true)} />}
      {['event', 'absence', 'wait'].includes(form) && <EventType value={when.event} place="when.event" onPick={(event) => put('event', event)} />}
      {form === 'absence' && (
        <>
          <span class="soft">{t('and_no')}</span>
          <Types value={when.without} place="when.without" onChange={(value) => put('without', value)} />
        </>
      )}
      {form === 'not_all' && <Types value={when.not_all} place="when.not_all" least={2} onChange={(value) => put('not_all', value)} />}
      {['absence', 'not_all'].includes(form) && (
        <>
          <span class="soft">{t('within')}</span>
          <DurationField value={when.within} label={t('within')} place="when.within" onChange={(value) => put('within', value, true)} />
        </>
      )}
      {form === 'wait' && <DurationField value={when.wait} label={t('wait_for')} place="when.wait" onChange={(value) => put('wait', value, true)} />}
      {['absence', 'not_all', 'wait'].includes(form) && <Together when={when} form={form} put={put} />}
    </div>
  )
}

function MonthDay({ value, onChange }) {
  const { t } = useStudio()
  const days = Array.from({ length: 31 }, (_, n) => [String(n + 1), t('day_of_month', { day: n + 1 })])
  return <Select value={String(value ?? '')} label={t('day')} place="when.on" options={[...days, ['last', t('last_day')]]} onChange={(on) => onChange(on === 'last' ? on : Number(on))} />
}

export function EventType({ value, onPick, place, label }) {
  const { vocabulary, locale, t } = useStudio()
  const groups = new Map()
  for (const one of vocabulary.events) {
    const name = vocabulary.groups?.find((group) => group.name === one.plugin)
    const word = name ? choose(name.title, locale) : one.plugin
    if (!groups.has(word)) groups.set(word, [])
    groups.get(word).push({ name: one.name, label: choose(one.title, locale, one.name) })
  }
  return <Picker value={value} onPick={onPick} label={label ?? t('event')} place={place} placeholder={t('pick_event')} groups={[...groups].map(([word, options]) => ({ label: word, options }))} />
}

function Types({ value, onChange, place, least = 1 }) {
  const { t, vocabulary } = useStudio()
  const items = Array.isArray(value) ? value : [value]
  const write = (next) => onChange(next.length === 1 && !Array.isArray(value) ? next[0] : next)
  return (
    <>
      {items.map((one, number) => (
        <span class="l" key={number}>
          {number > 0 && <span class="soft">{t(least > 1 ? 'and' : 'or')}</span>}
          <EventType value={one} place={place} onPick={(type) => write(items.map((old, n) => (n === number ? type : old)))} />
          {items.length > least && (
            <button type="button" class="quiet" aria-label={t('remove_event')} onClick={() => write(items.filter((_, n) => n !== number))}>
              ×
            </button>
          )}
        </span>
      ))}
      <button type="button" class="add" onClick={() => onChange([...items, vocabulary.events.find((one) => !items.includes(one.name))?.name ?? items[0]])}>
        {t('add_event')}
      </button>
    </>
  )
}

function Together({ when, form, put }) {
  const studio = useStudio()
  const { t, vocabulary, locale, document } = studio
  const types = typesOf(when)
  const keys = types.map((type) => vocabulary.events.find((one) => one.name === type)?.fields.filter((field) => field.key) ?? [])
  const shared = keys.length ? keys[0].filter((field) => keys.every((of) => of.some((one) => one.name === field.name))) : []
  const options = [['subject', t('match_subject')], ['case', t('match_case')], ...shared.filter((one) => !['subject', 'case'].includes(one.name)).map((one) => [one.name, choose(one.title, locale, one.name)])]
  const facts = factsOf(vocabulary, document, locale, t, 'event.')
  return (
    <details class="more" open={Boolean(when.where)}>
      <summary>{t('what_belongs_together')}</summary>
      <div class="l">
        <span class="soft">{t('match')}</span>
        <Select value={when.match ?? 'subject'} label={t('match')} place="when.match" options={options} onChange={(match) => put('match', form === 'wait' && match === 'subject' ? null : match)} />
        <Select value={when.clock ?? 'elapsed'} label={t('clock')} place="when.clock" options={[['elapsed', t('clock_elapsed')], ['working', t('clock_working')]]} onChange={(clock) => put('clock', clock === 'elapsed' ? null : clock)} />
      </div>
      <Condition place="when.where" value={when.where} label={t('where')} facts={facts} empty={t('every_event_counts')} onChange={(where) => put('where', where, true)} />
    </details>
  )
}
