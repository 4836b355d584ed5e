/** Which of the centre's password rules a text meets. Only for the signs on the page: the program checks again. */
const tests: Record<string, RegExp> = {
  length: /^.{6,32}$/,
  lower: /[a-z]/,
  upper: /[A-Z]/,
  digit: /[0-9]/,
  allowed: /^[A-Za-z0-9#$^+=!*()@%&_?\-.]+$/,
}

export function met(rule: string, password: string): boolean {
  return password !== '' && (tests[rule]?.test(password) ?? false)
}

/** What is odd about a password that was typed to open a file, as the program says it too: letters that only look Latin, or
    signs that passwords of keys never have. */
export function odd(password: string): '' | 'cyrillic' | 'outside' {
  if (/\p{Script=Cyrillic}/u.test(password)) return 'cyrillic'
  return password === '' || tests.allowed!.test(password) ? '' : 'outside'
}
