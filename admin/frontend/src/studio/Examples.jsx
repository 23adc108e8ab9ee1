// The examples of a rule: what it is to say at some moment, looked at again at every change.
import { actionWord } from '../trial/Would.jsx'
import { AsText, Beside, useStudio } from './parts.jsx'

export function Examples() {
  const { document, change, checked, vocabulary, facts, locale, t, writes } = useStudio()
  const items = document.examples
  const known = items === undefined || (Array.isArray(items) && items.every((one) => one && typeof one === 'object'))
  const remove = (number) => {
    const left = items.filter((_, n) => n !== number)
    change('examples', left.length ? left : null)
  }
  const said = (deeds) => deeds.map((one) => actionWord(one, vocabulary, facts, locale, t)).join(t('trial_comma')) || t('example_silent')
  return (
    <>
      {!items?.length && <span class="soft">{t('no_examples_yet')}</span>}
      {known && items?.length > 0 && (
        <ul class="examples">
          {items.map((one, number) => {
            const found = checked?.examples?.[number]
            const place = `examples[${number}]`
            return (
              <li key={number}>
                <div class="l">
                  <i class={`mk mk-${found && !found.passed ? 'need' : 'ok'}`} />
                  <span class="grow">
                    {one.name} <span class="soft">· {said(Array.isArray(one.expect) ? one.expect : [])}</span>
                  </span>
                  {writes && (
                    <button type="button" class="quiet" aria-label={t('remove_example', { name: one.name ?? '' })} title={t('remove_example', { name: one.name ?? '' })} onClick={() => remove(number)}>
                      ×
                    </button>
                  )}
                </div>
                <Beside place={place} />
              </li>
            )
          })}
        </ul>
      )}
      {items !== undefined && <AsText value={items} label={t('key_examples')} why="" onChange={(value, typing) => change('examples', value, typing)} />}
      <Beside place="examples" except={known ? (items ?? []).map((_, number) => `examples[${number}]`) : []} />
    </>
  )
}
