// A walk through a rule, drawn: each moment with its lamp, what was asked there, and the conditions with what was found.
import { Icon } from '../studio/parts.jsx'
import { choose } from '../words.js'
import { Chip } from './said.jsx'
import { spokenWall } from './times.js'

const LOOKS = { speaks: 'told', silent: 'hold', cancelled: 'ok', open: 'open', unused: 'hold' }
const CHECKS = { moment: 'when', subject: 'about', conditions: 'if', limit: 'limit' }
const PARTS = ['who', 'if', 'until']
const PASSED = { passed: ['', 'check'], stopped: ['no', 'x'], unused: ['na', 'more'] }
const RESULTS = { speaks: ['go', 'bell'], silent: ['no', 'x'], cancelled: ['', 'check'], open: ['na', 'clock'], unused: ['na', 'more'] }

export function Steps({ walk, locale, t }) {
  return (
    <ol class="walk">
      {walk.steps.map((step) => (
        <li key={step.step}>
          <div class="walk-head">
            <b>{step.step ? t('trial_later', { n: step.step }) : t('trial_first')}</b>
            {step.at && <time class="small soft" dateTime={step.at}>{spokenWall(step.at, locale)}</time>}
            <Chip look={LOOKS[step.state]}>{t(`trial_state_${step.state}`)}</Chip>
          </div>
          <Path step={step} locale={locale} t={t} />
        </li>
      ))}
    </ol>
  )
}

function Path({ step, locale, t }) {
  const parts = PARTS.filter((part) => step.conditions[part]).map((part) => [part, step.conditions[part]])
  const rows = step.checks.filter((one) => one.what !== 'conditions' || !parts.length)
  const at = (names) => rows.filter((one) => names.includes(one.what))
  return (
    <ol class="path">
      {at(['moment', 'subject']).map((one) => <Check key={one.what} check={one} locale={locale} t={t} />)}
      {parts.map(([part, node]) => <Part key={part} part={part} node={node} locale={locale} t={t} />)}
      {at(['conditions', 'limit']).map((one) => <Check key={one.what} check={one} locale={locale} t={t} />)}
      {!step.checks.length && (step.step > 0 || !parts.length) && (
        <li class={step.state === 'unused' ? 'skip-step' : undefined}>
          <span class={`pk ${RESULTS[step.state][0]}`}><Icon name={RESULTS[step.state][1]} /></span>
          <span class="k">{t('trial_then')}</span>
          <div>{choose(step.said, locale)}</div>
        </li>
      )}
    </ol>
  )
}

function Check({ check, locale, t }) {
  const [look, icon] = PASSED[check.state]
  return (
    <li class={check.state === 'unused' ? 'skip-step' : undefined}>
      <span class={`pk ${look}`}><Icon name={icon} /></span>
      <span class="k">{t(CHECKS[check.what])}</span>
      <div>
        {choose(check.said, locale)}
        {check.deciding && <div class="v">{t('trial_stops_here')}</div>}
      </div>
    </li>
  )
}

/** `who`, `if` or `until`: a lone comparison in one line, else the tree. */
function Part({ part, node, locale, t }) {
  const [look, icon] = looks(node)
  if (node.kind !== 'fact') {
    return (
      <li>
        <span class={`pk ${look}`}><Icon name={icon} /></span>
        <span class="k">{t(part)}</span>
        <div>
          <ul class="tree root"><Branch node={node} locale={locale} t={t} /></ul>
        </div>
      </li>
    )
  }
  return (
    <li>
      <span class={`pk ${look}`}><Icon name={icon} /><span class="sr">{wordOf(node, t)}</span></span>
      <span class="k">{t(part)}</span>
      <div>
        {choose(node.said, locale)}
        <div class="v">{foundIn(node, locale, t)}</div>
      </div>
    </li>
  )
}

function Branch({ node, locale, t }) {
  const [look, icon] = looks(node)
  return (
    <li>
      <div class="twig">
        <span class={`pk ${look}`}><Icon name={icon} /><span class="sr">{wordOf(node, t)}</span></span>
        {node.kind === 'fact' ? (
          <>
            <span>{choose(node.said, locale)}</span>
            <span class="val">{foundIn(node, locale, t)}</span>
          </>
        ) : (
          <b>{choose(node.said, locale)}</b>
        )}
      </div>
      {node.items && (
        <ul class="tree">
          {node.items.map((item) => <Branch key={item.place} node={item} locale={locale} t={t} />)}
        </ul>
      )}
    </li>
  )
}

const lacks = (node) => node.kind === 'fact' && node.value === null && node.op !== 'exists'

function looks(node) {
  if (!node.decided || lacks(node)) return ['na', 'more']
  return node.holds ? ['', 'check'] : ['no', 'x']
}

function wordOf(node, t) {
  if (!node.decided) return t('trial_did_not_matter')
  return t(node.holds ? 'trial_holds' : 'trial_does_not_hold')
}

function foundIn(node, locale, t) {
  const value = choose(node.found, locale)
  return lacks(node) ? <b>{value}</b> : t('trial_in_fact', { value })
}
