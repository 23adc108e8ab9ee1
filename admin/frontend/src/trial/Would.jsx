// What would be said to whom, as it would be read; and what would only be written down.
import { Icon } from '../studio/parts.jsx'
import { choose } from '../words.js'
import { spokenWall } from './times.js'

export function Would({ walk, vocabulary, facts, locale, t }) {
  const word = (action) => actionWord(action, vocabulary, facts, locale, t)
  if (!walk.would.length) {
    return (
      <div class="would-none">
        <Icon name="moon" />
        <p>{t('trial_nothing_said')}</p>
      </div>
    )
  }
  return (
    <ul class="would">
      {walk.would.map((one, number) => (
        <li key={number}>
          <p class="small soft would-to">
            {one.recipient ? (
              <>
                <span class="ava" aria-hidden="true">{[...one.recipient_name][0]}</span>
                <b>{one.recipient_name}</b>
              </>
            ) : (
              <b>{word(one.action)}</b>
            )}
            <time dateTime={one.at}>{spokenWall(one.at, locale)}</time>
          </p>
          {one.message ? (
            <p class="bubble" lang={one.locale}>{one.message}</p>
          ) : (
            <p class="small soft">{one.recipient ? word(one.action) : t('trial_nobody_written_to')}</p>
          )}
          {one.held_because && (
            <p class="held small">
              <Icon name="pause" small />
              {t('trial_held', { why: choose(one.held_because, locale) })}
            </p>
          )}
        </li>
      ))}
    </ul>
  )
}

/** `mark incomplete`: the action's title, then what it is about, by its own title where it has one. */
export function actionWord(action, vocabulary, facts, locale, t) {
  const [name, ...rest] = (action ?? '').split(' ')
  const known = vocabulary.actions.find((one) => one.name === name)
  const what = rest.join(' ')
  const event = vocabulary.events.find((one) => one.name === what)
  const mark = name === 'mark' && vocabulary.marks.find((one) => one.name === what)
  const said = mark ? choose(mark.title, locale, what) : name === 'nudge' ? '' : event ? choose(event.title, locale, what) : facts.of(what).label
  return [choose(known?.title, locale, name), said].filter(Boolean).join(t('trial_colon'))
}
