// Where a draft stands on its way into force, and what its one button does next. Pure.
import { same } from '../path.js'

/**
 * What the bar offers: `mend` (problems first), `ask` (a second person's approval is wanted), `wait` (it was asked for),
 * `decide` (this reader may give it), `publish`, `scheduled`, `done` (it is in force), `look` (this reader may not write).
 */
export function standing({ draft, checked, writes, settings }) {
  if (draft.state === 'published') return 'done'
  if (draft.state === 'discarded' || !writes) return 'look'
  if (scheduledAt(draft)) return 'scheduled'
  const { errors } = gates({ draft, checked })
  if (draft.state === 'asked') return isMine(draft, settings.login) ? 'wait' : 'decide'
  if (errors) return 'mend'
  if (settings.needs_approval && draft.state !== 'approved') return 'ask'
  return 'publish'
}

export const scheduledAt = (draft) => draft.publish_at ?? null

/** Whoever began a draft or saved it last does not approve it. */
export const isMine = (draft, login) => [draft.author, draft.changed_by].includes(login)

/** What is looked at before publishing: {errors, examples, passed, tried}; `tried` is the document last tried on the past. */
export function gates({ draft, checked, document, tried }) {
  const examples = checked?.examples ?? []
  return {
    errors: (checked?.problems ?? []).filter((one) => (one.severity ?? 'error') === 'error').length,
    examples: examples.length,
    passed: examples.filter((one) => one.passed).length,
    tried: Boolean((tried && same(tried, document)) || (draft.preview && (!document || same(draft.document, document)))),
  }
}
