import type { Lang } from '../types'

/** The rows of the on-screen keyboard, a letter a character. The Kazakh rows follow the national keyboard: its own letters stand above. */
export const letters: Record<Lang, string[]> = {
  kk: ['әіңғүұқөһ', 'йцукенгшщзхъ', 'фывапролджэ', 'ячсмитьбюё'],
  ru: ['йцукенгшщзхъ', 'фывапролджэ', 'ячсмитьбюё'],
  en: ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'],
}

/** Latin with digits above: for addresses and passwords. */
export const address: string[] = ['1234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm']

export const symbols: string[] = ['1234567890', '@#$%&*()!?', '+=-_^.,:;/', "'«»№"]

/** The signs a key file's password may hold besides letters and digits. */
export const passwordSymbols: string[] = ['1234567890', '#$^+=!*()@', '%&_?-.']

export const layoutName: Record<Lang, string> = { kk: 'Қаз', ru: 'Рус', en: 'Lat' }
