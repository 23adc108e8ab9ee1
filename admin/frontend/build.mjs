// Bundles what src/ holds into ../tideng_admin/static/built/, which git ignores. `node build.mjs --watch` goes on.
// A page's script is an entry point here and `{% if built('NAME.js') %}` in its template: without it the page still works.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'

const ENTRY_POINTS = [
  'src/studio.jsx', // /drafts/<id>
  'src/charts.js', // /rules/<rule>
  'src/team.js', // /team/<person>
]
const PLUGINS = '../../plugins' // each one's frontend/*.{js,jsx} are entry points too; deeper folders are what they import

const here = fileURLToPath(new URL('.', import.meta.url))
const out = fileURLToPath(new URL('../tideng_admin/static/built/', import.meta.url))

async function ofPlugins() {
  const found = []
  for (const plugin of (await readdir(new URL(PLUGINS + '/', import.meta.url))).sort()) {
    const files = await readdir(new URL(`${PLUGINS}/${plugin}/frontend/`, import.meta.url)).catch(() => [])
    found.push(...files.filter((name) => /(?<!\.test)\.jsx?$/.test(name)).map((name) => `${PLUGINS}/${plugin}/frontend/${name}`))
  }
  return found
}

const options = {
  absWorkingDir: here,
  entryPoints: [...ENTRY_POINTS, ...(await ofPlugins())],
  entryNames: '[name]', // all in one folder, wherever they come from
  nodePaths: [here + 'node_modules'], // where a plugin's scripts find the libraries
  outdir: out,
  bundle: true,
  minify: true,
  splitting: true, // pages share preact; charts are fetched when one is drawn
  format: 'esm',
  target: ['es2022'],
  chunkNames: 'part-[hash]',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  alias: { react: 'preact/compat', 'react-dom': 'preact/compat', 'react/jsx-runtime': 'preact/jsx-runtime' },
  define: { 'process.env.NODE_ENV': '"production"' },
  legalComments: 'linked', // licences stay beside what they are about
  metafile: true,
  logLevel: 'warning',
}

async function sweep(result) {
  // parts of an earlier build have other names; removed last, so that a page being loaded finds them
  const made = new Set(Object.keys(result.metafile.outputs).map((path) => path.split('/').pop()))
  for (const name of await readdir(out)) if (!made.has(name) && name !== 'built.json') await rm(out + name)
  const sizes = Object.entries(result.metafile.outputs).map(([path, { bytes }]) => [path.split('/').pop(), bytes])
  await writeFile(out + 'built.json', JSON.stringify(Object.fromEntries(sizes), null, 1))
}

await mkdir(out, { recursive: true })
if (process.argv.includes('--watch')) {
  const plugin = { name: 'sweep', setup: (build) => build.onEnd((result) => result.metafile && sweep(result)) }
  const context = await esbuild.context({ ...options, plugins: [plugin] })
  await context.watch()
} else {
  await sweep(await esbuild.build(options))
}
