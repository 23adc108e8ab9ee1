// What the check says, as the studio says it: what is only not filled in yet is asked for, at its own field.
import { get, join } from '../path.js'

const ASKED = {
  fact: 'pick_a_fact', ask: 'ask_field', emit: 'ask_event', event: 'ask_event', infer: 'ask_finding', at: 'ask_time',
  when: 'ask_when', then: 'ask_then', kind: 'ask_kind', title: 'ask_title',
}
const TEXTS = ['message', 'because', 'cause', 'title', 'why', 'course', 'mentor', 'practice', 'change_process']
const BEGUN = ['', 'found.', null]

/** A problem of the check with the words and the place under which the studio shows it. */
export function asked(problem, document, t) {
  const found = { severity: 'error', ...problem }
  const key = found.code === 'missing-key' && /['“"](\w+)['”"]/.exec(found.problem)?.[1]
  if (key) found.at = found.at ? join(found.at, key) : key
  if (found.code === 'missing-translation') return { ...found, problem: t('ask_language', { names: languages(found.problem, t) }), hint: '' }
  const value = get(document, found.at)
  if (!(key || (BEGUN.includes(value) && value !== undefined))) return found
  const word = wordFor(found.at)
  return word ? { ...found, problem: t(word), hint: '' } : found
}

const languages = (problem, t) =>
  (problem.match(/[a-z]{2}(_[A-Za-z]+)?(?=$|、|, )/g) ?? []).map((code) => (['zh', 'en'].includes(code) ? t(`language_${code}`) : code)).join(t('trial_comma'))

function wordFor(at) {
  const names = at.replace(/\[\d+\]/g, '').split('.')
  const last = names.at(-1)
  if (ASKED[last]) return ASKED[last]
  return TEXTS.includes(last) || (['zh', 'en'].includes(last) && TEXTS.includes(names.at(-2))) ? 'ask_text' : ''
}
