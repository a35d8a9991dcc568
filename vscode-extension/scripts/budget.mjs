// The package stays small: the server is not in it, and neither is anything else that is not used.
import { statSync } from "node:fs";

const LIMIT = 2 * 1000 * 1000;
const { size } = statSync("treewright.vsix");
console.log(`treewright.vsix: ${(size / 1000).toFixed(0)} kB of ${LIMIT / 1000} kB`);
if (size > LIMIT) {
  console.error("the package is too large");
  process.exit(1);
}
