/** Small things about the document. */

export const byId = (id) => document.getElementById(id);

/** A copy of a template's one element. */
export function copy(id) {
  return byId(id).content.firstElementChild.cloneNode(true);
}

/** Titles and choices come escaped for HTML; this is what they say. */
export function plain(escaped) {
  const area = document.createElement("textarea");
  area.innerHTML = escaped;
  return area.value;
}

/** Show somebody's picture, or their first letter while there is none. */
export function showAvatar(element, { profileName, avatar }) {
  element.textContent = profileName.slice(0, 1).toUpperCase();
  element.style.setProperty("--hue", [...profileName].reduce((sum, letter) => sum + letter.codePointAt(0) * 47, 0) % 360);
  if (!avatar) return;
  const image = new Image();
  image.alt = "";
  image.onload = () => element.replaceChildren(image);
  image.src = avatar;
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];

/** How long ago a moment was, in words. */
export function ago(moment) {
  const seconds = (Date.now() - new Date(moment)) / 1000;
  const found = UNITS.find(([, length]) => seconds >= length);
  return found ? relative.format(-Math.floor(seconds / found[1]), found[0]) : "just now";
}

/** Write the time into a `<time>`; `keepTimes` keeps it right. */
export function showTime(element, moment) {
  element.dateTime = moment;
  element.title = new Date(moment).toLocaleString();
  element.textContent = ago(moment);
}

/** Once a minute what is "just now" becomes "1 minute ago". */
export function keepTimes() {
  setInterval(() => {
    for (const element of document.querySelectorAll("time[datetime]")) element.textContent = ago(element.dateTime);
  }, 60_000);
}
