/** The demo page: who one is, which conversation is open, and how the connection does. */

import { Api, coalesce, problemOf, Refused } from "./api.js";
import { Conversation } from "./conversation.js";
import { byId, copy, keepTimes, plain } from "./dom.js";
import { Live } from "./live.js";
import { People } from "./people.js";
import { Poll } from "./poll.js";

const GUEST = { name: "guest", token: "" };
const FIRST = "mira";
const WITH_A_TOKEN = "with a token …";

/** Everything that belongs to one person looking at the site. */
class Visit {
  #api;
  #live;
  #people;
  #me;
  #conversation = null;
  #poll = null;
  #unread = new Set();
  #isOver = false;

  constructor(me, api) {
    this.#api = api;
    this.#me = me;
    this.#people = new People(api);
    this.#live = new Live({
      site: location.origin,
      token: me.token,
      state: (state) => {
        showConnection(state);
        // What was shown may not be shown any more: ask, and be told why.
        if (state.name === "ended") this.#readAgain();
      },
      access: () => this.#readAgain(),
    });
    this.#live.subscribe("site", 0, {
      subscribed: () => this.#readSite(),
      change: (frame) => this.#change(frame),
      gap: () => this.#readAgain(),
    });
  }

  /** End it. */
  leave() {
    this.#isOver = true;
    this.#conversation?.close();
    this.#poll?.close();
    this.#live.close();
  }

  retry() {
    this.#live.retry();
  }

  /** Show a conversation. */
  open(id) {
    if (this.#conversation?.id === id) return;
    this.#conversation?.close();
    this.#unread.delete(id);
    this.#conversation = new Conversation({ api: this.#api, live: this.#live, people: this.#people, me: this.#me, id });
    markPlaces(id, this.#unread);
  }

  #readAgain() {
    this.#readSite();
    this.#conversation?.readAgain();
    this.#poll?.readAgain();
  }

  #readSite = coalesce(async () => {
    if (this.#isOver) return;
    try {
      const [site, { conversations }, { polls }] = await Promise.all([
        this.#api.get("/site"),
        this.#api.get("/conversations?limit=25"),
        this.#api.get("/polls?limit=5"),
      ]);
      if (this.#isOver) return;
      byId("site").textContent = plain(site.title);
      showPlaces(conversations.items);
      if (!wishes().get("conversation") && conversations.items.length) wish("conversation", conversations.items[0].id);
      else follow();
      markPlaces(this.#conversation?.id, this.#unread);
      if (!this.#poll && polls.items.length) {
        this.#poll = new Poll({ api: this.#api, live: this.#live, me: this.#me, id: polls.items[0].id });
      }
    } catch (error) {
      if (!(error instanceof Refused && error.isFinal)) throw error;
      showPlaces([]);
      showNotice(error);
    }
  });

  #change({ kind, ids }) {
    if (kind === "comment.created" && ids.itemType === "conversation" && ids.itemId !== this.#conversation?.id) {
      this.#unread.add(ids.itemId);
      markPlaces(this.#conversation?.id, this.#unread);
    } else if (kind === "profile.edited") {
      this.#people.forget(ids.profileId);
    } else if (/^(conversation|microcosm|site|forum|access)\./.test(kind) || kind === "poll.created") {
      this.#readSite();
    }
  }
}

// --- What stands in the address -------------------------------------------------------------

/** Behind the `#`: which conversation, and who one is, by name. */
function wishes() {
  return new URLSearchParams(location.hash.slice(1));
}

function wish(name, value) {
  const wanted = wishes();
  wanted.set(name, value);
  location.hash = wanted;
}

// --- Showing --------------------------------------------------------------------------------

function showPlaces(conversations) {
  byId("places").replaceChildren(
    ...conversations.map(({ id, title, breadcrumb }) => {
      const element = copy("place-template");
      element.dataset.id = id;
      element.querySelector(".name").textContent = plain(title);
      element.querySelector("small").textContent = plain(breadcrumb.at(-1)?.title ?? "");
      const wanted = wishes();
      wanted.set("conversation", id);
      element.querySelector("a").href = `#${wanted}`;
      return element;
    }),
  );
}

function markPlaces(open, unread) {
  for (const element of byId("places").children) {
    const id = Number(element.dataset.id);
    element.querySelector("a").ariaCurrent = id === open ? "page" : null;
    if (id === open) byId("places").scrollLeft = element.offsetLeft - byId("places").offsetLeft;
    element.querySelector(".mark").hidden = !unread.has(id);
  }
}

function showNotice(error) {
  byId("notice").textContent = problemOf(error);
  byId("notice").hidden = false;
}

let counting = 0;

function showConnection({ name, pause = 0, code }) {
  clearInterval(counting);
  byId("connection").dataset.state = name;
  byId("retry").hidden = name !== "waiting";
  const say = (text) => {
    byId("connection-text").textContent = text;
  };
  if (name === "connecting") say("Connecting …");
  if (name === "live") say("Live");
  if (name === "ended") say(code === 4401 ? "Ended: signed out, or banned" : `Ended with ${code}`);
  if (name === "waiting") {
    const until = Date.now() + pause;
    const count = () => say(`No connection; again in ${Math.max(0, Math.ceil((until - Date.now()) / 1000))} s`);
    count();
    counting = setInterval(count, 500);
  }
}

// --- Who one is -------------------------------------------------------------------------------

let people = [GUEST];
let person = null;
let visit = null;

/** The people of the demo site; their tokens are given to browsers on the server's own machine only. */
const readPeople = coalesce(async () => {
  const answer = await fetch("people.json").catch(() => null);
  if (answer?.ok) people = [...(await answer.json()), GUEST];
  const options = people.map(({ name, role }) => new Option(role ? `${name}, ${role}` : "a guest", name));
  byId("who").replaceChildren(...options, new Option(WITH_A_TOKEN, WITH_A_TOKEN));
});

/** Begin anew as somebody. */
async function enter(wanted) {
  visit?.leave();
  visit = null;
  person = wanted;
  byId("who").value = wanted.name;
  byId("notice").hidden = true;
  showConnection({ name: "connecting" });
  const api = new Api(wanted.token);
  let profileId = wanted.token ? null : 0;
  await coalesce(async () => {
    if (profileId !== null || person !== wanted) return;
    try {
      profileId = (await api.get("/whoami")).id;
    } catch (error) {
      if (!(error instanceof Refused && error.isFinal)) throw error;
      // The socket would be closed for the same reason.
      showPlaces([]);
      showNotice(error);
      showConnection({ name: "ended", code: 4401 });
    }
  })();
  if (profileId === null || person !== wanted) return;
  visit = new Visit({ ...wanted, profileId }, api);
  follow();
}

/** Do what stands in the address. */
function follow() {
  const wanted = people.find(({ name }) => name === wishes().get("as")) ?? people.find(({ name }) => name === FIRST) ?? GUEST;
  if (wanted !== person) {
    enter(wanted);
    return;
  }
  const id = Number(wishes().get("conversation"));
  if (id) visit?.open(id);
}

byId("who").addEventListener("change", () => {
  let name = byId("who").value;
  if (name === WITH_A_TOKEN) {
    const token = prompt("An access token; it is kept in this page alone.")?.trim();
    name = token ? "you" : person.name;
    if (token) people.push({ name, role: "by token", token });
    byId("who").add(new Option(name, name));
  }
  wish("as", name);
  byId("who").value = name;
});
byId("retry").addEventListener("click", () => visit?.retry());
addEventListener("online", () => visit?.retry());
addEventListener("hashchange", follow);

keepTimes();
await readPeople();
follow();
