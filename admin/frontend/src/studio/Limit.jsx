// How often a rule speaks.
import { choose } from '../words.js'
import { typesOf } from './facts.js'
import { AsText, NumberField, Select, useStudio } from './parts.jsx'

const USUAL = { reminder: 'day', validation: 'occurrence', escalation: 'occurrence', diagnosis: 'month' }
const PERIODS = ['occurrence', 'day', 'week', 'month']
const APART = /^(\d+) (minute|hour|day)s?$/
const MOST = /^(\d+) (?:times )?per (day|week|month)$/

export function Limit() {
  const { document, change, t, vocabulary, locale, writes } = useStudio()
  const limit = document.limit ?? {}
  const apart = APART.exec(limit.once_per ?? '')
  const most = MOST.exec(limit.at_most ?? '')
  const known =
    typeof limit === 'object' && !Array.isArray(limit) && Object.keys(limit).every((key) => ['once_per', 'at_most', 'by'].includes(key)) &&
    (limit.once_per === undefined || apart || PERIODS.includes(limit.once_per)) && (limit.at_most === undefined || most)
  if (!known) return <AsText value={document.limit} label={t('limit')} onChange={(value, typing) => change('limit', value, typing)} />
  const put = (key, value, typing) => {
    const next = { ...limit, [key]: value }
    if (value === null) delete next[key]
    change('limit', Object.keys(next).length ? next : null, typing)
  }
  const usual = t(`once_${USUAL[document.kind] ?? 'day'}`)
  const options = [['', t('once_usual', { usual })], ...PERIODS.map((one) => [one, t(`once_${one}`)]), ['apart', t('once_apart')]]
  const fields = typesOf(document.when).flatMap((type) => vocabulary.events.find((one) => one.name === type)?.fields ?? [])
  const by = fields.filter((one) => !one.name.includes('.')).map((one) => [one.name, t('limit_by_field', { name: choose(one.title, locale, one.name) })])
  return (
    <div class="l">
      <Select
        value={apart ? 'apart' : (limit.once_per ?? '')}
        label={t('limit')}
        place="limit.once_per"
        options={options}
        onChange={(next) => put('once_per', next === 'apart' ? '2 days' : next || null)}
      />
      {apart && (
        <>
          <NumberField value={Number(apart[1])} label={t('once_apart')} width="64px" onInput={(n) => n >= 1 && put('once_per', `${Math.round(n)} ${apart[2]}${n === 1 ? '' : 's'}`, true)} />
          <Select value={apart[2]} label={t('unit')} options={['minute', 'hour', 'day'].map((one) => [one, t(`unit_${one}s`)])} onChange={(unit) => put('once_per', `${apart[1]} ${unit}${apart[1] === '1' ? '' : 's'}`)} />
        </>
      )}
      {most && (
        <>
          <span class="soft">{t('at_most')}</span>
          <NumberField value={Number(most[1])} label={t('at_most')} place="limit.at_most" width="64px" onInput={(n) => n >= 1 && put('at_most', `${Math.round(n)} per ${most[2]}`, true)} />
          <Select value={most[2]} label={t('period')} options={['day', 'week', 'month'].map((one) => [one, t(`per_${one}`)])} onChange={(per) => put('at_most', `${most[1]} per ${per}`)} />
          <button type="button" class="quiet" aria-label={t('remove_at_most')} onClick={() => put('at_most', null)}>×</button>
        </>
      )}
      {!most && writes && <button type="button" class="add" onClick={() => put('at_most', '2 per week')}>{t('add_at_most')}</button>}
      {(by.length > 0 || limit.by) && <Select value={limit.by ?? ''} label={t('limit_by')} place="limit.by" options={[['', t('limit_by_none')], ...by]} onChange={(field) => put('by', field || null)} />}
    </div>
  )
}
