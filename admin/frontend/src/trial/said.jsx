// What both panels say in the same way: what went wrong, a state with its lamp, and the way to what is still to be mended.
import { Icon } from '../studio/parts.jsx'

/** The lines that tell why the server did not do it. */
export function linesOf(error, t) {
  if (error.status === 0) return [t('trial_not_reached')]
  if (error.status === 401) return [t('trial_signed_out')]
  if (error.problems?.length) return error.problems.map((one) => (one.hint ? `${one.problem}${t('trial_dash')}${one.hint}` : one.problem))
  return [error.message || t('trial_broke')]
}

export function Trouble({ error, t, children }) {
  if (!error) return null
  return (
    <div class="beside error sec" role="alert">
      <Icon name="info" />
      <div class="grow">
        {linesOf(error, t).map((line) => (
          <p key={line}>{line}</p>
        ))}
      </div>
      {children}
    </div>
  )
}

export function Chip({ look, children }) {
  return (
    <span class={`chip s-${look}`}>
      <i class={`mk mk-${look}`} />
      {children}
    </span>
  )
}

export const errorsOf = (checked) => (checked?.problems ?? []).filter((one) => (one.severity ?? 'error') === 'error').length

/** To the first thing that is wrong, with the keyboard there. */
export function toFirstProblem() {
  const first = window.document.querySelector('#studio .beside.error[data-at]')
  first?.scrollIntoView({ block: 'center' })
  first?.focus({ preventScroll: true })
}

/** Said in place of a result while the rule cannot be read: how much is left, and a press leads there. */
export function StillToGo({ errors, t }) {
  return (
    <div class="beside sec" role="status">
      <Icon name="info" />
      <span class="grow">{t('trial_mend_first', { n: errors })}</span>
      <button type="button" class="btn btn-sm" onClick={toFirstProblem}>
        {t('trial_go_there')}
      </button>
    </div>
  )
}
