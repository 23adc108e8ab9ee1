// The small things of which the editor is made. Each change goes up as a whole value; places are paths such as nodes.ask.owner.
import { createContext } from 'preact'
import { useContext, useId } from 'preact/hooks'
import { duration, durationText, problemsAt } from './document.js'

/** {t, locale, known, document, problems, guesses}: what everything below needs. */
export const Editing = createContext(null)
export const useEditing = () => useContext(Editing)

export const Icon = ({ of, flip = false }) => (
  <svg class={flip ? 'i ed-flip' : 'i'} aria-hidden="true">
    <use href={`#i-${of}`} />
  </svg>
)

/** The problems of a place, beside it. `elsewhere`: places inside it that show their own. */
export function Said({ at, elsewhere }) {
  const { problems } = useEditing()
  return problemsAt(problems, at, elsewhere).map((one) => (
    <p class="beside said-beside" role={one.severity === 'error' ? 'alert' : undefined} key={one.at + one.problem}>
      <Icon of={one.severity === 'error' ? 'alert' : 'info'} />
      <span>
        {one.problem}
        {one.hint && <span class="muted"> {one.hint}</span>}
      </span>
    </p>
  ))
}

/** What the record says of a change at a place. */
export function Guessed({ at }) {
  const { guesses } = useEditing()
  return guesses.filter((one) => one.at === at).map((one) => (
    <p class="said-beside ed-guess" role="status" key={one.at}>
      <Icon of="info" />
      <span>{one.words}</span>
    </p>
  ))
}

/** A label, what it is for, and what is wrong with it. `at` is where a press on a problem leads. */
export function Labelled({ label, at, children, wide = false, elsewhere }) {
  return (
    <div class={wide ? 'ed-row wide' : 'ed-row'} data-at={at} role="group" aria-label={label}>
      <span class="ed-label">{label}</span>
      <div class="ed-what">
        {children}
        {at && <Said at={at} elsewhere={elsewhere} />}
        {at && <Guessed at={at} />}
      </div>
    </div>
  )
}

export function Input({ label, value, onChange, type = 'text', ...more }) {
  const id = useId()
  return (
    <div class="field ed-field">
      <label for={id}>{label}</label>
      <input class="inp full" id={id} type={type} value={value ?? ''} onInput={(event) => onChange(event.currentTarget.value)} {...more} />
    </div>
  )
}

/** A number, or undefined where nothing is said. */
export const NumberInput = ({ onChange, ...more }) => (
  <Input type="number" inputMode="decimal" onChange={(text) => onChange(text === '' ? undefined : Number(text))} {...more} />
)

/** `options`: [value, words] pairs, or {label, options} for a group of them. A value that is none of them stays to be seen. */
export function Select({ label, value, onChange, options, hidden = false }) {
  const id = useId()
  const flat = options.flatMap((one) => one.options ?? [one])
  const strange = value !== undefined && value !== '' && !flat.some(([known]) => known === value)
  return (
    <div class="field ed-field">
      <label for={id} class={hidden ? 'sr' : undefined}>
        {label}
      </label>
      <select class="inp full" id={id} value={value ?? ''} onChange={(event) => onChange(event.currentTarget.value)}>
        {strange && <option value={value}>{String(value)}</option>}
        {options.map((one) =>
          one.options ? (
            <optgroup label={one.label} key={one.label}>
              {one.options.map(([key, words]) => (
                <option value={key} key={key}>
                  {words}
                </option>
              ))}
            </optgroup>
          ) : (
            <option value={one[0]} key={one[0]}>
              {one[1]}
            </option>
          ),
        )}
      </select>
    </div>
  )
}

/** One of a few ways, side by side. */
export const Seg = ({ label, value, onChange, options }) => (
  <div class="seg" role="group" aria-label={label}>
    {options.map(([key, words]) => (
      <button type="button" key={key} aria-pressed={key === value} onClick={() => key !== value && onChange(key)}>
        {words}
      </button>
    ))}
  </div>
)

export const Check = ({ label, value, onChange }) => (
  <label class="ed-check">
    <input type="checkbox" checked={value} onChange={(event) => onChange(event.currentTarget.checked)} />
    <span>{label}</span>
  </label>
)

/** A text in both languages, the reader's first. `kind`: title, about or help; an empty one that may be empty goes. */
export function Pair({ kind, value, onChange, at, optional = false }) {
  const { t, locale } = useEditing()
  const languages = locale === 'zh' ? ['zh', 'en'] : ['en', 'zh']
  const set = (language) => (text) => {
    const changed = { zh: '', en: '', ...value, [language]: text }
    onChange(optional && !changed.zh && !changed.en ? undefined : changed)
  }
  return (
    <div class="ed-pair" data-at={at}>
      {languages.map((one) => (
        <Input key={one} label={t(`${kind}_${one}`)} value={value?.[one]} onChange={set(one)} lang={one === 'zh' ? 'zh-Hans' : 'en'} />
      ))}
      <Said at={at} />
    </div>
  )
}

const UNITS = ['minutes', 'hours', 'days', 'weeks', 'workdays']

/** A length of time such as `24 hours`. */
export function Length({ label, value, onChange }) {
  const { t } = useEditing()
  const { amount, unit } = duration(value) ?? { amount: '', unit: 'hours' }
  return (
    <div class="ed-length">
      <NumberInput label={label} value={amount} min="1" onChange={(n) => onChange(durationText({ amount: n ?? '', unit }))} />
      <Select label={t('type')} hidden value={unit} onChange={(one) => onChange(durationText({ amount, unit: one }))} options={UNITS.map((one) => [one, t(one)])} />
    </div>
  )
}

/** Earlier, later, away: for everything that stands in an order. */
export function Order({ name, onMove, onRemove, first, last }) {
  const { t } = useEditing()
  const press = (word, icon, act, off, flip) => (
    <button type="button" class="btn btn-sm btn-text ed-icon" aria-label={`${t(word)}: ${name}`} title={t(word)} onClick={act} disabled={off}>
      <Icon of={icon} flip={flip} />
    </button>
  )
  return (
    <span class="ed-order">
      {onMove && press('up', 'down', () => onMove(-1), first, true)}
      {onMove && press('down', 'down', () => onMove(1), last)}
      {onRemove && press('remove', 'x', onRemove)}
    </span>
  )
}

export const Add = ({ words, onClick }) => (
  <button type="button" class="btn btn-sm" onClick={onClick}>
    <Icon of="plus" />
    {words}
  </button>
)
