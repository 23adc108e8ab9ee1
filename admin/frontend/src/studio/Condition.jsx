// Who, if, until, where: a tree of comparisons, drawn by react-querybuilder with our own fields.
import { useMemo, useRef, useState } from 'preact/hooks'
import { QueryBuilder, Rule, RuleGroupBodyComponents } from 'react-querybuilder'
import { COMBINATORS, LISTED, RAW, fitted, initial, isReference, placesOf, toDocument, toQuery } from '../conditions.js'
import { same } from '../path.js'
import { unitWord } from './facts.js'
import { AsText, Beside, Field, Icon, NumberField, Picker, Select, useStudio } from './parts.jsx'

export function Condition({ place, value, onChange, label, facts, empty }) {
  const studio = useStudio()
  const { t } = studio
  const written = useRef(value)
  const [query, setQuery] = useState(() => withIds(toQuery(value)))
  let shown = query
  if (!same(written.current, value)) {
    // changed from outside: undo, a fix, another's version
    written.current = value
    shown = withIds(toQuery(value))
    setQuery(shown)
  }
  const places = useMemo(() => placesOf(shown, place), [shown, place])

  const changed = (next) => {
    const fit = refit(shown, next, facts)
    setQuery(fit)
    const document = toDocument(fit)
    if (same(document, written.current)) return
    written.current = document
    onChange(document)
  }
  const fields = useMemo(() => [...facts.all.values()].map((one) => ({ name: one.name, value: one.name, label: one.label })), [facts])
  const context = { ...studio, facts, places, label }
  return (
    <div class={shown.rules.length ? 'condition' : 'condition none'}>
      {!shown.rules.length && <span class="soft">{empty}</span>}
      <QueryBuilder
        query={shown}
        onQueryChange={changed}
        fields={fields}
        combinators={COMBINATORS.map((name) => ({ name, value: name, label: t(`group_${name}`) }))}
        getOperators={(name) => facts.operatorsOf(name).map((one) => ({ name: one, value: one, label: t(`op_${one}`) }))}
        getDefaultField={() => ''}
        getDefaultOperator={() => 'is'}
        getDefaultValue={(rule) => initial(facts.of(rule.field).type)}
        autoSelectField={false}
        autoSelectOperator={false}
        addRuleToNewGroups
        disabled={!studio.writes}
        context={context}
        controlElements={CONTROLS}
        translations={{ fields: { placeholderName: '', placeholderLabel: '' } }}
        accessibleDescriptionGenerator={() => label}
      />
    </div>
  )
}

let serial = 0
function withIds(node) {
  const id = node.id ?? `c${(serial += 1)}`
  return 'rules' in node ? { ...node, id, rules: node.rules.map(withIds) } : { ...node, id }
}

/** Values in the form that a newly chosen operator takes. */
function refit(before, after, facts) {
  const old = new Map()
  const walk = (node) => ('rules' in node ? node.rules.forEach(walk) : old.set(node.id, node))
  walk(before)
  const fit = (node) => {
    if ('rules' in node) return { ...node, rules: node.rules.map(fit) }
    if (node.field === '~') return { ...node, field: '' } // the builder's word for nothing chosen
    const was = old.get(node.id)
    if (was && was.field !== node.field) {
      const names = facts.operatorsOf(node.field)
      const operator = names.includes(was.operator) ? was.operator : names[0]
      return { ...node, operator, value: fitted(initial(facts.of(node.field).type), operator, facts.of(node.field).type) }
    }
    if (!was || was.operator === node.operator || node.field === RAW) return node
    return { ...node, value: fitted(node.value, node.operator, facts.of(node.field).type) }
  }
  return withIds(fit(after))
}

const CONTROLS = {
  rule: RuleWithProblems,
  fieldSelector: FieldPicker,
  operatorSelector: OperatorPicker,
  valueEditor: Value,
  ruleGroupHeaderElements: GroupHead,
  ruleGroupBodyElements: GroupBody,
  removeRuleAction: (props) => <Remove {...props} word="remove_condition" />,
}

function GroupHead({ combinator, onCombinatorChange, ruleGroup, context, path, disabled, removeGroup }) {
  return (
    <>
      <Combinator value={combinator} handleOnChange={onCombinatorChange} ruleGroup={ruleGroup} context={context} />
      {path.length > 0 && <Remove handleOnClick={removeGroup} context={context} disabled={disabled} word="remove_group" />}
    </>
  )
}

/** The conditions, and after them the ways to add one: what is read first is reached first. */
function GroupBody(props) {
  const { addRule, addGroup, ruleGroup, context, path, disabled } = props
  const first = path.length === 0 && !ruleGroup.rules.length
  return (
    <>
      <RuleGroupBodyComponents {...props} />
      {!disabled && (
        <span class="adds">
          <Add handleOnClick={addRule} context={context} word={first ? 'add_condition' : 'add_more'} />
          {!first && <Add handleOnClick={addGroup} context={context} word="add_group" />}
        </span>
      )}
    </>
  )
}

function RuleWithProblems(props) {
  const { places, t } = props.context
  const place = places[props.rule.id]
  if (props.rule.field === RAW) {
    const write = (value) => props.actions.onPropChange('value', value, props.path)
    return (
      <div class="rule-line">
        <AsText value={props.rule.value} onChange={write} label={t('condition')} />
        <Remove handleOnClick={() => props.actions.onRuleRemove(props.path)} word="remove_condition" context={props.context} />
        {place && <Beside place={place} />}
      </div>
    )
  }
  return (
    <div class="rule-line">
      <Rule {...props} />
      {place && <Beside place={place} />}
    </div>
  )
}

function FieldPicker({ value, handleOnChange, context, rule }) {
  const place = context.places[rule?.id]
  return <Picker value={value} onPick={handleOnChange} groups={context.facts.groups} label={`${context.label} · ${context.t('fact')}`} place={place} />
}

function OperatorPicker({ value, handleOnChange, context, rule }) {
  const { facts, t } = context
  if (!rule.field) return null
  const boolean = facts.of(rule.field).type === 'boolean'
  const options = facts.operatorsOf(rule.field).map((name) => [name, boolean && name === 'is' ? t('op_is_boolean') : t(`op_${name}`)])
  return <Select value={value} onChange={handleOnChange} options={options} label={t('operator')} />
}

function Combinator({ value, handleOnChange, context, ruleGroup }) {
  const count = ruleGroup.rules.length
  if (count < 2 && value === 'all') return null
  return <Select value={value} onChange={handleOnChange} options={COMBINATORS.map((name) => [name, context.t(`group_${name}`)])} label={context.t('combinator')} />
}

function Add({ handleOnClick, context, word }) {
  return (
    <button type="button" class="add" onClick={handleOnClick}>
      <Icon name="plus" small />
      {context.t(word)}
    </button>
  )
}

function Remove({ handleOnClick, context, word, disabled }) {
  if (disabled) return null
  return (
    <button type="button" class="quiet" aria-label={context.t(word)} title={context.t(word)} onClick={handleOnClick}>
      ×
    </button>
  )
}

/** The operand: by the fact's type and the operator; a literal or another fact. */
function Value({ rule, value, handleOnChange, context, operator }) {
  const { facts, t, vocabulary, locale } = context
  if (!rule.field) return null
  const fact = facts.of(rule.field)
  const unit = unitWord(fact.unit, vocabulary, locale, t)
  const place = context.places[rule.id]
  const common = { label: `${fact.label} · ${t('value')}`, place }
  if (operator === 'exists') return <YesNo value={value} onChange={handleOnChange} words={[t('there_is'), t('there_is_none')]} {...common} />
  if (operator === 'between') {
    const [low, high] = Array.isArray(value) ? value : [value, value]
    return (
      <span class="l">
        <Literal {...common} type={fact.type} value={low} onChange={(one) => handleOnChange([one, high])} />
        <span class="soft">{t('and')}</span>
        <Literal {...common} type={fact.type} value={high} onChange={(one) => handleOnChange([low, one])} />
        {unit && <span class="soft">{unit}</span>}
      </span>
    )
  }
  if (LISTED.includes(operator)) return <Listed {...common} type={fact.type} value={value} onChange={handleOnChange} hint={t('separate_by_comma')} />
  if (isReference(value)) return <Reference {...common} value={value} onChange={handleOnChange} context={context} type={fact.type} />
  const comparable = ['number', 'integer', 'date', 'time', ''].includes(fact.type) && operator !== 'matches'
  return (
    <span class="l">
      <Literal {...common} type={fact.type} value={value} onChange={handleOnChange} />
      {unit && <span class="soft">{unit}</span>}
      {comparable && !fact.unknown && context.writes && (
        <button type="button" class="add" onClick={() => handleOnChange({ fact: alike(facts, fact) })}>
          {t('compare_with_fact')}
        </button>
      )}
    </span>
  )
}

function alike(facts, fact) {
  const short = fact.name.split('.').slice(1).join('.')
  const near = ['target', 'peers'].map((family) => `${family}.${short}`).find((name) => facts.all.has(name))
  return near ?? [...facts.all.values()].find((one) => one.type === fact.type && one.name !== fact.name)?.name ?? fact.name
}

function Reference({ value, onChange, context, label, place, type }) {
  const { facts, t } = context
  const times = value.times ?? 1
  const write = (fact, n) => onChange(n === 1 ? { fact } : { fact, times: n })
  return (
    <span class="l">
      <Picker value={value.fact} shown={facts.of(value.fact).label} onPick={(fact) => write(fact, times)} groups={facts.groups} label={label} place={place} />
      {['number', 'integer', ''].includes(type) && (
        <>
          <span class="soft">×</span>
          <NumberField value={times} onInput={(n) => write(value.fact, n)} label={t('times')} width="72px" />
        </>
      )}
      <button type="button" class="add" onClick={() => onChange(initial(type))}>
        {t('compare_with_value')}
      </button>
    </span>
  )
}

function Literal({ type, value, onChange, label, place }) {
  const { t } = useStudio()
  if (type === 'boolean' || typeof value === 'boolean') return <YesNo value={value} onChange={onChange} words={[t('yes'), t('no')]} label={label} place={place} />
  if (type === 'number' || type === 'integer') return <NumberField value={value} onInput={onChange} label={label} place={place} />
  if (type === 'date') return <Field type="date" value={value} onInput={onChange} label={label} place={place} />
  if (typeof value === 'number') return <NumberField value={value} onInput={onChange} label={label} place={place} />
  return <Field value={value} onInput={onChange} label={label} place={place} width="160px" placeholder={type === 'time' ? '2026-03-02T19:00+08:00' : undefined} />
}

function YesNo({ value, onChange, words, label, place }) {
  const options = [['true', words[0]], ['false', words[1]]]
  return <Select value={typeof value === 'boolean' ? String(value) : value} onChange={(of) => onChange(of === 'true')} options={options} label={label} place={place} />
}

function Listed({ value, onChange, type, label, place, hint }) {
  const numeric = type === 'number' || type === 'integer'
  const items = Array.isArray(value) ? value : []
  const read = (text) => {
    const found = text.split(/[,，、]/).map((one) => one.trim()).filter(Boolean)
    if (!numeric) return found
    const numbers = found.map(Number)
    return numbers.every(Number.isFinite) ? numbers : undefined
  }
  const mixed = items.some((one) => typeof one !== (numeric ? 'number' : 'string') || String(one).match(/[,，、]/))
  if (mixed && items.length) return <AsText value={items} onChange={onChange} label={label} />
  return <ListField items={items} read={read} onChange={onChange} label={label} place={place} hint={hint} />
}

function ListField({ items, read, onChange, label, place, hint }) {
  const [typed, setTyped] = useState(null)
  return (
    <span onFocusOut={() => setTyped(null)}>
      <Field value={typed ?? items.join('，')} onInput={(text) => (setTyped(text), read(text) !== undefined && onChange(read(text)))} label={label} place={place} width="220px" placeholder={hint} />
    </span>
  )
}
