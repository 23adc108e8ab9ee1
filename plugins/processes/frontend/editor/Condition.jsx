// A question to what was filled in. One of several levels is shown as it is written, and changed as text.
import { fromSimple, setAt, simple } from './document.js'
import { Add, Input, NumberInput, Order, Seg, Select, useEditing } from './parts.jsx'
import { named } from './words.js'

const NUMERIC = ['number', 'integer', 'money']
const EMPTY = { field: '', op: 'is', operand: '' }

export function Condition({ value, onChange }) {
  const { t } = useEditing()
  const read = simple(value)
  if (!read)
    return (
      <div>
        <code class="ed-code">{JSON.stringify(value)}</code>
        <p class="help">{t('too_deep')}</p>
      </div>
    )
  const change = (parts, group = read.group) => onChange(fromSimple({ group, parts }))
  return (
    <div class="ed-when">
      <span class="small soft">{t('if')}</span>
      {read.parts.map((part, number) => (
        <div class="ed-part" key={number}>
          <Part part={part} onChange={(one) => change(setAt(read.parts, [number], one))} />
          {read.parts.length > 1 && <Order name={t('if')} onRemove={() => change(read.parts.filter((_, n) => n !== number))} />}
        </div>
      ))}
      <div class="row wrap">
        {read.parts.length > 1 && (
          <Seg label={t('if')} value={read.group} onChange={(group) => change(read.parts, group)} options={[['all', t('and')], ['any', t('or')]]} />
        )}
        <Add words={t('add_part')} onClick={() => change([...read.parts, EMPTY])} />
      </div>
    </div>
  )
}

function Part({ part, onChange }) {
  const { t, document, locale, known } = useEditing()
  const fields = Object.entries(document.fields ?? {})
  const field = document.fields?.[part.field]
  const ops = known.operators.filter((one) => NUMERIC.includes(field?.type) || !['lt', 'lte', 'gt', 'gte'].includes(one) || one === part.op)
  const turned = (op) => ({ ...part, op, operand: operandFor(op, field, part.operand) })
  return (
    <>
      <Select label={t('fields')} hidden value={part.field} onChange={(name) => onChange({ ...part, field: name, operand: operandFor(part.op, document.fields[name], '') })} options={[['', t('choose_field')], ...fields.map(([id, one]) => [id, named(one.title, locale, id)])]} />
      <Select label={t('if')} hidden value={part.op} onChange={(op) => onChange(turned(op))} options={ops.map((one) => [one, t(`op_${one}`)])} />
      <Operand part={part} field={field} onChange={(operand) => onChange({ ...part, operand })} />
    </>
  )
}

function operandFor(op, field, before) {
  if (op === 'exists') return true
  if (op === 'in' || op === 'not_in') return Array.isArray(before) ? before : before === '' ? [] : [before]
  const one = Array.isArray(before) ? (before[0] ?? '') : before
  if (field?.type === 'boolean') return one === true
  if (NUMERIC.includes(field?.type)) return typeof one === 'number' ? one : 0
  return typeof one === 'string' ? one : ''
}

function Operand({ part, field, onChange }) {
  const { t, locale } = useEditing()
  if (part.op === 'exists' || field?.type === 'boolean')
    return <Select label={t('operand')} hidden value={String(part.operand)} onChange={(text) => onChange(text === 'true')} options={[['true', t('yes')], ['false', t('no')]]} />
  if (Array.isArray(part.operand))
    return <Input label={t('comma_list')} value={part.operand.join(', ')} onChange={(text) => onChange(text.split(/[,，]\s*/).filter(Boolean))} />
  if (field?.type === 'choice')
    return <Select label={t('operand')} hidden value={part.operand} onChange={onChange} options={[['', '—'], ...Object.entries(field.choices ?? {}).map(([key, one]) => [key, named(one, locale, key)])]} />
  if (NUMERIC.includes(field?.type)) return <NumberInput label={t('operand')} value={part.operand} onChange={(n) => onChange(n ?? 0)} />
  return <Input label={t('operand')} value={part.operand} onChange={onChange} />
}
