export type * from './contract'

/** One message in one language, by plural category. */
export type Message = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>
export type Words = Record<string, Message>
