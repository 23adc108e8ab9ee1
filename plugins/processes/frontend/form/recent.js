// A date that is chosen among today and the days before. A page that was kept on another day says them anew.

export const localDay = (at) => `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`

/** The day `ago` days before `at`, as {value: '2025-06-11', words: '6月11日'}; beyond `named` days with its weekday in front. */
export function dayBefore(at, ago, lang, named = 2) {
  const day = new Date(at.getFullYear(), at.getMonth(), at.getDate() - ago, 12)
  const tag = lang === 'zh' ? 'zh-CN' : 'en-GB'
  const date = day.toLocaleDateString(tag, { month: lang === 'zh' ? 'long' : 'short', day: 'numeric' })
  const weekday = ago < named ? '' : `${day.toLocaleDateString(tag, { weekday: 'short' })} `
  return { value: localDay(day), words: weekday + date }
}

/** Every option of `select` as of `at`; the one that was chosen stays, so that “yesterday” is yesterday. */
export function sayAnew(select, at, lang) {
  for (const option of select.querySelectorAll('[data-ago]')) {
    const { value, words } = dayBefore(at, Number(option.dataset.ago), lang)
    option.value = value
    option.textContent = [option.dataset.word, words].filter(Boolean).join(' · ')
  }
}
