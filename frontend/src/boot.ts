// What index.html begins with: shows the attract screen that was drawn when the page was built (../looks.js), and loads the page's own script when
// that has been painted. Beside the painting the script would delay it; before it nobody can have touched anything.
import { fit } from './display'
import type { Snapshot } from './types'

const main = document.currentScript!.dataset.main!
let loading = false

function load(): void {
  if (loading) return
  loading = true
  document.head.append(Object.assign(document.createElement('script'), { type: 'module', src: main }))
}

if (document.getElementById('look')) {
  fit((JSON.parse(document.getElementById('first')!.textContent!) as { state: Snapshot }).state)
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      void window.go?.window?.Bridge.Painted?.().catch(() => {})
      load()
    }),
  )
  setTimeout(load, 1000) // no frame comes while nothing shows the window
} else load()
