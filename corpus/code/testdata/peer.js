// Writes the language of every file in a directory as linguist-js finds it, for
// TestPeer: node peer.js DIR OUT.json
const linguist = require("linguist-js");
const fs = require("fs");

const options = { offline: true, keepVendored: true, keepBinary: true, checkIgnored: true, checkAttributes: false };
linguist(process.argv[2], options).then((found) => {
  fs.writeFileSync(process.argv[3], JSON.stringify(found.files.results));
});
