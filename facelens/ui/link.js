/** Settings that a link carries: a preset, single thresholds, the order of the rows. */
export function settingsIn(query) {
  const [point, ...single] = (query.get("thresholds") ?? "").split(",").filter(Boolean);
  const pairs = [point, ...single].filter((each) => each?.includes(":"))
    .map((each) => [each.slice(0, each.lastIndexOf(":")), parseFloat(each.slice(each.lastIndexOf(":") + 1))])
    .filter(([, value]) => value >= 0 && value <= 1);
  return { point: point?.includes(":") ? undefined : point, single: new Map(pairs), sort: query.get("sort") };
}

/** The address of the page at `href` with the settings in `query`; on Binder, where a server
 * lasts no longer than its visit, the address `launch` that starts another one with them. */
export function shareLink(href, query, launch) {
  const settings = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  if (launch) {
    return `${launch}?urlpath=${encodeURIComponent(`voila/render/dashboards/selfie.ipynb?${settings}`)}`;
  }
  const url = new URL(href);
  url.search = settings;
  url.hash = "";
  return url.href;
}
