// How a message looks to whoever gets it.
import { useState } from 'preact/hooks'
import { choose } from '../words.js'
import { recipientWord, smsOf } from './Actions.jsx'
import { useStudio } from './parts.jsx'

/** [{place, recipient, texts}] of what would be sent, from the check, else from the document itself. */
export function messagesOf(document, checked, facts) {
  if (checked?.messages?.length) return checked.messages
  const found = []
  const walk = (items, place) => {
    for (const [number, item] of (Array.isArray(items) ? items : []).entries()) {
      if (!item?.message) continue
      const given = typeof item.message === 'string' ? { zh: item.message } : item.message
      const texts = Object.entries(given).map(([language, text]) => {
        const filled = String(text).replace(/\{([\w.:-]+)\}/g, (_, name) => facts.of(name).label)
        return [language, { text: filled, sms: smsOf(filled) }]
      })
      found.push({ place: `${place}[${number}]`, recipient: item.nudge ?? item.improve ?? 'person', texts: Object.fromEntries(texts) })
    }
  }
  walk(document.then, 'then')
  for (const [number, step] of (Array.isArray(document.later) ? document.later : []).entries()) walk(step?.then, `later[${number}].then`)
  return found
}

export function Phone() {
  const { document, checked, facts, t, locale } = useStudio()
  const [shown, setShown] = useState('')
  const messages = messagesOf(document, checked, facts)
  const byRecipient = new Map()
  for (const one of messages) if (!byRecipient.has(one.recipient)) byRecipient.set(one.recipient, one)
  const tabs = [...byRecipient.keys()]
  const asSms = shown === '~sms'
  const current = byRecipient.get(asSms ? tabs[0] : shown) ?? messages[0]
  const said = current?.texts?.[locale] ?? Object.values(current?.texts ?? {})[0]
  const text = said?.text ?? ''
  const at = document.when?.at ?? '09:00'
  const later = /^later\[(\d+)\]/.exec(current?.place ?? '')
  const time = later ? (document.later?.[Number(later[1])]?.at ?? at) : at
  const selected = asSms ? '~sms' : current?.recipient
  return (
    <section class="card" aria-label={t('preview')}>
      <div class="cap">
        <h2>{t('preview')}</h2>
      </div>
      {!current ? (
        <p class="soft">{t('no_message')}</p>
      ) : (
        <>
          <div class="seg" role="group" aria-label={t('preview')}>
            {tabs.map((one) => (
              <button key={one} type="button" aria-pressed={selected === one} onClick={() => setShown(one)}>
                {recipientWord(one, locale, t)}
              </button>
            ))}
            <button type="button" aria-pressed={asSms} onClick={() => setShown('~sms')}>
              {t('sms')}
            </button>
          </div>
          <div class="phone" aria-live="polite">
            <div class="scr">
              <div class="bar">
                <span>{time}</span>
                <span>{asSms ? t('sms') : t('chat')}</span>
              </div>
              <div class="row top">
                <span class="ava lantern">
                  <Lantern />
                </span>
                <div class="bubble grow">
                  {!asSms && <b>{choose(said?.title, locale) || choose(document.title, locale)}</b>}
                  <p>{text || '…'}</p>
                  {!asSms && document.why && <p class="muted tiny">{t('why_line', { why: choose(document.why, locale) })}</p>}
                </div>
              </div>
              {!asSms && (
                <div class="answers" aria-hidden="true">
                  <span class="btn btn-sm btn-block">{t('got_it')}</span>
                  <span class="btn btn-sm btn-block">{t('later_on')}</span>
                  <span class="tiny">{t('this_is_wrong')}</span>
                </div>
              )}
            </div>
          </div>
          <p class="help">{t('sms_takes', { n: said?.sms ?? smsOf(text) })}</p>
        </>
      )}
    </section>
  )
}

function Lantern() {
  return (
    <svg viewBox="0 0 28 28" width="22" height="22" aria-hidden="true">
      <path d="M14 2.5v3" stroke="var(--on-dusk-2)" stroke-width="1.8" stroke-linecap="round" />
      <path d="M10.5 6.4h7M10.5 21.6h7" stroke="var(--on-dusk-2)" stroke-width="1.8" stroke-linecap="round" />
      <rect x="5.6" y="7.3" width="16.8" height="13.4" rx="6.7" fill="var(--lamp)" />
    </svg>
  )
}
