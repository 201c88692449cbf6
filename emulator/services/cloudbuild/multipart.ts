// multipart/related (https://datatracker.ietf.org/doc/html/rfc2387) with two parts: the metadata of an object, and its content.
import { invalidArgument } from '../../core/status.ts'

export interface Part {
  type: string
  body: Buffer
}

/** INVALID_ARGUMENT for anything that is not two parts. */
export function parseMultipart(contentType: string, body: Buffer): [metadata: Part, content: Part] {
  const [, quoted, bare] = /^multipart\/related;.*?\bboundary=(?:"([^"]+)"|'?([^;'"\s]+))/i.exec(contentType) ?? []
  const boundary = quoted ?? bare
  if (!boundary) throw invalidArgument('A multipart upload needs the content type multipart/related with a boundary.')
  const parts = partsOf(body, Buffer.from(`--${boundary}`))
  const [metadata, content] = parts
  if (!metadata || !content || parts.length !== 2)
    throw invalidArgument(`A multipart upload has two parts, metadata and content, not ${parts.length}.`)
  return [metadata, content]
}

/** A delimiter stands at the beginning of a line, and its line break is no part of the content before it. */
function partsOf(body: Buffer, delimiter: Buffer): Part[] {
  const parts: Part[] = []
  let start = body.indexOf(delimiter)
  while (start >= 0) {
    const from = start + delimiter.length
    if (body.subarray(from, from + 2).toString() === '--') break
    const next = nextDelimiter(body, delimiter, from)
    if (next < 0) break
    parts.push(readPart(body.subarray(body.indexOf('\n', from) + 1, next)))
    start = next
  }
  return parts
}

function nextDelimiter(body: Buffer, delimiter: Buffer, from: number): number {
  for (let at = body.indexOf(delimiter, from); at >= 0; at = body.indexOf(delimiter, at + 1)) if (body[at - 1] === 0x0a) return at
  return -1
}

function readPart(bytes: Buffer): Part {
  const text = bytes.subarray(0, 8192).toString('latin1')
  const [head = '', lineBreak = '\n'] = /^([\s\S]*?(\r?\n))\r?\n/.exec(text)?.slice(1) ?? []
  const content = bytes.subarray(head.length + lineBreak.length, bytes.length - lineBreak.length)
  return { type: /^content-type:\s*(\S+)/im.exec(head)?.[1] ?? 'application/octet-stream', body: content }
}
