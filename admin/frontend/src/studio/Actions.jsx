// What is done: then, and later. Messages in each language, with facts put in from a list.
import { useRef, useState } from 'preact/hooks'
import { join, within } from '../path.js'
import { choose } from '../words.js'
import { EventType } from './When.jsx'
import { typesOf } from './facts.js'
import { AsText, Beside, DurationField, Field, Icon, Picker, Select, TimeField, Tools, useProblems, useStudio } from './parts.jsx'
import { PlanFor, PlanSteps } from './Plan.jsx'
import { moved, planOf } from './plan.js'

const LANGUAGES = { zh: '中文', en: 'English' }
const FORMS = {
  nudge: ['nudge', 'message', 'channel'],
  ask: ['ask', 'severity', 'message'],
  mark: ['mark', 'message'],
  infer: ['infer', 'because'],
  improve: ['improve', 'cause', 'message'],
  emit: ['emit'],
  plan: ['plan', 'steps', 'message'],
}

const NEEDED = { nudge: 'message', ask: 'message', infer: 'because', improve: 'cause' }

function actionOf(item, vocabulary) {
  if (!item || typeof item !== 'object') return ''
  const name = vocabulary.actions.map((one) => one.name).find((one) => one in item)
  const known = FORMS[name]
  return known && (name === 'plan' ? planOf(item) : typeof item[name] === 'string') && Object.keys(item).every((key) => known.includes(key)) ? name : ''
}

function begun(name, item, locale) {
  const message = item?.message ?? { [locale]: '' }
  return {
    nudge: { nudge: 'person', message },
    ask: { ask: '', severity: 'should', message },
    mark: { mark: 'incomplete' },
    infer: { infer: 'found.', because: { [locale]: '' } },
    improve: { improve: 'person', cause: { [locale]: '' } },
    plan: { plan: [{ practice: '' }] },
    emit: { emit: '' },
  }[name] ?? { [name]: true }
}

export function Actions({ place, value }) {
  const { change, t, locale, writes } = useStudio()
  const items = Array.isArray(value) ? value : value === undefined ? [] : [value]
  const write = (next) => change(place, next)
  return (
    <>
      {items.map((item, number) => (
        <Action
          key={number}
          place={Array.isArray(value) ? join(place, number) : place}
          item={item}
          tools={<Tools number={number} count={items.length} what={t('action_n', { n: number + 1 })} onMove={(by) => write(moved(items, number, by))} onRemove={() => write(items.filter((_, n) => n !== number))} />}
        />
      ))}
      {!items.length && <Beside place={place} />}
      {writes && (
        <button type="button" class="add" onClick={() => write([...items, begun('nudge', null, locale)])}>
          <Icon name="plus" small />
          {t('add_action')}
        </button>
      )}
    </>
  )
}

function Action({ place, item, tools }) {
  const { change, t, vocabulary, locale } = useStudio()
  const name = actionOf(item, vocabulary)
  const put = (key, value, typing) => change(join(place, key), value, typing)
  const options = vocabulary.actions.map((one) => [one.name, choose(one.title, locale, one.name)])
  const texts = ['message', 'because', 'cause'].filter((key) => NEEDED[name] === key || (item && typeof item === 'object' && key in item))
  return (
    <div class="action">
      <div class="l">
        {name ? (
          <>
            <Select value={name} label={t('action')} options={options} onChange={(next) => change(place, begun(next, item, locale))} />
            {name === 'plan' ? <PlanFor item={item} place={place} /> : <Object_ name={name} item={item} place={place} put={put} />}
          </>
        ) : (
          <AsText value={item} label={t('action')} onChange={(value, typing) => change(place, value, typing)} />
        )}
        {tools}
      </div>
      {name === 'plan' && <PlanSteps item={item} place={place} />}
      {name && texts.map((key) => <Message key={key} place={join(place, key)} value={item[key]} label={t(key)} sent={key === 'message'} hint={t(`${key}_hint`)} />)}
      <Beside place={place} except={[...texts.map((key) => join(place, key)), ...(name === 'plan' ? [join(place, planOf(item).at)] : [])]} />
    </div>
  )
}

function Object_({ name, item, place, put }) {
  const { t, vocabulary, locale, document } = useStudio()
  const at = join(place, name)
  if (name === 'nudge' || name === 'improve') {
    const names = name === 'nudge' ? vocabulary.recipients : vocabulary.helped
    const options = names.map((one) => [typeof one === 'string' ? one : one.name, recipientWord(one, locale, t)])
    const channels = [['', t('usual_channels')], ...vocabulary.channels.map((one) => [one.name, choose(one.title, locale, one.name)])]
    return (
      <>
        <Select value={item[name]} label={t('recipient')} place={at} options={options} onChange={(to) => put(name, to)} />
        {name === 'nudge' && <Select value={item.channel ?? ''} label={t('channel')} place={join(place, 'channel')} options={channels} onChange={(channel) => put('channel', channel || null)} />}
      </>
    )
  }
  if (name === 'ask') {
    if (!typesOf(document.when).length) return <span class="soft">{t('ask_needs_event')}</span>
    const fields = typesOf(document.when).flatMap((type) => vocabulary.events.find((one) => one.name === type)?.fields ?? [])
    const options = fields.filter((one) => !one.name.includes('.')).map((one) => [one.name, choose(one.title, locale, one.name)])
    return (
      <>
        <Select value={item.ask} label={t('asked_field')} place={at} options={options} onChange={(field) => put('ask', field)} />
        <Select value={item.severity ?? 'should'} label={t('severity')} options={[['should', t('severity_should')], ['must', t('severity_must')]]} onChange={(severity) => put('severity', severity)} />
      </>
    )
  }
  if (name === 'mark') {
    const options = vocabulary.marks.map((one) => [one.name, choose(one.title, locale, one.name)])
    return <Select value={item.mark} label={t('mark')} place={at} options={options} onChange={(mark) => put('mark', mark)} />
  }
  if (name === 'emit') return <EventType value={item.emit} place={at} onPick={(type) => put('emit', type)} />
  const shown = item[name].replace(/^found\./, '')
  return <Field value={shown} label={t('finding')} place={at} placeholder="product_knowledge" onInput={(value) => put(name, `found.${value}`, true)} width="220px" />
}

export function recipientWord(one, locale, t) {
  if (typeof one === 'object') return choose(one.title, locale, one.name)
  if (one.startsWith('role:')) return t('role', { name: one.slice(5) })
  return t(`to_${one}`)
}

/** One text in each language. The facts in it are named below, so that {person.name} reads as what it is. */
export function Message({ place, value, label, sent = false, rows = 2, hint = '', onWrite }) {
  const { change, t, locale, facts, checked, writes } = useStudio()
  const [language, setLanguage] = useState(locale)
  const area = useRef(null)
  const inner = join(place, language)
  const { bad, about } = useProblems(inner)
  if (value !== undefined && typeof value === 'string') value = { [locale]: value }
  if (value !== undefined && (typeof value !== 'object' || Array.isArray(value))) {
    return <AsText value={value} label={label} onChange={(next, typing) => change(place, next, typing)} />
  }
  const text = typeof value?.[language] === 'string' ? value[language] : ''
  const write = (next, typing) => (onWrite ? onWrite({ ...value, [language]: next }, typing) : change(place, { ...value, [language]: next }, typing))
  const insert = (name) => {
    const { selectionStart: from, selectionEnd: to } = area.current
    write(`${text.slice(0, from)}{${name}}${text.slice(to)}`)
    const caret = from + name.length + 2
    requestAnimationFrame(() => {
      area.current?.focus()
      area.current?.setSelectionRange(caret, caret)
    })
  }
  const used = [...new Set([...text.matchAll(/\{([\w.:-]+)\}/g)].map((found) => found[1]))]
  const said = checked?.messages?.find((one) => within1(one.place, place))?.texts?.[language]
  const count = said?.length ?? [...text].length
  const sms = said?.sms ?? smsOf(text)
  const tone = (checked?.problems ?? []).some((one) => within(one.at, inner))
  const others = Object.keys(LANGUAGES)
  return (
    <div class="message">
      <textarea
        ref={area}
        class={`inp${bad ? ' bad' : ''}`}
        rows={rows}
        lang={language}
        readOnly={!writes}
        aria-label={`${label} · ${LANGUAGES[language]}`}
        placeholder={hint}
        value={text}
        onInput={(event) => write(event.currentTarget.value, true)}
        {...about}
      />
      <Beside place={inner} />
      <Beside place={place} except={others.map((one) => join(place, one))} />
      {others.filter((one) => one !== language).map((one) => <Beside key={one} place={join(place, one)} />)}
      <div class="l under">
        <span role="group" aria-label={t('language')} class="languages">
          {others.map((one) => (
            <button key={one} type="button" class="add" aria-pressed={one === language} onClick={() => setLanguage(one)}>
              {LANGUAGES[one]}
              {!value?.[one] && <small> · {t('missing')}</small>}
            </button>
          ))}
        </span>
        {writes && sent && <Picker value="" shown="" onPick={insert} groups={facts.groups} label={t('insert_fact')} placeholder={t('insert_fact')} />}
        {used.map((name) => (
          <span key={name} class="tag" title={`{${name}}`}>{facts.of(name).label}</span>
        ))}
        {sent && (
          <span class="aside" aria-live="polite">
            {text && checked && !tone ? `${t('tone_fine')} · ` : ''}
            {t('count', { n: count, sms })}
          </span>
        )}
      </div>
    </div>
  )
}

const within1 = (at, place) => at === place || at === place.replace(/\.message$/, '')

/** How many short messages a text takes: 70 signs each where it has Chinese, else 160; fewer in a chain. */
export function smsOf(text) {
  const wide = /[^\x00-\x7f£¥èéùìòÇØøÅåÆæßÉÄÖÑÜ§äöñüà]/.test(text)
  const [one, many] = wide ? [70, 67] : [160, 153]
  return text.length <= one ? 1 : Math.ceil(text.length / many)
}

export function Later() {
  const { document, change, t, writes } = useStudio()
  const steps = document.later
  if (steps !== undefined && !Array.isArray(steps)) {
    return <AsText value={steps} label={t('later')} onChange={(value, typing) => change('later', value, typing)} />
  }
  const items = steps ?? []
  const write = (next) => change('later', next.length ? next : null)
  return (
    <>
      {items.map((item, number) => (
        <LaterStep key={number} item={item} place={`later[${number}]`} onRemove={() => write(items.filter((_, n) => n !== number))} />
      ))}
      <div class="l">
      {!items.length && <span class="soft">{t('nothing_later')}</span>}
      {writes && (
        <button type="button" class="add" onClick={() => write([...items, { ...(document.when?.every ? { at: '21:00' } : { after: '24 hours' }), then: [{ mark: 'incomplete' }] }])}>
          <Icon name="plus" small />
          {t('add_step')}
        </button>
      )}
      </div>
    </>
  )
}

function LaterStep({ item, place, onRemove }) {
  const { change, t, writes } = useStudio()
  const keys = item && typeof item === 'object' ? Object.keys(item) : []
  if (!keys.length || keys.some((key) => !['at', 'after', 'then'].includes(key))) {
    return (
      <div class="later-step">
        <AsText value={item} label={t('step')} onChange={(value, typing) => change(place, value, typing)} />
        <Beside place={place} />
      </div>
    )
  }
  const form = 'at' in item ? 'at' : 'after'
  const to = (next) => {
    const { at: _at, after: _after, ...rest } = item
    change(place, { ...(next === 'at' ? { at: '21:00' } : { after: '24 hours' }), ...rest })
  }
  return (
    <div class="later-step">
      <div class="l">
        <Select value={form} label={t('step')} options={[['at', t('step_at')], ['after', t('step_after')]]} onChange={to} />
        {form === 'at' ? (
          <TimeField value={item.at} label={t('time_of_day')} place={join(place, 'at')} onInput={(at) => change(join(place, 'at'), at, true)} />
        ) : (
          <DurationField value={item.after} label={t('step_after')} place={join(place, 'after')} onChange={(after) => change(join(place, 'after'), after, true)} />
        )}
        {writes && <span class="aside tools"><button type="button" class="quiet" aria-label={t('remove_step')} title={t('remove_step')} onClick={onRemove}>×</button></span>}
      </div>
      <Beside place={place} except={[join(place, 'then')]} />
      <Actions place={join(place, 'then')} value={item.then} />
    </div>
  )
}
