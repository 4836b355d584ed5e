/** All of the page that the attract screen does without: it comes once that one stands. */
export { screens } from './screens'
export { default as Over } from './layout/Over.svelte'
