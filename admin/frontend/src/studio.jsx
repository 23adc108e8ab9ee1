// The entry of /drafts/<id>. What the page carries: <script type="application/json" id="studio-boot">.
import { render } from 'preact'
import { apiOf } from './api.js'
import { App } from './studio/App.jsx'
import './studio/studio.css'
import { wordsOf } from './words.js'

const root = document.getElementById('studio')
if (root) {
  const boot = JSON.parse(document.getElementById('studio-boot').textContent)
  const locale = boot.locale
  const t = wordsOf(locale)
  const api = apiOf({ token: boot.token, locale })
  let vocabulary = null
  try {
    vocabulary = await api.get('/vocabulary')
  } catch (error) {
    document.getElementById('studio-opening').prepend(`${t(error.status === 0 ? 'not_reached' : 'could_not_open')} `)
    throw error
  }
  const opening = [...root.childNodes]
  root.textContent = ''
  try {
    render(<App boot={boot} vocabulary={vocabulary} api={api} t={t} locale={locale} />, root)
  } catch (error) {
    root.replaceChildren(...opening) // the way to the text stays
    document.getElementById('studio-opening').prepend(`${t('could_not_open')} `)
    throw error
  }
}
