// What is kept on this phone: drafts, what waits to be handed in, and by how much the phone's clock is off. Used by the page and
// by the service worker alike. Drafts are one person's; whoever signs in next never sees them.

const NAME = 'tideng-forms'
const STORES = ['drafts', 'queue', 'meta'] // each keyed by its `id`

let opening // one connection a page

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1)
    request.onupgradeneeded = () => {
      for (const name of STORES) request.result.createObjectStore(name, { keyPath: 'id' })
    }
    request.onsuccess = () => {
      // signing out deletes everything: a connection that is held would keep that waiting
      request.result.onversionchange = () => {
        request.result.close()
        opening = undefined
      }
      resolve(request.result)
    }
    request.onerror = () => reject(request.error)
  })
  return opening
}

async function within(name, mode, work) {
  const transaction = (await open()).transaction(name, mode)
  const asked = work(transaction.objectStore(name))
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(asked?.result)
    transaction.onerror = transaction.onabort = () => reject(transaction.error)
  })
}

export const get = (name, id) => within(name, 'readonly', (store) => store.get(id))
export const all = (name) => within(name, 'readonly', (store) => store.getAll())
export const put = (name, value) => within(name, 'readwrite', (store) => store.put(value))
export const drop = (name, id) => within(name, 'readwrite', (store) => store.delete(id))

/** Drafts of anybody else are gone; what they pressed to hand in stays theirs until it went, at most `days`. */
export async function keepOnlyOf(login, days = 7) {
  const stale = Date.now() - days * 24 * 3600 * 1000
  for (const one of await all('drafts')) if (one.login !== login) await drop('drafts', one.id)
  for (const one of await all('queue')) if (one.login !== login && Date.parse(one.at) < stale) await drop('queue', one.id)
}

/** Now, by the server's clock as far as it is known. */
export async function now() {
  const skew = (await get('meta', 'skew'))?.value ?? 0
  return new Date(Date.now() + (Math.abs(skew) > 30_000 ? skew : 0))
}
