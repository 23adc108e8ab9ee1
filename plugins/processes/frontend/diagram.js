// The pictures on a process's and a case's page: each .diagram holds its mermaid text. Without this script, or where the text
// cannot be drawn, the words beside it say the same.
import { draw, onTheme } from './diagram/draw.js'

for (const box of document.querySelectorAll('.diagram[data-text]')) {
  const show = () => draw(box, box.dataset.text).catch(() => box.remove())
  show()
  onTheme(show)
}
