const listed = (text) => (text ?? "").split(",").filter(Boolean);

/** Numbers from 0 to 1 by name, out of parts such as "Bald:0.10". */
const numbered = (parts) => new Map(parts.filter((each) => each.includes(":"))
  .map((each) => [each.slice(0, each.lastIndexOf(":")), parseFloat(each.slice(each.lastIndexOf(":") + 1))])
  .filter(([, value]) => value >= 0 && value <= 1));

/** Settings that a link carries: a preset, single thresholds, the order of the rows, what a mistake
 * costs, how common a yes is for all rows and for single ones. */
export function settingsIn(query) {
  const parts = listed(query.get("thresholds"));
  return {
    point: parts[0]?.includes(":") ? undefined : parts[0],
    single: numbered(parts),
    sort: query.get("sort"),
    cost: query.get("cost"),
    common: query.get("common"),
    rates: numbered(listed(query.get("rates"))),
  };
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
