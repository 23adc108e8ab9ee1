// A plan's steps: what, in words, by when. Moved with the arrows beside them, or Alt and an arrow key anywhere in a step.
import { useRef, useState } from 'preact/hooks'
import { join } from '../path.js'
import { choose } from '../words.js'
import { Message, recipientWord } from './Actions.jsx'
import { AsText, Beside, DurationField, Field, Icon, Picker, Select, Tools, useStudio } from './parts.jsx'
import { asKind, kindOf, moved, namedApart, planFor, planOf, titled } from './plan.js'

export function PlanFor({ item, place }) {
  const { change, t, vocabulary, locale } = useStudio()
  const { to, steps } = planOf(item)
  const options = vocabulary.helped.map((one) => [one, recipientWord(one, locale, t)])
  return <Select value={to} label={t('recipient')} place={place} options={options} onChange={(next) => change(place, planFor(item, next, steps))} />
}

export function PlanSteps({ item, place }) {
  const { change, t, vocabulary, writes } = useStudio()
  const { steps, at } = planOf(item)
  const box = useRef(null)
  const [said, setSaid] = useState('')
  const inner = join(place, at)
  const write = (next) => change(inner, next)
  const focus = (number, selector) =>
    requestAnimationFrame(() => {
      const row = box.current?.children[number]
      ;(row?.querySelector(selector) ?? row?.querySelector('select, input, button'))?.focus()
    })
  const move = (number, by, selector = by < 0 ? '.up' : '.down') => {
    const to = number + by
    if (to < 0 || to >= steps.length) return
    write(moved(steps, number, by))
    setSaid(t('step_moved', { n: to + 1, of: steps.length }))
    focus(to, selector)
  }
  const keys = (event, number) => {
    if (!event.altKey || !['ArrowUp', 'ArrowDown'].includes(event.key) || !writes) return
    event.preventDefault()
    move(number, event.key === 'ArrowUp' ? -1 : 1, 'select')
  }
  const remove = (number) => {
    write(steps.filter((_, n) => n !== number))
    focus(Math.max(number - 1, 0), 'select')
  }
  const add = () => {
    write([...steps, { practice: '' }])
    focus(steps.length, 'textarea')
  }
  return (
    <div class="plan">
      <ol ref={box} aria-label={t('plan_steps')}>
        {steps.map((step, number) => (
          <li key={number} class="plan-step" onKeyDown={(event) => keys(event, number)}>
            <PlanStep
              step={step}
              place={join(inner, number)}
              kinds={vocabulary.steps}
              tools={<Tools number={number} count={steps.length} what={t('plan_step', { n: number + 1 })} onMove={(by) => move(number, by)} onRemove={() => remove(number)} />}
            />
          </li>
        ))}
      </ol>
      {!steps.length && <Beside place={inner} />}
      <p class="sr" role="status">{said}</p>
      {writes && (
        <button type="button" class="add" onClick={add}>
          <Icon name="plus" small />
          {t('add_plan_step')}
        </button>
      )}
    </div>
  )
}

function PlanStep({ step, place, kinds, tools }) {
  const { change, t, vocabulary, locale, writes } = useStudio()
  const kind = kindOf(step, kinds)
  if (!kind) {
    return (
      <div class="l">
        <AsText value={step} label={t('step')} onChange={(value, typing) => change(place, value, typing)} />
        {tools}
        <Beside place={place} />
      </div>
    )
  }
  const options = kinds.map((one) => [one, choose(vocabulary.titles.steps[one], locale, one)])
  const put = (key, value, typing) => change(join(place, key), value, typing)
  return (
    <>
      <div class="l">
        <Select value={kind} label={t('step_kind')} options={options} onChange={(next) => change(place, asKind(step, kind, next))} />
        {kind === 'review' && <Metric value={step.review} place={join(place, 'review')} onPick={(name) => put('review', name)} />}
        {step.after === undefined ? (
          writes && (
            <button type="button" class="add" onClick={() => put('after', '14 days')}>
              <Icon name="plus" small />
              {t('add_due')}
            </button>
          )
        ) : (
          <>
            <span class="soft">{t('due_after')}</span>
            <DurationField value={step.after} label={t('due_after')} place={join(place, 'after')} onChange={(after) => put('after', after, true)} />
            {kind !== 'review' && writes && (
              <button type="button" class="quiet" aria-label={t('remove_due')} title={t('remove_due')} onClick={() => put('after', null)}>
                ×
              </button>
            )}
          </>
        )}
        {tools}
      </div>
      {kind !== 'review' && (
        <Message place={join(place, 'title')} value={step.title ?? {}} label={t('step_words')} rows={1} hint={t('step_words_hint')} onWrite={(title, typing) => change(place, titled(step, kind, title), typing)} />
      )}
      {kind !== 'review' && namedApart(step, kind) && (
        <div class="l">
          <span class="soft">{t('step_name')}</span>
          <Field value={step[kind]} label={t('step_name')} place={join(place, kind)} width="220px" onInput={(name) => put(kind, name, true)} />
        </div>
      )}
      <Beside place={place} except={[join(place, 'title')]} />
    </>
  )
}

function Metric({ value, place, onPick }) {
  const { facts, t } = useStudio()
  const groups = facts.groups
    .map((group) => ({ ...group, options: group.options.filter((one) => one.name.startsWith('metric.')).map((one) => ({ ...one, name: one.name.slice(7) })) }))
    .filter((group) => group.options.length)
  return <Picker value={value} onPick={onPick} groups={groups} label={t('step_metric')} place={place} placeholder={t('step_metric')} />
}
