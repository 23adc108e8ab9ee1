// The last card of the studio: what stands before publishing, and the one button that goes on from here.
import { useEffect, useState } from 'preact/hooks'
import { same } from '../path.js'
import { Icon, useStudio } from '../studio/parts.jsx'
import { Live } from './Live.jsx'
import { PublishDialog } from './PublishDialog.jsx'
import { gates, scheduledAt, standing } from './publishing.js'
import { Trouble } from './said.jsx'
import { spokenWall, wallOf } from './times.js'

export function PublishBar({ draft: given, document, checked, tried, locale, api, t, zone, now, rulesUrl, onPublished, onJump, settings }) {
  const { writes, save, saving } = useStudio()
  const [newer, setNewer] = useState(null)
  const [live, setLive] = useState(null)
  const [asking, setAsking] = useState('')
  const [error, setError] = useState(null)
  const [busy, setBusy] = useState(false)
  // what the last decision answered, until the draft is saved anew
  const draft = newer && newer.edition >= given.edition ? { ...given, ...newer, document: given.document } : given
  const stands = live ? 'done' : standing({ draft, checked, writes, settings })
  const isSaved = same(document, given.document)

  // what is decided upon is what the server has: it is saved first
  useEffect(() => {
    if (asking && !isSaved && saving.state !== 'stale') save()
  }, [asking, isSaved, saving.state])

  const decide = async (path, body, method = 'post') => {
    setBusy(true)
    setError(null)
    try {
      const answer = await api[method](`/drafts/${draft.id}${path}`, body)
      setNewer(answer)
      setAsking('')
    } catch (failed) {
      setError(failed)
    }
    setBusy(false)
  }
  const published = (version) => {
    setAsking('')
    setLive(version)
    onPublished(version)
  }
  if (stands === 'done') return <Live version={live} draft={draft} api={api} t={t} locale={locale} rulesUrl={rulesUrl} />
  const shared = { draft, document, isSaved, api, t, locale, zone, now, saving, onClose: () => setAsking('') }
  return (
    <section class="card sec publish-bar" aria-label={t('publish_title')}>
      <Gates {...{ draft, document, checked, tried, settings, t, onJump }} />
      <div class="publish-acts">
        <Acts {...{ stands, draft, checked, settings, busy, locale, zone, t, onJump, setAsking, decide }} />
      </div>
      {draft.held_up?.length > 0 && (
        <div class="beside" role="note">
          <Icon name="info" />
          <div class="grow">
            <p>{t('publish_held_up')}</p>
            {draft.held_up.map((one) => <p key={one.problem}>{one.hint ? `${one.problem}${t('trial_dash')}${one.hint}` : one.problem}</p>)}
          </div>
        </div>
      )}
      <Trouble error={error} t={t} />
      {asking && <PublishDialog {...shared} kind={asking} onPublished={published} onDecided={(answer) => (setNewer(answer), setAsking(''))} />}
    </section>
  )
}

function Gates({ draft, document, checked, tried, settings, t, onJump }) {
  const found = gates({ draft, checked, document, tried })
  const to = (id) => (event) => {
    event.preventDefault()
    window.document.getElementById(id)?.scrollIntoView({ block: 'start', behavior: 'smooth' })
  }
  return (
    <div class="gates" role="status">
      <h2>{t('publish_before')}</h2>
      <ul>
        <Gate ok={found.errors === 0} onGo={found.errors ? onJump : null}>
          {found.errors ? t('publish_check_to_go', { n: found.errors }) : t('publish_check_fine')}
        </Gate>
        <Gate ok={found.examples > 0 && found.passed === found.examples} onGo={found.examples ? null : to('try')}>
          {found.examples ? t('publish_examples', { n: found.examples, passed: found.passed }) : t('publish_no_examples')}
        </Gate>
        <Gate ok={found.tried} onGo={found.tried ? null : to('preview')}>
          {t(found.tried ? 'publish_tried' : 'publish_not_tried')}
        </Gate>
        {settings.needs_approval && (
          <Gate ok={draft.state === 'approved'}>
            {draft.state === 'approved' ? t('publish_approved', { name: draft.approved_by ?? '' }) : t(draft.state === 'asked' ? 'publish_asked' : 'publish_not_approved')}
          </Gate>
        )}
      </ul>
    </div>
  )
}

function Gate({ ok, onGo, children }) {
  return (
    <li>
      <span class={`mk mk-${ok ? 'ok' : 'need'}`} aria-hidden="true" />
      {onGo ? (
        <button type="button" class="plain" onClick={onGo}>
          {children}
        </button>
      ) : (
        <span>{children}</span>
      )}
    </li>
  )
}

function Acts({ stands, draft, checked, settings, busy, locale, zone, t, onJump, setAsking, decide }) {
  if (stands === 'look') return <p class="small soft">{t('publish_only_look')}</p>
  if (stands === 'mend') {
    return (
      <button type="button" class="btn" onClick={onJump}>
        {t('publish_to_go', { n: gates({ draft, checked }).errors })}
      </button>
    )
  }
  if (stands === 'scheduled') {
    const { date, time } = wallOf(scheduledAt(draft), zone)
    return (
      <>
        <p class="scheduled">
          <Icon name="clock" small />
          {t('publish_scheduled', { when: spokenWall(`${date}T${time}`, locale) })}
        </p>
        <button type="button" class="btn" disabled={busy} onClick={() => decide('/schedule', undefined, 'del')}>
          <Icon name="undo" small />
          {t('publish_take_back')}
        </button>
      </>
    )
  }
  if (stands === 'wait') return <p class="small soft">{t('publish_waiting')}</p>
  if (stands === 'decide') {
    return (
      <>
        <button type="button" class="btn" disabled={busy} onClick={() => setAsking('send_back')}>{t('publish_send_back')}</button>
        <button type="button" class="btn btn-lamp" disabled={busy} onClick={() => setAsking('approve')}>{t('publish_approve')}</button>
      </>
    )
  }
  return (
    <button type="button" class="btn btn-lamp" disabled={busy} onClick={() => setAsking(stands === 'ask' ? 'ask' : 'publish')}>
      {t(stands === 'ask' ? 'publish_ask' : 'publish')}
    </button>
  )
}
