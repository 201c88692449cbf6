/** What is wrong with this Node, where it is too old; undefined where it is not. Older ones end in a segmentation fault inside SQLite. */
exports.nodeProblem =
  Number(process.versions.node.split('.')[0]) >= 22
    ? undefined
    : `binauthz-emulator needs Node 22 or newer, this is ${process.version}`
