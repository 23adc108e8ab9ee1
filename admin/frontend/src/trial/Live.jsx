// It is in force: which version, how to take that back at once, and where the rule lives now.
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from '../studio/parts.jsx'
import { linesOf } from './said.jsx'

export function Live({ version, draft, api, t, locale, rulesUrl }) {
  const [back, setBack] = useState(null)
  const [error, setError] = useState(null)
  const [busy, setBusy] = useState(false)
  const box = useRef(null)
  useEffect(() => {
    if (version) box.current?.focus()
  }, [version])
  const rule = version?.rule ?? draft.rule
  const undo = async () => {
    setBusy(true)
    setError(null)
    const at = `/rules/${encodeURIComponent(rule)}`
    try {
      const answer = draft.based_on ? await api.post(`${at}/rollback`, { version: draft.based_on }) : await api.post(`${at}/archive`)
      setBack(answer)
    } catch (failed) {
      setError(failed)
      setBusy(false)
    }
  }
  const said = () => {
    if (back) return draft.based_on ? t('publish_went_back', { n: draft.based_on, now: back.version }) : t('publish_taken_out')
    return version ? t('publish_is_live', { n: version.version }) : t('publish_was_published')
  }
  return (
    <section class="card sec publish-bar live" ref={box} tabIndex={-1} aria-label={t('publish_title')}>
      <p class="live-said" role="status">
        <span class={`mk mk-${back ? 'hold' : 'ok'}`} aria-hidden="true" />
        {said()}
      </p>
      <div class="publish-acts">
        {version && !back && (
          <button type="button" class="btn" disabled={busy} onClick={undo}>
            <Icon name="undo" small />
            {t('undo')}
          </button>
        )}
        <a class={back ? 'btn' : 'btn btn-lamp'} href={rulesUrl + encodeURIComponent(rule)} lang={locale === 'zh' ? 'zh-CN' : 'en'}>
          {t('publish_see_rule')}
        </a>
      </div>
      {error && (
        <div class="beside error" role="alert">
          <Icon name="info" />
          <div class="grow">{linesOf(error, t).map((line) => <p key={line}>{line}</p>)}</div>
        </div>
      )}
    </section>
  )
}
