// Join what a browser gets: `built/` for anywidget, and page.js and page.css for Voilà's template.
// `make js` runs it.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "../..");
const VIEWS = [
  "about", "board", "boxes", "camera", "classes", "compare", "footer", "inside", "intake", "heatmap", "network", "picture", "steps",
  "teach",
];
const options = {
  absWorkingDir: HERE,
  bundle: true,
  charset: "utf8",
  target: "esnext",
  legalComments: "none",
  loader: { ".jpg": "dataurl", ".txt": "text" },
  logLevel: "warning",
  minify: true, // kernels send it over a websocket that compresses nothing
};

await build({
  ...options,
  entryPoints: VIEWS.map((view) => `${view}.js`),
  format: "esm",
  outdir: join(ROOT, "facelens/ui/built"),
});
const [raw, end] = ["/*{% raw %}*/", "/*{% endraw %}*/"]; // Jinja includes them: `{{` and `{#` are theirs
await build({
  ...options,
  entryPoints: ["page.js", "page.css"],
  format: "iife",
  banner: { js: `${raw}"use strict";`, css: raw },
  footer: { js: end, css: end },
  outdir: join(ROOT, "dashboards/share/jupyter/voila/templates/facelens"),
});
