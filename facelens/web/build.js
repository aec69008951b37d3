// Join what `facelens site` copies: the page with all views, the worker, the service worker, the style.
// `make js` runs it after facelens/ui/build.js.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));

await build({
  absWorkingDir: HERE,
  bundle: true,
  charset: "utf8",
  entryPoints: [{ in: "host.js", out: "app" }, { in: "worker.js", out: "worker" }, { in: "sw.js", out: "sw" }, { in: "app.css", out: "app" }],
  external: ["./ort/*"],
  format: "esm",
  legalComments: "none",
  loader: { ".jpg": "dataurl", ".txt": "text" },
  logLevel: "warning",
  minify: true, // it is fetched over the wire, and no host compresses it
  outdir: join(HERE, "built"),
  target: "esnext",
});
