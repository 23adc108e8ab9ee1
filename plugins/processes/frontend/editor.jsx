// /processes/<process>/edit: a process in a form that is checked while one writes. Without it the page has the document as text.
import { render } from 'preact'
import { App } from './editor/App.jsx'
import './editor/editor.css'

const root = document.getElementById('editor')
const boot = JSON.parse(document.getElementById('editor-boot').textContent)
document.getElementById('editor-opening').remove()
render(<App boot={boot} token={root.dataset.token} />, root)
