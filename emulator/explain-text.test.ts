import { expect, test } from 'vitest'
import { coloured, decisionLines, printable, wouldDenyLines } from './explain-text.ts'

test('a verdict has a coloured mark, a remark is coloured as a whole, other text is not', () => {
  expect(coloured('✗ a is denied')).toBe('\x1b[1;31m✗ a is denied\x1b[0m')
  expect(coloured('  ✓ attestor b')).toBe('  \x1b[32m✓\x1b[0m attestor b')
  expect(coloured('    → do that')).toBe('    \x1b[33m→ do that\x1b[0m')
  expect(coloured('plain')).toBe('plain')
})

test('what a client has written cannot draw on the terminal', () => {
  expect(printable('✗ signature by a\x1b[2J\nb\x9b')).toBe('✗ signature by a\ufffd[2J\ufffdb\ufffd')
})

test('an empty list says so, and for how long; entries that are gone are mentioned', () => {
  expect(decisionLines({ decisions: [], dropped: 0 }, '1h')).toEqual(['· No decision since 1h'])
  expect(wouldDenyLines({ wouldDeny: [], notListed: 0, dropped: 3 })).toEqual([
    '✓ Enforcement would block nothing of what was let in',
    '· 3 older log entries are gone: --max-log-entries keeps more',
  ])
})
