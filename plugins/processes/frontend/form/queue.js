// Handing in, now or when there is a network. What waits has its own moment and a key: sent twice it is one hand-in. Used by
// the page and by the service worker; a lock keeps the two from sending the same thing at once.

import { all, drop, get, put } from './store.js'

/** How one hand-in went. `how`: sent, asked (something is open), refused (nothing can be done with it as it is), login, later. */
export async function send({ url, pairs, login, at, key }, tokenUrl) {
  const fresh = await freshToken(tokenUrl)
  if (!fresh) return { how: 'later' }
  if (fresh.login !== login) return { how: 'login' }
  const body = new URLSearchParams(pairs.filter(([name]) => name !== 'csrf_token'))
  body.append('key', key)
  if (at) body.append('at', at)
  let answer
  try {
    answer = await fetch(url, { method: 'POST', body, credentials: 'same-origin', headers: { Accept: 'application/json', 'X-CSRFToken': fresh.token } })
  } catch {
    return { how: 'later' }
  }
  return outcomeOf(answer)
}

async function outcomeOf(answer) {
  if (answer.redirected && answer.url.includes('/login')) return { how: 'login' }
  if (answer.status >= 500 || answer.status === 429) return { how: 'later', status: answer.status }
  const body = await answer.json().catch(() => null)
  if (answer.ok && body) return { how: 'sent', href: body.href }
  if (!body && answer.status === 400) return { how: 'later' } // the session changed between the token and its use
  if (body?.asked) return { how: 'asked', asked: body.asked }
  return { how: 'refused', problems: body?.problems ?? [], status: answer.status }
}

/** A token of now, whose it is; null without a network, and {login: ''} for whoever is signed out. Tells how far this clock is off. */
export async function freshToken(tokenUrl) {
  try {
    const began = Date.now()
    const answer = await fetch(tokenUrl, { credentials: 'same-origin', headers: { Accept: 'application/json' }, cache: 'no-store', signal: AbortSignal.timeout(5000) })
    if (answer.status >= 500) return null
    const fresh = await answer.json().catch(() => ({ login: '' }))
    if (fresh.now) await put('meta', { id: 'skew', value: Date.parse(fresh.now) - (began + Date.now()) / 2 })
    return fresh
  } catch {
    return null
  }
}

/** Keep a hand-in until there is a network. `shown`: [title, value] pairs, so that it can be read if it comes back. */
export async function keep({ id, login, url, path, title, pairs, shown, at, tokenUrl }) {
  await put('queue', { id, login, url, path, title, pairs, shown, at, tokenUrl, state: 'waiting' })
  const worker = await navigator.serviceWorker?.getRegistration('/me/')
  await worker?.sync?.register('forms').catch(() => undefined) // where there is none, the page does it when it is open
}

/** Take out of the queue what has not gone yet; says whether that was in time. */
export const takeBack = (id) =>
  locked(async () => {
    const waits = (await get('queue', id))?.state === 'waiting'
    if (waits) await drop('queue', id)
    return waits
  })

const locked = (work) => (navigator.locks ? navigator.locks.request('tideng-forms', work) : work())

/** Send everything of `login` (of whoever is signed in, without one) that waits. Gives what went. */
export const flush = (login = '') => locked(() => sendAll(login))

async function sendAll(login) {
  const sent = []
  for (const one of (await all('queue')).filter((it) => it.state === 'waiting' && (!login || it.login === login))) {
    if (!(await get('queue', one.id))) continue // taken back meanwhile
    const outcome = await send({ ...one, key: one.id }, one.tokenUrl)
    if (outcome.how === 'later') break
    if (outcome.how === 'sent') {
      await put('queue', { ...one, state: 'sent', href: outcome.href }) // until a page has said so
      sent.push(one)
    } else if (outcome.how !== 'login') {
      await put('queue', { ...one, state: 'back', outcome })
    }
  }
  return sent
}
