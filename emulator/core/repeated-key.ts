// JSON in which a key stands twice in one object says two things at once: JSON.parse keeps the last, other parsers the first.

/** The first such key of `text`, which JSON.parse has accepted; keys are compared after their escapes are decoded. */
export function repeatedKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []
  let isKey = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{') {
      open.push(new Set())
      isKey = true
    } else if (character === '[') open.push(undefined)
    else if (character === '}' || character === ']') open.pop()
    else if (character === ',') isKey = open.at(-1) !== undefined
    else if (character === ':') isKey = false
    else if (character === '"') {
      const end = endOfString(text, at)
      if (isKey) {
        const key: string = JSON.parse(text.slice(at, end + 1))
        const keys = open.at(-1)!
        if (keys.has(key)) return key
        keys.add(key)
      }
      at = end
    }
  }
  return undefined
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end
  }
}
