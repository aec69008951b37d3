// For when there is no network: the files of this version of the site, as they were first fetched.
// `facelens site` puts a line before this one: SITE, with the version and the paths.
const NAME = `facelens-${SITE.version}`;
const scope = self.registration.scope;
const SITES = "facelens-";

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(NAME);
    // What the page has fetched is there already (store.js).
    await Promise.all([...SITE.first, ...SITE.later].map(async (path) => {
      const address = new URL(path, scope);
      if (!await cache.match(address)) await cache.add(address);
    }));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith(SITES) && name !== NAME).map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(scope)) return;
  event.respondWith((async () => {
    const cache = await caches.open(NAME);
    const kept = await cache.match(request, { ignoreSearch: request.mode === "navigate" });
    return kept ?? fetch(request);
  })());
});
