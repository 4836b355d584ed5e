/** Which field the on-screen keys write into, and how they write: at the caret, as a person's own keys would. */
class Typing {
  field = $state.raw<HTMLInputElement | null>(null)
  /** Whether the field is empty: names begin with a capital. */
  empty = $state(true)
  /** Whether the on-screen keyboard is locked to capitals, and whether Caps Lock of a real one is on. */
  locked = $state(false)
  capsLock = $state(false)
  /** Letters become capitals although nobody holds a key for that. */
  capitals = $derived(this.locked || this.capsLock)

  enter(f: HTMLInputElement): void {
    this.field = f
    this.empty = f.value === ''
  }

  /** The field's text has changed, by whatever keys. */
  changed(f: HTMLInputElement): void {
    if (this.field === f) this.empty = f.value === ''
  }

  leave(f: HTMLInputElement): void {
    if (this.field === f) this.field = null
  }

  insert(text: string): void {
    const f = this.field
    if (!f || f.disabled || f.readOnly) return
    const [from, to] = caret(f)
    if (f.maxLength >= 0 && f.value.length - (to - from) + text.length > f.maxLength) return
    f.setRangeText(text, from, to, 'end')
    tell(f)
  }

  erase(): void {
    const f = this.field
    if (!f || f.disabled || f.readOnly) return
    const [from, to] = caret(f)
    if (from === to && from === 0) return
    f.setRangeText('', from === to ? from - 1 : from, to, 'end')
    tell(f)
  }

  clear(): void {
    const f = this.field
    if (!f) return
    f.value = ''
    tell(f)
  }

  /** A key of a physical keyboard went down: is its Caps Lock on? The key itself tells how it was before it was pressed. */
  watch(e: KeyboardEvent): void {
    if (!e.getModifierState) return
    const on = e.getModifierState('CapsLock')
    this.capsLock = e.key === 'CapsLock' ? !on : on
  }

  /** A key of a physical keyboard pressed while no field has the focus goes to the field that is being filled in. */
  stray(e: KeyboardEvent): void {
    const f = this.field
    if (!f || e.ctrlKey || e.altKey || e.metaKey || document.activeElement === f) return
    if (document.querySelector('[aria-modal=true]')) return
    const at = document.activeElement
    if (at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement) return
    if (e.key === 'Enter' && !(at instanceof HTMLButtonElement) && !e.repeat) f.form?.requestSubmit()
    else if (e.key === 'Backspace') this.erase()
    else if ([...e.key].length === 1 && !(e.key === ' ' && at instanceof HTMLButtonElement)) this.insert(e.key)
    else return
    e.preventDefault()
  }
}

function caret(f: HTMLInputElement): [number, number] {
  const end = f.value.length
  return [f.selectionStart ?? end, f.selectionEnd ?? end]
}

function tell(f: HTMLInputElement): void {
  f.dispatchEvent(new Event('input', { bubbles: true }))
  f.scrollLeft = f.scrollWidth
}

export const typing = new Typing()
