// Looking for text in a whole entry: global restrictions, which are parts of text, and SEARCH, whose words are whole
// (https://cloud.google.com/logging/docs/view/logging-query-language#search-function).
import { instant } from '../../../core/filter-values.ts'
import { isObject } from '../../../core/json.ts'
import { invalidArgument } from '../../../core/status.ts'
import { SEVERITIES } from './fields.ts'
import { fold, number } from './values.ts'

/** What can be looked for in a value and all below it. */
export interface Texts {
  /** Folded. */
  strings: string[]
  numbers: number[]
  /** Folded keys that cannot be names of fields, and so are data: the documented break-glass filter is the bare
   * "image-policy.k8s.io/break-glass", the key of a label. */
  keys: string[]
}

const FIELD_NAME = /^@?[A-Za-z_]\w*$/

/** All texts of a value. */
export function textsOf(value: unknown): Texts {
  const texts: Texts = { strings: [], numbers: [], keys: [] }
  const pending = [value]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next === 'string') texts.strings.push(fold(next))
    else if (typeof next === 'number') texts.numbers.push(next)
    else if (Array.isArray(next)) for (const element of next) pending.push(element)
    else if (isObject(next)) {
      for (const [key, content] of Object.entries(next)) {
        if (!FIELD_NAME.test(key)) texts.keys.push(fold(key))
        pending.push(content)
      }
    }
  }
  return texts
}

/** The texts of an entry: its times and its severity are no text. */
export function entryTexts({ timestamp: _, receiveTimestamp: __, severity: ___, ...rest }: Record<string, unknown>): Texts {
  return textsOf(rest)
}

/** Does a text contain the word, or a number equal it? */
export function mention(text: string): (texts: Texts) => boolean {
  const word = fold(text)
  const value = number(text)
  return ({ strings, numbers, keys }) =>
    strings.some((each) => each.includes(word)) ||
    keys.some((each) => each.includes(word)) ||
    (value !== undefined && numbers.includes(value))
}

/** Is it the severity of the entry, or one of its times? */
export function mentionTyped(text: string): (entry: Record<string, unknown>) => boolean {
  const name = text.toUpperCase()
  if (Object.hasOwn(SEVERITIES, name)) return ({ severity = 'DEFAULT' }) => severity === name
  const time = instant(text)
  if (time === undefined) return () => false
  return ({ timestamp, receiveTimestamp }) =>
    [timestamp, receiveTimestamp].some((each) => typeof each === 'string' && instant(each) === time)
}

/** What splits text into words (LOG_ANALYZER, https://cloud.google.com/bigquery/docs/text-analysis-search#log_analyzer). */
const DELIMITERS = /%(?:25(?:26|20)|21|26|3b|7c|20|2b|3d|5d|5b|3a|0a|2c|28|29)|[[\]<>(){}|!;,'"*&?+/:=@.\-$%\\_\s]/gi
const DELIMITER = /^[[\]<>(){}|!;,'"*&?+/:=@.\-$%\\_\s]$/

const wordsOf = (text: string) => text.split(DELIMITERS).filter((word) => word !== '')

/** Is the phrase in the text, with no part of a word before or behind it? */
function hasPhrase(text: string, phrase: string): boolean {
  for (let at = text.indexOf(phrase); at >= 0; at = text.indexOf(phrase, at + 1)) {
    const [before, after] = [text[at - 1], text[at + phrase.length]]
    const begins = before === undefined || DELIMITER.test(before) || DELIMITER.test(phrase[0]!)
    const ends = after === undefined || DELIMITER.test(after) || DELIMITER.test(phrase.at(-1)!)
    if (begins && ends) return true
  }
  return false
}

/** SEARCH: are all words of the query somewhere in the strings, in any order, and phrases in backticks as they stand? */
export function search(query: string): (strings: string[]) => boolean {
  const pieces = fold(query).split('`')
  if (pieces.length % 2 === 0) throw invalidArgument('Unparseable filter: SEARCH: a backtick of the query has no other.')
  const phrases = pieces.filter((piece, index) => index % 2 === 1 && piece !== '')
  const words = pieces.flatMap((piece, index) => (index % 2 === 0 ? wordsOf(piece) : []))
  if (words.length + phrases.length === 0) throw invalidArgument('Unparseable filter: SEARCH: the query has no words.')
  return (strings) => {
    if (!phrases.every((phrase) => strings.some((text) => hasPhrase(text, phrase)))) return false
    if (words.length === 0) return true
    // to split all texts is dear, and most entries do not have the words at all
    if (!words.every((word) => strings.some((text) => text.includes(word)))) return false
    const found = new Set(strings.flatMap(wordsOf))
    return words.every((word) => found.has(word))
  }
}
