// One step: what it is called, who has it and until when, what it asks for, and where one goes from there.
import { Condition } from './Condition.jsx'
import { deadline, duration, freeName, setAt, shifted, turned } from './document.js'
import { Owner, ownerName } from './Owner.jsx'
import { Add, Check, Input, Labelled, Length, Order, Pair, Said, Seg, Select, useEditing } from './parts.jsx'
import { named } from './words.js'

const INNER = ['title', 'help', 'owner', 'owners', 'deadline', 'at_due', 'remind', 'form', 'outcomes']

export function Step({ id, node, onChange, onNewField }) {
  const { t } = useEditing()
  const at = `nodes.${id}`
  const set = (name) => (value) => onChange(setAt(node, [name], value))
  return (
    <div class="ed-body">
      <Said at={at} elsewhere={INNER.map((one) => `${at}.${one}`)} />
      <Pair kind="title" value={node.title} onChange={set('title')} at={`${at}.title`} />
      <Pair kind="help" value={node.help} onChange={set('help')} at={`${at}.help`} optional />
      <Owner node={node} onChange={onChange} at={at} />
      <Until node={node} onChange={onChange} at={at} />
      <Form node={node} onChange={set('form')} onNewField={onNewField} at={`${at}.form`} />
      <Outcomes node={node} onChange={set('outcomes')} at={`${at}.outcomes`} />
      {node.owners && <Said at={`${at}.owners`} />}
      <span class="muted tiny">{t('id')} {id}</span>
    </div>
  )
}

// -- until when ----------------------------------------------------------------------------------------------------
const MODES = ['no_deadline', 'within', 'at_time', 'on_day']

function Until({ node, onChange, at }) {
  const { t, document, locale } = useEditing()
  const said = deadline(node.deadline)
  const mode = !said ? 'no_deadline' : said.within !== undefined ? 'within' : said.on !== undefined ? 'on_day' : 'at_time'
  const dates = Object.entries(document.fields ?? {}).filter(([, one]) => one.type === 'date')
  const set = (value) => onChange(setAt(node, ['deadline'], value))
  const turn = (to) => {
    if (to === 'no_deadline') {
      const { deadline: _d, remind: _r, at_due: _a, ...rest } = node
      return onChange(rest)
    }
    set({ within: { within: '24 hours' }, at_time: { at: '18:00' }, on_day: { on: dates[0]?.[0] ?? '' } }[to])
  }
  return (
    <>
      <Labelled label={t('deadline')} at={`${at}.deadline`}>
        <Seg label={t('deadline')} value={mode} onChange={turn} options={MODES.map((one) => [one, t(one)])} />
        {mode === 'within' && (
          <div class="row wrap ed-until">
            <Length label={t('within')} value={said.within} onChange={(within) => set({ ...said, within })} />
            {!String(said.within).includes('workday') && (
              <Seg label={t('deadline')} value={said.clock ?? 'elapsed'} onChange={(clock) => set(setAt(said, ['clock'], clock === 'elapsed' ? undefined : clock))} options={[['elapsed', t('elapsed')], ['working', t('working')]]} />
            )}
          </div>
        )}
        {mode === 'on_day' && (
          <div class="row wrap ed-until">
            <Select label={t('on_day')} value={said.on} onChange={(on) => set({ ...said, on })} options={[['', t('choose_field')], ...dates.map(([id, one]) => [id, named(one.title, locale, id)])]} />
            <Clock said={said} onChange={set} />
          </div>
        )}
        {mode === 'at_time' && <Clock said={said} onChange={set} />}
      </Labelled>
      {said && (
        <Labelled label={t('remind')} at={`${at}.remind`}>
          <div class="row wrap">
            <Check label={t('remind_before')} value={node.remind !== undefined} onChange={(on) => onChange(setAt(node, ['remind'], on ? '4 hours' : undefined))} />
            {node.remind !== undefined && <Length label={t('within')} value={node.remind} onChange={(remind) => onChange({ ...node, remind })} />}
          </div>
        </Labelled>
      )}
      {said && (
        <Labelled label={t('at_due')} at={`${at}.at_due`}>
          <Select
            label={t('at_due')}
            hidden
            value={node.at_due ?? ''}
            onChange={(outcome) => onChange(setAt(node, ['at_due'], outcome || undefined))}
            options={[['', t('told')], ...Object.entries(node.outcomes ?? {}).map(([id, one]) => [id, t('by_itself', { what: named(one.title, locale, id) })])]}
          />
        </Labelled>
      )}
    </>
  )
}

function Clock({ said, onChange }) {
  const { t } = useEditing()
  const late = said.at === '24:00'
  return (
    <div class="row wrap">
      {!late && <Input label={t('at_time')} type="time" value={said.at ?? ''} onChange={(at) => onChange(setAt(said, ['at'], at || undefined))} />}
      <Check label={t('end_of_day')} value={late} onChange={(on) => onChange(setAt(said, ['at'], on ? '24:00' : said.on === undefined ? '18:00' : undefined))} />
    </div>
  )
}

// -- what it asks for ----------------------------------------------------------------------------------------------
function Form({ node, onChange, onNewField, at }) {
  const { t, document, locale } = useEditing()
  const form = node.form ?? []
  const bare = (one) => one.replace(/\?$/, '')
  const title = (one) => named(document.fields?.[bare(one)]?.title, locale, bare(one))
  const free = Object.keys(document.fields ?? {}).filter((one) => !form.some((asked) => bare(asked) === one))
  const set = (found) => onChange(found.length ? found : undefined)
  const add = (name) => (name === '+' ? onNewField() : name && set([...form, name]))
  return (
    <Labelled label={t('form')} at={at} wide>
      {form.length === 0 && <p class="soft small">{t('form_none')}</p>}
      <ul class="ed-list">
        {form.map((one, number) => (
          <li key={bare(one)}>
            <span class="grow">{title(one)}</span>
            <Check label={t('may_be_left')} value={one.endsWith('?')} onChange={(on) => set(form.map((said, n) => (n === number ? bare(said) + (on ? '?' : '') : said)))} />
            <Order name={title(one)} first={number === 0} last={number === form.length - 1} onMove={(by) => set(turned(form, number, by))} onRemove={() => set(form.filter((_, n) => n !== number))} />
          </li>
        ))}
      </ul>
      <Select label={t('choose_field')} hidden value="" onChange={add} options={[['', t('choose_field')], ...free.map((one) => [one, title(one)]), ['+', t('new_field')]]} />
    </Labelled>
  )
}

// -- where one goes ------------------------------------------------------------------------------------------------
function Outcomes({ node, onChange, at }) {
  const { t, locale } = useEditing()
  const outcomes = node.outcomes ?? {}
  const ids = Object.keys(outcomes)
  const add = () => onChange({ ...outcomes, [freeName(outcomes, 'way')]: { title: { zh: '新走法', en: 'A new way' }, to: '' } })
  return (
    <Labelled label={t('outcomes')} at={at} wide elsewhere={ids.map((id) => `${at}.${id}`)}>
      <div class="ed-cases">
        {ids.map((id, number) => (
          <div class="ed-case" key={id} data-at={`${at}.${id}`}>
            <div class="row between">
              <b>{named(outcomes[id].title, locale, id)}</b>
              <Order name={named(outcomes[id].title, locale, id)} first={number === 0} last={number === ids.length - 1} onMove={(by) => onChange(shifted(outcomes, id, by))} onRemove={ids.length > 1 ? () => onChange(setAt(outcomes, [id], undefined)) : undefined} />
            </div>
            <Outcome it={outcomes[id]} joint={!!node.owners} onChange={(one) => onChange({ ...outcomes, [id]: one })} at={`${at}.${id}`} />
          </div>
        ))}
        <Add words={t('add_outcome')} onClick={add} />
      </div>
    </Labelled>
  )
}

function Outcome({ it, joint, onChange, at }) {
  const { t } = useEditing()
  const flag = (name, usual) => (on) => onChange(setAt(it, [name], on === usual ? undefined : on))
  return (
    <>
      <Pair kind="title" value={it.title} onChange={(title) => onChange({ ...it, title })} at={`${at}.title`} />
      <Ways to={it.to} onChange={(to) => onChange({ ...it, to })} at={`${at}.to`} />
      <div class="row wrap ed-flags">
        <Check label={t('outcome_form')} value={it.form !== false} onChange={flag('form', true)} />
        <Check label={t('outcome_note')} value={it.note === true} onChange={flag('note', false)} />
        <Check label={t('outcome_back')} value={it.good === false} onChange={(on) => flag('good', true)(!on)} />
        {joint && <Check label={t('outcome_alone')} value={it.alone === true} onChange={flag('alone', false)} />}
      </div>
      <Emits said={it.emit} onChange={(emit) => onChange(setAt(it, ['emit'], emit))} at={`${at}.emit`} />
      <Said at={at} elsewhere={['title', 'to', 'emit'].map((one) => `${at}.${one}`)} />
    </>
  )
}

function Ways({ to, onChange, at }) {
  const { t } = useEditing()
  const ways = Array.isArray(to) ? to : [{ to }]
  const special = ways.slice(0, -1)
  const set = (found) => onChange(found.length === 1 ? found[0].to : found)
  return (
    <div data-at={at}>
      {special.map((one, number) => (
        <div class="ed-way" key={number}>
          <Condition value={one.if} onChange={(when) => set(setAt(ways, [number, 'if'], when))} />
          <div class="row">
            <Place value={one.to} onChange={(place) => set(setAt(ways, [number, 'to'], place))} />
            <Order name={t('if')} onRemove={() => set(ways.filter((_, n) => n !== number))} />
          </div>
        </div>
      ))}
      <div class="row wrap bottom">
        <Place label={special.length ? t('otherwise') : t('to')} value={ways.at(-1).to} onChange={(place) => set(setAt(ways, [ways.length - 1, 'to'], place))} />
        <Add words={t('another_way')} onClick={() => set([...special, { if: { field: '', is: '' }, to: ways.at(-1).to }, ways.at(-1)])} />
      </div>
      <Said at={at} />
    </div>
  )
}

function Place({ label, value, onChange }) {
  const { t, document, locale } = useEditing()
  const listed = (of) => Object.entries(of ?? {}).map(([id, one]) => [id, named(one.title, locale, id)])
  const options = [['', t('choose_place')], { label: t('steps'), options: listed(document.nodes) }, { label: t('ends_group'), options: listed(document.ends) }]
  return <Select label={label ?? t('to')} value={value} onChange={onChange} options={options} />
}

function Emits({ said, onChange, at }) {
  const { t, known } = useEditing()
  const emits = said === undefined ? [] : Array.isArray(said) ? said : [said]
  const type = (one) => (typeof one === 'string' ? one : one.type)
  const title = (id) => known.events.find((one) => one.id === id)?.title ?? id
  const set = (found) => onChange(found.length === 0 ? undefined : found.length === 1 ? found[0] : found)
  return (
    <div class="row wrap ed-emits" data-at={at}>
      <span class="small soft">{t('emits')}</span>
      {emits.map((one, number) => (
        <span class="tag" key={type(one)}>
          {title(type(one))}
          <Order name={type(one)} onRemove={() => set(emits.filter((_, n) => n !== number))} />
        </span>
      ))}
      <Select label={t('add_event')} hidden value="" onChange={(id) => id && set([...emits, id])} options={[['', t('add_event')], ...known.events.filter(({ id }) => !emits.some((one) => type(one) === id)).map((one) => [one.id, one.title])]} />
      <Said at={at} />
    </div>
  )
}

/** Who has a step and until when, in one line for its closed card. */
export function stepLine(node, editing) {
  const { t, locale } = editing
  const owners = node.owners ? Object.values(node.owners).map((one) => one.owner) : [node.owner]
  const who = owners.map((one) => ownerName(Array.isArray(one) ? one.at(-1).owner : one, editing)).join(locale === 'zh' ? '、' : ', ')
  return `${who} · ${until(node, t)}`
}

function until(node, t) {
  const said = deadline(node.deadline)
  const length = said?.within && duration(said.within)
  if (length) return `${length.amount} ${t(length.unit, { n: length.amount })}`
  return !said ? t('without_deadline') : said.on !== undefined ? t('on_day') : said.at === '24:00' ? t('end_of_day') : (said.at ?? '')
}
