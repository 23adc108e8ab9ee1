// Who has a step: one, one or another as it depends, or several together.
import { Condition } from './Condition.jsx'
import { freeName, setAt, turned } from './document.js'
import { Add, Labelled, Order, Pair, Seg, Select, useEditing } from './parts.jsx'
import { named } from './words.js'

const KINDS = ['person', 'starter', 'supervisor', 'head', 'hr']

export function Owner({ node, onChange, at }) {
  const { t } = useEditing()
  const mode = node.owners ? 'joint' : Array.isArray(node.owner) ? 'by_case' : 'one_owner'
  const turn = (to) => {
    const { owner, owners, ...rest } = node
    const one = firstOf(owner ?? Object.values(owners ?? {})[0]?.owner)
    if (to === 'joint') return onChange(placed(rest, 'owners', twoParts(one)))
    onChange(placed(rest, 'owner', to === 'by_case' ? [{ if: { field: '', gt: 0 }, owner: 'hr' }, { owner: one }] : one))
  }
  return (
    <Labelled label={t('owner')} at={`${at}.owner`} wide={mode !== 'one_owner'}>
      <Seg label={t('owner')} value={mode} onChange={turn} options={['one_owner', 'by_case', 'joint'].map((one) => [one, t(one)])} />
      {mode === 'joint' ? (
        <Parts owners={node.owners} onChange={(owners) => onChange({ ...node, owners })} at={`${at}.owners`} />
      ) : (
        <Choices said={node.owner} onChange={(owner) => onChange({ ...node, owner })} at={`${at}.owner`} />
      )}
    </Labelled>
  )
}

const firstOf = (said) => (Array.isArray(said) ? (said.at(-1)?.owner ?? 'hr') : (said ?? 'hr'))

/** `owner` or `owners` keeps its place behind title and help. */
function placed({ title, help, ...rest }, name, value) {
  return { title, ...(help ? { help } : {}), [name]: value, ...rest }
}

const twoParts = (one) => ({
  first: { owner: one, title: { zh: '一方', en: 'One side' } },
  second: { owner: 'hr', title: { zh: '另一方', en: 'The other side' } },
})

function Choices({ said, onChange, at }) {
  const { t } = useEditing()
  if (!Array.isArray(said)) return <Who value={said} onChange={onChange} />
  const [otherwise, special] = [said.at(-1), said.slice(0, -1)]
  return (
    <div class="ed-cases">
      {special.map((one, number) => (
        <div class="ed-case" key={number} data-at={`${at}[${number}]`}>
          <Condition value={one.if} onChange={(when) => onChange(setAt(said, [number, 'if'], when))} />
          <div class="row">
            <Who value={one.owner} onChange={(owner) => onChange(setAt(said, [number, 'owner'], owner))} />
            <Order
              name={t('if')}
              first={number === 0}
              last={number === special.length - 1}
              onMove={(by) => onChange([...turned(special, number, by), otherwise])}
              onRemove={() => onChange(special.length === 1 ? otherwise.owner : said.filter((_, n) => n !== number))}
            />
          </div>
        </div>
      ))}
      <div class="ed-case">
        <span class="small soft">{t('otherwise')}</span>
        <Who value={otherwise.owner} onChange={(owner) => onChange(setAt(said, [said.length - 1, 'owner'], owner))} />
      </div>
      <Add words={t('add_case')} onClick={() => onChange([...special, { if: { field: '', gt: 0 }, owner: 'hr' }, otherwise])} />
    </div>
  )
}

function Parts({ owners, onChange, at }) {
  const { t, locale } = useEditing()
  return (
    <div class="ed-cases">
      {Object.entries(owners).map(([id, part]) => (
        <div class="ed-case" key={id} data-at={`${at}.${id}`}>
          <Pair kind="title" value={part.title} onChange={(title) => onChange(setAt(owners, [id, 'title'], title))} at={`${at}.${id}.title`} />
          <div class="row top">
            <div class="grow">
              <Choices said={part.owner} onChange={(owner) => onChange(setAt(owners, [id, 'owner'], owner))} at={`${at}.${id}.owner`} />
            </div>
            {Object.keys(owners).length > 1 && <Order name={named(part.title, locale, id)} onRemove={() => onChange(setAt(owners, [id], undefined))} />}
          </div>
        </div>
      ))}
      <Add words={t('add_owner')} onClick={() => onChange({ ...owners, [freeName(owners, 'part')]: { owner: 'hr', title: { zh: '', en: '' } } })} />
    </div>
  )
}

/** What an owner is called: supervisor, position:ID, role:NAME or field:NAME. */
export function ownerName(said, { t, known, document, locale }) {
  const [kind, name] = String(said ?? '').split(':')
  if (kind === 'position') return known.positions.find((one) => one.id === name)?.title ?? name
  if (kind === 'field') return named(document.fields?.[name]?.title, locale, name)
  if (kind === 'role') return known.roles.find((one) => one.id === name)?.title ?? name.replaceAll('_', ' ')
  return KINDS.includes(kind) ? t(`owner_${kind}`) : String(said ?? '')
}

function Who({ value, onChange }) {
  const { t, known, document, locale } = useEditing()
  const people = Object.entries(document.fields ?? {}).filter(([, one]) => one.type === 'person')
  const options = [
    ...KINDS.map((one) => [one, t(`owner_${one}`)]),
    { label: t('positions'), options: known.positions.map((one) => [`position:${one.id}`, one.title]) },
    { label: t('roles'), options: known.roles.map((one) => [`role:${one.id}`, one.title]) },
    { label: t('by_field'), options: people.map(([id, one]) => [`field:${id}`, named(one.title, locale, id)]) },
  ].filter((one) => !one.options || one.options.length)
  return <Select label={t('owner')} hidden value={value} onChange={onChange} options={options} />
}
