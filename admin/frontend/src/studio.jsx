import { render } from 'preact'
import { wordsOf } from './words.js'

const root = document.getElementById('studio')
if (root) render(<p>{wordsOf(document.documentElement.lang.slice(0, 2))('loading')}</p>, root)
