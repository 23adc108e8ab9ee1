// The service worker of the portal: forms open without a network, and what waits is handed in when there is one again.
// Pages come from the network while there is one, so that nobody sees an old one without need.

import { flush } from './form/queue.js'

const PAGES = 'tideng-pages' // one person's at a time
const FILES = 'tideng-files'
const KEPT = /^\/me\/(do\/|report\/|reports\/|cases\/)/
const PATIENCE = 5000 // ms; a network that says nothing for so long is none

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (request.mode === 'navigate' && url.pathname.startsWith('/me/')) event.respondWith(page(request, url))
  else if (url.pathname.startsWith('/static')) event.respondWith(file(request, url))
})

self.addEventListener('message', (event) => {
  if (event.data?.warm) event.waitUntil(warm(event.data))
})

self.addEventListener('sync', (event) => {
  if (event.tag === 'forms') event.waitUntil(flush().then(tell))
})

async function tell(sent) {
  for (const client of await self.clients.matchAll()) client.postMessage({ flushed: sent.length })
}

async function page(request, url) {
  try {
    const answer = await within(PATIENCE, fetch(request))
    if (KEPT.test(url.pathname) && answer.ok && answer.type === 'basic' && !answer.redirected) {
      const cache = await caches.open(PAGES)
      await cache.put(url.pathname + url.search, answer.clone())
    }
    return answer
  } catch {
    const cache = await caches.open(PAGES)
    const known = (await cache.match(url.pathname + url.search)) ?? (await cache.match('/me/do/'))
    return known ?? nothing()
  }
}

async function file(request, url) {
  const cache = await caches.open(FILES)
  const known = url.searchParams.has('v') && (await cache.match(request))
  if (known) return known // its address changes with its content
  try {
    const answer = await fetch(request)
    if (answer.ok) await keepFile(cache, url, answer.clone())
    return answer
  } catch (error) {
    const old = await cache.match(request, { ignoreSearch: true })
    if (old) return old
    throw error
  }
}

/** One version of each file is enough. */
async function keepFile(cache, url, answer) {
  for (const one of await cache.keys()) {
    const other = new URL(one.url)
    if (other.pathname === url.pathname && other.search !== url.search) await cache.delete(one)
  }
  await cache.put(url.href, answer)
}

/** Fetch what is to be there without a network: the files first, so that a page that is kept works. Pages of whoever used this
 * phone before are gone. */
async function warm({ warm: pages, files, login }) {
  const kept = await caches.open(FILES)
  for (const name of files) {
    if (await kept.match(name)) continue
    const answer = await fetch(name).catch(() => null)
    if (answer?.ok) await keepFile(kept, new URL(name), answer)
  }
  const cache = await caches.open(PAGES)
  const whose = await cache.match('/whose')
  if (!whose || (await whose.text()) !== login) {
    for (const one of await cache.keys()) await cache.delete(one)
    await cache.put('/whose', new Response(login))
  }
  for (const path of new Set([...pages, '/me/do/'])) {
    const answer = await fetch(path, { credentials: 'same-origin' }).catch(() => null)
    if (answer?.ok && !answer.redirected) await cache.put(path, answer)
  }
}

function within(patience, promise) {
  return Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error('no answer')), patience))])
}

function nothing() {
  const text = '<!DOCTYPE html><html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>提灯 Tideng</title><body style="font:16px/1.7 sans-serif;padding:24px"><p>没有网络。这一页要有网才能打开。</p><p lang="en">No network. This page needs one.</p><p><a href="/me/do/">办事 · To do</a></p>'
  return new Response(text, { status: 503, headers: { 'Content-Type': 'text/html; charset=utf-8' } })
}
