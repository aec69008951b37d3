// The files of the site: fetched, unpacked, and checked before anything is made of them.

/** What went wrong, as a sentence for a person. */
export class Trouble extends Error {}

const GZIP = [0x1f, 0x8b];
const isPacked = (bytes) => GZIP.every((byte, i) => bytes[i] === byte);

async function unpacked(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes at an address; what comes is kept for when there is no network, and then comes from there. */
async function fetched(address, path, cache) {
  const kept = await cache?.match(address);
  const answer = kept ?? await fetch(address).catch(() => null);
  if (!answer?.ok) throw new Trouble(`${path} of this page could not be loaded. Please reload the page.`);
  if (cache && !kept) await cache.put(address, answer.clone()).catch(() => {}); // a full disk is no reason not to answer
  return new Uint8Array(await answer.arrayBuffer());
}

const asValue = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

/** The files beside the page at `base`, by the list in site.json.
 *
 * The cache is the service worker's (sw.js), so that nothing is fetched twice.
 */
export async function openStore(base) {
  const site = asValue(await fetched(new URL("site.json", base), "site.json", null));
  const cache = await globalThis.caches?.open(`facelens-${site.version}`).catch(() => null);

  /** The bytes of a file, unpacked; those that are not what site.json states are refused. */
  async function bytes(path) {
    const stated = site.files[path];
    if (!stated) throw new Trouble(`This page has no ${path}.`);
    let data = await fetched(stated.url ?? new URL(path, base), path, stated.url ? null : cache);
    // A host that says how a file is packed has it unpacked on the way.
    const packed = path.endsWith(".gz");
    if (packed && isPacked(data)) data = await unpacked(data);
    // Over plain http from another machine a browser has no SubtleCrypto.
    const sum = packed ? stated.unpacked.sha256 : stated.sha256;
    if (crypto.subtle && await sha256(data) !== sum) {
      await cache?.delete(new URL(path, base));
      throw new Trouble(`${path} is damaged: it is not the file that this page was made with. Please reload the page.`);
    }
    return data;
  }

  return {
    site,
    has: (path) => path in site.files,
    bytes,
    json: async (path) => asValue(await bytes(path)),
    text: async (path) => new TextDecoder().decode(await bytes(path)),
  };
}
