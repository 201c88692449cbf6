// Names of notes and occurrences. Those without a location are the global ones; Binary Authorization sees no others.
import { type NamePattern, namePattern } from '../../core/names.ts'
import { invalidArgument, unimplemented } from '../../core/status.ts'
import { isLocation } from '../../mixins/locations.ts'

const PROJECT = namePattern('projects/{project}')
const LOCATION = namePattern('projects/{project}/locations/{location}')
export const NOTE = namePattern('projects/{project}/notes/{note}')
export const REGIONAL_NOTE = namePattern('projects/{project}/locations/{location}/notes/{note}')
export const OCCURRENCE = namePattern('projects/{project}/occurrences/{occurrence}')
export const REGIONAL_OCCURRENCE = namePattern('projects/{project}/locations/{location}/occurrences/{occurrence}')

const NOTE_ID = /^[a-zA-Z0-9_][a-zA-Z0-9_.~:@+-]{0,254}$/

const nameOf =
  (global: NamePattern, regional: NamePattern, defaultField: string) =>
  (name = '', field = defaultField): string => {
    const pattern = regional.match(name) ? regional : global
    const { location } = pattern.parse(name, field) as { location?: string }
    if (location === undefined) return name
    if (location === 'global')
      throw unimplemented(
        `Location "global" in ${field} "${name}" (global notes and occurrences are named without a location, which)`,
      )
    if (!isLocation(location)) throw invalidArgument(`Invalid ${field} "${name}": there is no location "${location}".`)
    return name
  }

/** `projects/P` or `projects/P/locations/L`; INVALID_ARGUMENT for anything else, as for the two below. */
export const checkParent = nameOf(PROJECT, LOCATION, 'parent')
/** `projects/P/notes/N` or `projects/P/locations/L/notes/N`. */
export const checkNoteName = nameOf(NOTE, REGIONAL_NOTE, 'name')
/** `projects/P/occurrences/O` or `projects/P/locations/L/occurrences/O`. */
export const checkOccurrenceName = nameOf(OCCURRENCE, REGIONAL_OCCURRENCE, 'name')

export function checkNoteId(id: string | undefined): string {
  if (!id) throw invalidArgument('note_id is required.')
  if (!NOTE_ID.test(id))
    throw invalidArgument(`Invalid note_id "${id}": up to 255 letters, digits and _ . ~ : @ + -, a letter, digit or _ first.`)
  return id
}

/** The location of any of the names above; undefined for global ones. */
export const locationOf = (name: string) => /^projects\/[^/]+\/locations\/([^/]+)/.exec(name)?.[1]
