// The steps of a plan: {course|mentor|practice|change_process: NAME, title, after} or {review: METRIC, after}.

const KEYS = ['title', 'after']

/** The one kind that a step is of; '' where the form cannot show it without changing it. */
export function kindOf(step, kinds) {
  if (!step || typeof step !== 'object' || Array.isArray(step)) return ''
  const found = Object.keys(step).filter((key) => kinds.includes(key))
  const rest = Object.keys(step).filter((key) => !kinds.includes(key))
  const plain = found.length === 1 && typeof step[found[0]] === 'string' && rest.every((key) => KEYS.includes(key))
  const titled = step.title === undefined || (found[0] !== 'review' && step.title && typeof step.title === 'object' && !Array.isArray(step.title))
  return plain && titled && ['string', 'undefined'].includes(typeof step.after) ? found[0] : ''
}

/** {to, steps, at} of a plan's action, `at` being the key that holds the steps; null where it has another form. */
export function planOf(item) {
  if (Array.isArray(item?.plan)) return 'steps' in item ? null : { to: 'person', steps: item.plan, at: 'plan' }
  if (typeof item?.plan === 'string' && Array.isArray(item.steps)) return { to: item.plan, steps: item.steps, at: 'steps' }
  return null
}

/** The action with its steps for somebody: the person's stand in `plan` itself, as the language writes them. */
export function planFor(item, to, steps) {
  const { plan: _plan, steps: _steps, ...rest } = item
  return to === 'person' && !(typeof item.plan === 'string') ? { plan: steps, ...rest } : { plan: to, steps, ...rest }
}

/** A step as another kind, keeping what both have. */
export function asKind(step, before, kind) {
  const { [before]: name, title, after } = step
  const due = after === undefined ? {} : { after }
  if (kind === 'review') return { review: '', after: after ?? '30 days' }
  return { [kind]: before === 'review' ? '' : name, ...(title ? { title } : {}), ...due }
}

/** A step with other words; its name follows them, unless it is one of its own (a course's number, say). */
export function titled(step, kind, title) {
  const words = (of) => Object.values(of ?? {}).find((text) => typeof text === 'string' && text) ?? ''
  const own = step[kind] && step[kind] !== words(step.title)
  return { ...step, [kind]: own ? step[kind] : words(title), title }
}

/** Whether the step has a name that its words do not say. */
export function namedApart(step, kind) {
  return Boolean(step[kind]) && !Object.values(step.title ?? {}).includes(step[kind])
}

/** A list with one item moved. */
export function moved(items, number, by) {
  const next = [...items]
  const [one] = next.splice(number, 1)
  next.splice(number + by, 0, one)
  return next
}
