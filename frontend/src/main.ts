import './design/fonts.css'
import './design/tokens.css'
import './design/base.css'
import { mount } from 'svelte'
import App from './App.svelte'
import { kiosk } from './kiosk.svelte'

mount(App, { target: document.getElementById('kiosk')! })
void kiosk.run()
