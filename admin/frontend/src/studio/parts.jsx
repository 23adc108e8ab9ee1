// Small things the cards are made of: rows of the rail, pick lists, problems beside a field, parts as text.
import { createContext } from 'preact'
import { useContext, useId, useMemo, useState } from 'preact/hooks'
import { same, within } from '../path.js'
import { choose } from '../words.js'
import { Combobox } from './Combobox.jsx'

/** {document, change, t, locale, vocabulary, facts, problems, fix, writes} */
export const Studio = createContext(null)
export const useStudio = () => useContext(Studio)

export function Icon({ name, small }) {
  return (
    <svg class={small ? 'i i-sm' : 'i'} aria-hidden="true">
      <use href={`#i-${name}`} />
    </svg>
  )
}

/** One step of the rail. `places`: whose problems are shown at its end, but those that lie in `except`. */
export function Step({ name, label, places = [], except = [], aside, children }) {
  const { problems } = useStudio()
  const bad = problems.some((one) => one.severity === 'error' && [name, ...places].some((place) => within(one.at, place)))
  return (
    <li class={bad ? 'bad' : ''} id={`step-${name}`}>
      <div class="k">
        <b>{label}</b>
      </div>
      <div class="card" role="group" aria-label={label}>
        <div class={aside ? 'asided' : undefined}>
          <div>{children}</div>
          {aside && <p class="aside-line">{aside}</p>}
        </div>
        {places.map((place) => (
          <Beside key={place} place={place} except={except} />
        ))}
      </div>
    </li>
  )
}

export const idOf = (place) => `about-${place.replace(/[^\w]+/g, '-')}`

/** What the check says of a place, with its fixes. */
export function Beside({ place, except = [] }) {
  const { problems, fix, t, locale } = useStudio()
  const found = problems.filter((one) => within(one.at, place) && !except.some((inner) => within(one.at, inner)))
  if (!found.length) return null
  return (
    <div id={idOf(place)} class="besides">
      {found.map((one) => (
        <div key={one.at + one.problem} class={`beside ${one.severity}`} data-at={one.at} role={one.severity === 'error' ? 'alert' : 'note'} tabIndex={-1}>
          <Icon name="info" />
          <span class="grow">
            {one.problem}
            {one.hint && <span class="hint">{one.hint}</span>}
          </span>
          {(one.fixes ?? []).map((way) => (
            <button key={way.title} type="button" class="btn btn-sm" onClick={() => fix(way)}>
              {choose(way.title, locale) || t('fix')}
            </button>
          ))}
        </div>
      ))}
    </div>
  )
}

export function useProblems(place) {
  const { problems } = useStudio()
  const found = problems.filter((one) => within(one.at, place))
  const bad = found.some((one) => one.severity === 'error')
  return { bad, about: found.length ? { 'aria-describedby': idOf(place), 'aria-invalid': bad } : {} }
}

export function Select({ value, onChange, options, label, place }) {
  const { t } = useStudio()
  const { bad, about } = useProblems(place ?? '~')
  const known = options.some(([key]) => key === value)
  return (
    <select class={`inp sel${bad ? ' bad' : ''}`} aria-label={label} value={value ?? ''} onChange={(event) => onChange(event.currentTarget.value)} {...about}>
      {!known && <option value={value ?? ''}>{value || t('pick_one')}</option>}
      {options.map(([key, word]) => (
        <option key={key} value={key}>
          {word}
        </option>
      ))}
    </select>
  )
}

/** A one-line field; what is typed stands at once. `read` makes a value of the text, and undefined waits for more. */
export function Field({ value, onInput, label, place, type = 'text', width, read = (text) => text, ...more }) {
  const { bad, about } = useProblems(place ?? '~')
  const shown = value === undefined || value === null ? '' : String(value)
  const [typed, setTyped] = useState(null)
  const text = typed !== null && same(read(typed), value) ? typed : shown
  return (
    <input
      class={`inp${bad ? ' bad' : ''}`}
      type={type}
      style={width ? { width } : undefined}
      aria-label={label}
      value={text}
      onInput={(event) => {
        const found = read(event.currentTarget.value)
        setTyped(event.currentTarget.value)
        if (found !== undefined) onInput(found)
      }}
      onBlur={() => setTyped(null)}
      {...about}
      {...more}
    />
  )
}

/** A local time as the rules write it, 09:00 to 23:59; `9:30` and `0930` are understood. */
export function TimeField(props) {
  const read = (text) => {
    const shape = /^([01]?\d|2[0-3])[:：]?([0-5]\d)$/.exec(text.trim())
    return shape && `${shape[1].padStart(2, '0')}:${shape[2]}`
  }
  return <Field inputMode="numeric" width="84px" maxLength={5} placeholder="19:00" {...props} read={(text) => read(text) ?? undefined} />
}

export function NumberField(props) {
  return <Field inputMode="decimal" width="84px" {...props} read={(text) => (text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined)} />
}

const DURATION = /^(\d+) (minute|hour|day|week|workday)s?$/
const UNITS = ['minutes', 'hours', 'days', 'workdays', 'weeks']

export function DurationField({ value, onChange, label, place }) {
  const { t } = useStudio()
  const shape = DURATION.exec(value ?? '')
  if (value && !shape) return <Field value={value} onInput={onChange} label={label} place={place} />
  const number = shape ? Number(shape[1]) : 1
  const unit = shape ? `${shape[2]}s` : 'days'
  const write = (n, of) => onChange(`${n} ${n === 1 ? of.slice(0, -1) : of}`)
  return (
    <>
      <NumberField value={number} label={label} place={place} width="64px" onInput={(n) => n >= 1 && write(Math.round(n), unit)} />
      <Select value={unit} label={t('unit')} onChange={(of) => write(number, of)} options={UNITS.map((one) => [one, t(`unit_${one}`)])} />
    </>
  )
}

/** One of `groups`, found by typing a part of its title, its name or its group's. */
export function Picker({ value, onPick, groups, label, place, placeholder, shown }) {
  const { t } = useStudio()
  const { bad, about } = useProblems(place ?? '~')
  const [query, setQuery] = useState('')
  const found = useMemo(() => {
    const wanted = query.trim().toLowerCase()
    const fits = (one, group) => !wanted || `${one.label} ${one.name} ${group.label}`.toLowerCase().includes(wanted)
    return groups
      .map((group) => ({ ...group, options: group.options.filter((one) => fits(one, group)).map((one) => ({ ...one, aside: one.unitWord })) }))
      .filter((group) => group.options.length)
  }, [groups, query])
  const current = groups.flatMap((group) => group.options).find((one) => one.name === value)
  return (
    <Combobox
      label={label}
      placeholder={placeholder ?? t('pick_fact')}
      shown={shown ?? current?.label ?? value ?? ''}
      groups={found}
      none={t('nothing_found')}
      query={query}
      onQuery={setQuery}
      onTake={(one) => onPick(one.name)}
      bad={bad}
      about={about}
    />
  )
}

/** The arrows and the cross of one item of a list. */
export function Tools({ number, count, what, onMove, onRemove }) {
  const { t, writes } = useStudio()
  if (!writes) return null
  const button = (name, word, sign, act) => (
    <button type="button" class={`quiet ${name}`} aria-label={word} title={word} onClick={act}>
      {sign}
    </button>
  )
  return (
    <span class="aside tools">
      {number > 0 && button('up', t('move_up', { what }), '↑', () => onMove(-1))}
      {number < count - 1 && button('down', t('move_down', { what }), '↓', () => onMove(1))}
      {button('out', t('take_out', { what }), '×', onRemove)}
    </span>
  )
}

/** A part that has no form: it stands as it is, and can be changed as text. Never lost, never changed by itself. */
export function AsText({ place, value, onChange, label, why }) {
  const { t } = useStudio()
  const [typed, setTyped] = useState(null)
  const [wrong, setWrong] = useState(false)
  const shown = typed ?? JSON.stringify(value, null, 2)
  const id = useId()
  return (
    <>
    <details class="as-text">
      <summary>
        {label} <span class="soft">{why ?? t('as_text_only')}</span> <span class="link">{t('edit_as_text')}</span>
      </summary>
      <textarea
        class="inp code-part"
        rows={Math.min(shown.split('\n').length + 1, 14)}
        spellcheck={false}
        aria-label={label}
        aria-invalid={wrong}
        aria-describedby={wrong ? id : undefined}
        value={shown}
        onInput={(event) => {
          setTyped(event.currentTarget.value)
          try {
            const found = JSON.parse(event.currentTarget.value)
            setWrong(false)
            onChange(found, true)
          } catch {
            setWrong(true)
          }
        }}
        onBlur={() => wrong || setTyped(null)}
      />
      {wrong && (
        <p class="beside error" role="alert" id={id}>
          <Icon name="info" />
          {t('not_readable')}
        </p>
      )}
    </details>
    {place && <Beside place={place} />}
    </>
  )
}
