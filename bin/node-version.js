/** One line that says what to do where this Node is too old; undefined where it is not. Older ones end in a segmentation fault inside
 * SQLite. */
export const nodeProblem =
  Number(process.versions.node.split('.')[0]) >= 22
    ? undefined
    : `binauthz-emulator needs Node 22 or newer, this is ${process.version}: run it by npm start in its folder, or update Node.`
