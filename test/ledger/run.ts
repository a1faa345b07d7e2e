/** Command `npm run ledger`: recomputes the published numbers, prints the table and writes it to `docs/ledger.md`. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ABSENT, allClaims } from "./claims";
import { ledger } from "./ledger";

const FILE = fileURLToPath(new URL("../../docs/ledger.md", import.meta.url));

void allClaims().then((claims) => {
  const text = ledger(claims, ABSENT);
  process.stdout.write(text);
  writeFileSync(FILE, text);
});
