// What the forms of a process ask for: each field with its type and its checks.
import { freeName, setAt, shifted, turned as moved } from './document.js'
import { Add, Check, Labelled, NumberInput, Order, Pair, Said, Select, useEditing } from './parts.jsx'
import { named } from './words.js'

const SIMPLE = ['text', 'number', 'integer', 'date', 'time', 'choice', 'boolean', 'money']

export function Field({ id, it, onChange, at = `fields.${id}`, column = false }) {
  const { t, known } = useEditing()
  const set = (name) => (value) => onChange(setAt(it, [name], value === '' || value === false ? undefined : value))
  const types = column ? SIMPLE : known.fieldTypes
  return (
    <div class="ed-body">
      <Pair kind="title" value={it.title} onChange={set('title')} at={`${at}.title`} />
      {!column && <Pair kind="help" value={it.help} onChange={set('help')} at={`${at}.help`} optional />}
      <div class="ed-grid">
        <Select label={t('type')} value={it.type} onChange={(type) => onChange(turned(it, type, known))} options={types.map((one) => [one, t(`type_${one}`)])} />
        <Checks it={it} set={set} column={column} />
      </div>
      {it.type === 'text' && !column && <Ideas said={it.ideas ?? []} onChange={set('ideas')} at={`${at}.ideas`} />}
      {it.type === 'choice' && <Choices said={it.choices ?? {}} onChange={set('choices')} at={`${at}.choices`} />}
      {it.type === 'table' && <Columns said={it.columns ?? {}} onChange={set('columns')} at={`${at}.columns`} />}
      {it.type === 'files' && <Accept said={it.accept ?? known.accepted} onChange={set('accept')} at={`${at}.accept`} />}
      {!column && <Check label={t('sensitive')} value={it.sensitive === true} onChange={set('sensitive')} />}
      <Said at={at} elsewhere={['title', 'help', 'ideas', 'choices', 'columns', 'accept'].map((one) => `${at}.${one}`)} />
      {!column && <span class="muted tiny">{t('id')} {id}</span>}
    </div>
  )
}

/** Another type keeps what every field has, and begins with what that type needs. */
function turned({ title, help, sensitive }, type, known) {
  const kept = { type, title, ...(help && { help }), ...(sensitive && { sensitive }) }
  if (type === 'choice') return { ...kept, choices: { first: { zh: '第一个', en: 'First' } } }
  if (type === 'case') return { ...kept, process: known.processes[0]?.id }
  if (type === 'table') return { ...kept, columns: { what: { type: 'text', title: { zh: '内容', en: 'What' } } } }
  return kept
}

function Checks({ it, set, column }) {
  const { t, document, locale, known } = useEditing()
  const others = (type) => Object.entries(document.fields ?? {}).filter(([, one]) => one.type === type && one !== it).map(([id, one]) => [id, named(one.title, locale, id)])
  const number = (name, words = name) => <NumberInput key={name} label={t(words)} value={it[name]} onChange={set(name)} min={name === 'minimum' || name === 'maximum' ? undefined : '0'} />
  switch (it.type) {
    case 'text':
      return [number('lines'), number('least', 'least_text'), number('most', 'most_text')]
    case 'number':
    case 'integer':
      return [number('minimum'), number('maximum')]
    case 'money':
      return [number('minimum'), number('maximum'), <Select key="c" label={t('currency_of')} value={it.currency ?? ''} onChange={set('currency')} options={[['', t('clients')], ...others('currency')]} />]
    case 'date':
      return [<Select key="n" label={t('not_before')} value={it.not_before ?? ''} onChange={set('not_before')} options={[['', t('none')], ...others('date')]} />, !column && number('recent')]
    case 'list':
    case 'table':
      return [number('least'), number('most')]
    case 'case':
      return <Select label={t('process_of')} value={it.process ?? ''} onChange={set('process')} options={known.processes.map((one) => [one.id, one.title])} />
    case 'files':
      return [number('least'), number('most'), <Select key="k" label={t('kind')} value={it.kind ?? 'paper'} onChange={(kind) => set('kind')(kind === 'paper' ? undefined : kind)} options={known.paperKinds.map((one) => [one, t(`kind_${one}`)])} />]
    default:
      return null
  }
}

/** What one may write about in a text: a list, and no list where there is none. */
function Ideas({ said, onChange, at }) {
  const { t, locale, known } = useEditing()
  const put = (ideas) => onChange(ideas.length ? ideas : undefined)
  return (
    <Labelled label={t('ideas')} at={at} wide elsewhere={said.map((_, number) => `${at}[${number}]`)}>
      {said.map((one, number) => (
        <div class="ed-choice" key={number}>
          <Pair kind="idea" value={one} onChange={(idea) => put(setAt(said, [number], idea))} at={`${at}[${number}]`} />
          <Order name={named(one, locale, t('ideas'))} first={number === 0} last={number === said.length - 1} onMove={(by) => put(moved(said, number, by))} onRemove={() => put(setAt(said, [number], undefined))} />
        </div>
      ))}
      {said.length < known.mostIdeas && <Add words={t('add_idea')} onClick={() => put([...said, { zh: '', en: '' }])} />}
    </Labelled>
  )
}

function Choices({ said, onChange, at }) {
  const { t, locale } = useEditing()
  const names = Object.keys(said)
  return (
    <Labelled label={t('choices')} at={at} wide>
      {names.map((name, number) => (
        <div class="ed-choice" key={name}>
          <Pair kind="title" value={said[name]} onChange={(title) => onChange({ ...said, [name]: title })} at={`${at}.${name}`} />
          <Order name={named(said[name], locale, name)} first={number === 0} last={number === names.length - 1} onMove={(by) => onChange(shifted(said, name, by))} onRemove={() => onChange(setAt(said, [name], undefined))} />
        </div>
      ))}
      <Add words={t('add_choice')} onClick={() => onChange({ ...said, [freeName(said, 'choice')]: { zh: '', en: '' } })} />
    </Labelled>
  )
}

function Columns({ said, onChange, at }) {
  const { t, locale } = useEditing()
  const names = Object.keys(said)
  const renamed = (from, to) => onChange(Object.fromEntries(Object.entries(said).map(([name, one]) => [name === from ? to : name, one])))
  return (
    <Labelled label={t('columns')} at={at} wide>
      {names.map((name, number) => (
        <div class="ed-case" key={name.replace('?', '')}>
          <div class="row between">
            <Check label={t('may_be_left')} value={name.endsWith('?')} onChange={(on) => renamed(name, name.replace('?', '') + (on ? '?' : ''))} />
            <Order name={named(said[name].title, locale, name)} first={number === 0} last={number === names.length - 1} onMove={(by) => onChange(shifted(said, name, by))} onRemove={() => onChange(setAt(said, [name], undefined))} />
          </div>
          <Field id={name} it={said[name]} column at={`${at}.${name}`} onChange={(one) => onChange({ ...said, [name]: one })} />
        </div>
      ))}
      <Add words={t('add_column')} onClick={() => onChange({ ...said, [freeName({ ...said, ...Object.fromEntries(names.map((one) => [one.replace('?', ''), 1])) }, 'column')]: { type: 'text', title: { zh: '', en: '' } } })} />
    </Labelled>
  )
}

function Accept({ said, onChange, at }) {
  const { t, known } = useEditing()
  const turn = (kind) => (on) => {
    const found = known.accepted.filter((one) => (one === kind ? on : said.includes(one)))
    onChange(found.length === known.accepted.length || !found.length ? undefined : found)
  }
  return (
    <Labelled label={t('accept')} at={at}>
      <div class="row wrap">
        {known.accepted.map((one) => (
          <Check key={one} label={t(one)} value={said.includes(one)} onChange={turn(one)} />
        ))}
      </div>
    </Labelled>
  )
}

export const newField = () => ({ type: 'text', title: { zh: '新的一项', en: 'New field' } })

export function Ends({ document, onChange }) {
  const { t, locale } = useEditing()
  const ends = document.ends ?? {}
  const ids = Object.keys(ends)
  return (
    <>
      {ids.map((id, number) => (
        <div class="ed-case" key={id} data-at={`ends.${id}`}>
          <div class="row between">
            <Check label={t('good_end')} value={ends[id].good !== false} onChange={(on) => onChange({ ...ends, [id]: setAt(ends[id], ['good'], on ? undefined : false) })} />
            <Order name={named(ends[id].title, locale, id)} first={number === 0} last={number === ids.length - 1} onMove={(by) => onChange(shifted(ends, id, by))} onRemove={ids.length > 1 ? () => onChange(setAt(ends, [id], undefined)) : undefined} />
          </div>
          <Pair kind="title" value={ends[id].title} onChange={(title) => onChange({ ...ends, [id]: { ...ends[id], title } })} at={`ends.${id}.title`} />
          <Said at={`ends.${id}`} elsewhere={[`ends.${id}.title`]} />
        </div>
      ))}
      <Add words={t('add_end')} onClick={() => onChange({ ...ends, [freeName({ ...ends, ...document.nodes }, 'end')]: { title: { zh: '新结局', en: 'A new end' } } })} />
    </>
  )
}

