// The server, asked: /api/v1 with the session's cookie, the page's token, and the reader's language.

/** What the server refused. `status` 0: nobody answered. `problems`: [{at, problem, hint, severity, code}]. */
export class ApiError extends Error {
  constructor(status, message, problems = [], body = null) {
    super(message)
    Object.assign(this, { name: 'ApiError', status, problems, body })
  }
}

/** {get, post, put, del}(path, body) → JSON, and stream(path, body, onLine) for one JSON object a line. Raise `ApiError`. */
export function apiOf({ token, locale, root = '/api/v1' }) {
  async function send(method, path, body, signal) {
    const headers = { Accept: 'application/json', 'Accept-Language': locale === 'zh' ? 'zh' : 'en' }
    if (method !== 'GET') headers['X-CSRFToken'] = token
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    let answer
    try {
      const sent = body === undefined ? undefined : JSON.stringify(body)
      answer = await fetch(root + path, { method, headers, body: sent, signal, credentials: 'same-origin' })
    } catch (error) {
      if (error.name === 'AbortError') throw error
      throw new ApiError(0, String(error.message ?? error))
    }
    if (answer.redirected && answer.url.includes('/login')) throw new ApiError(401, 'signed out')
    if (!answer.ok) throw await refused(answer)
    return answer
  }

  const asJson = async (method, path, body, { signal } = {}) => {
    const answer = await send(method, path, body, signal)
    return answer.status === 204 ? null : answer.json()
  }

  return {
    get: (path, options) => asJson('GET', path, undefined, options),
    post: (path, body = {}, options) => asJson('POST', path, body, options),
    put: (path, body, options) => asJson('PUT', path, body, options),
    del: (path, body, options) => asJson('DELETE', path, body, options),
    async stream(path, body, onLine, { signal } = {}) {
      const answer = await send('POST', path, body ?? {}, signal)
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      let rest = ''
      for (;;) {
        const { value, done } = await reader.read()
        rest += value ?? ''
        const lines = rest.split('\n')
        rest = done ? '' : lines.pop()
        for (const line of lines) if (line.trim()) onLine(JSON.parse(line))
        if (done) return
      }
    },
  }
}

async function refused(answer) {
  let body = null
  try {
    body = await answer.json()
  } catch {
    // a proxy's page; the status says enough
  }
  const message = body?.error ?? body?.message ?? answer.statusText
  return new ApiError(answer.status, typeof message === 'string' ? message : answer.statusText, body?.problems ?? [], body)
}
