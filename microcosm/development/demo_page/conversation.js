/** A conversation that is read, written and kept up to date. */

import { coalesce, problemOf, Refused } from "./api.js";
import { byId, copy, plain, showAvatar, showTime } from "./dom.js";

/** More comments than this are read as a page instead of one by one. */
const MANY = 10;
const PAGE = 25;
/** How long somebody is typing after they were last heard, and how often we say that we are. */
const TYPING_MS = 5_000;
const SAY_TYPING_MS = 2_500;
/** Who has scrolled up further than this is not taken to a new comment, but told of it. */
const NEAR_PIXELS = 200;

export class Conversation {
  #api;
  #live;
  #people;
  #me;
  #left = new AbortController();

  /** What has to be read again, and where the oldest comment that is shown stands. */
  #stale = { page: false, head: false, comments: new Set() };
  #isRead = false;
  #offset = 0;
  #comments = new Map();

  #mayWrite = false;
  #answered = null;
  #typing = new Map();
  #saidTypingAt = 0;
  #seen = 0;

  constructor({ api, live, people, me, id }) {
    this.id = id;
    this.#api = api;
    this.#live = live;
    this.#people = people;
    this.#me = me;
    this.#clear();
    this.#listen();
    live.subscribe("conversation", id, {
      // What is told from now on comes over the socket: so it is read after the subscription has begun. Changes are replayed, counts are not.
      subscribed: () => this.#want(this.#isRead ? { head: true } : { page: true }),
      change: (frame) => this.#change(frame),
      counts: ({ comments }) => this.#showTotal(comments),
      gap: () => this.readAgain(),
      refused: () => this.#end("There is no such conversation, or you may not read it."),
    });
    live.subscribe("presence", id, {
      presence: (frame) => this.#showPresent(frame),
      typing: ({ profileId }) => this.#hearTyping(profileId),
    });
  }

  /** Leave it. */
  close() {
    this.#clear();
    this.#left.abort();
    this.#live.unsubscribe("conversation", this.id);
    this.#live.unsubscribe("presence", this.id);
    for (const timer of this.#typing.values()) clearTimeout(timer);
  }

  /** Read everything that is shown again. */
  readAgain() {
    this.#want({ page: true });
  }

  // --- Reading ---------------------------------------------------------------------------

  #want(stale) {
    this.#note(stale);
    this.#catchUp();
    if (!this.#api.copyLives) return;
    setTimeout(() => {
      this.#note(stale);
      this.#catchUp();
    }, this.#api.copyLives);
  }

  #note({ page = false, head = false, comments = [] }) {
    this.#stale.page ||= page;
    this.#stale.head ||= head;
    for (const id of comments) this.#stale.comments.add(id);
  }

  #catchUp = coalesce(async () => {
    if (this.#left.signal.aborted) return;
    const stale = this.#stale;
    this.#stale = { page: false, head: false, comments: new Set() };
    try {
      if (stale.page || stale.comments.size > MANY) {
        await this.#readPage();
      } else {
        if (stale.head) this.#showHead(await this.#api.get(`/conversations/${this.id}?limit=5`));
        for (const id of stale.comments) await this.#readComment(id);
      }
    } catch (error) {
      if (error instanceof Refused && error.isFinal) {
        this.#end(error.message);
        return;
      }
      // Nothing is forgotten because the server was not there when it was asked.
      this.#note(stale);
      throw error;
    }
  });

  async #readPage() {
    const item = await this.#api.get(`/conversations/${this.id}/lastcomment`);
    if (this.#left.signal.aborted) return;
    this.#comments.clear();
    byId("comments").replaceChildren();
    this.#showHead(item);
    this.#showPage(item.comments);
    this.#isRead = true;
  }

  async #readComment(id) {
    try {
      const comment = await this.#api.get(`/comments/${id}`);
      if (!this.#left.signal.aborted) this.#showComment(comment, { isNew: !this.#comments.has(id) });
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404)) throw error;
      this.#removeComment(id);
    }
  }

  async #readEarlier() {
    const offset = Math.max(0, this.#offset - PAGE);
    const before = document.documentElement.scrollHeight;
    const item = await this.#api.get(`/conversations/${this.id}?limit=${PAGE}&offset=${offset}`);
    if (this.#left.signal.aborted) return;
    this.#showPage(item.comments);
    window.scrollBy(0, document.documentElement.scrollHeight - before);
  }

  #change({ kind, ids, gone }) {
    if (ids.commentId) {
      if (gone) this.#removeComment(ids.commentId);
      else this.#want({ comments: [ids.commentId] });
    } else if (gone) {
      this.#end("This conversation is gone: deleted, or no longer yours to read.");
    } else if (kind.startsWith("conversation.")) {
      this.#want({ head: true });
    }
  }

  // --- Showing ---------------------------------------------------------------------------

  #clear() {
    for (const id of ["comments", "people"]) byId(id).replaceChildren();
    for (const id of ["breadcrumb", "title", "total", "guests", "typing", "problem"]) byId(id).textContent = "";
    for (const id of ["notice", "earlier", "newer", "composer", "answering"]) byId(id).hidden = true;
    byId("text").value = "";
  }

  #showHead({ title, breadcrumb, meta, comments }) {
    byId("title").textContent = plain(title);
    byId("breadcrumb").textContent = breadcrumb.map((each) => plain(each.title)).join(" › ");
    document.title = plain(title);
    this.#showTotal(comments.total);
    const { create, moderator } = meta.permissions;
    this.#mayWrite = create && (meta.flags.open || moderator);
    byId("composer").hidden = !this.#mayWrite;
    if (this.#mayWrite) this.#notice("");
    else if (!this.#me.profileId) this.#notice("Guests read along. Choose above who you are to join in.");
    else this.#notice(meta.flags.open ? "You may read here, but not write." : "This conversation is closed.");
  }

  #showTotal(total) {
    byId("total").textContent = total === 1 ? "1 comment" : `${total} comments`;
  }

  #showPage({ items, offset }) {
    for (const comment of items) this.#showComment(comment);
    this.#offset = offset;
    byId("earlier").hidden = offset === 0;
  }

  #showComment(comment, { isNew = false } = {}) {
    const author = this.#people.remember(comment.meta.createdBy);
    const shown = this.#comments.get(comment.id)?.element ?? this.#place(comment);
    this.#comments.set(comment.id, { comment, element: shown });
    const part = (name) => shown.querySelector(name);
    showAvatar(part(".avatar"), author);
    part(".name").textContent = author.profileName;
    showTime(part("time"), comment.meta.created);
    part(".edited").hidden = comment.revisions < 2;
    // The API has sanitised it; nothing else is ever inserted as HTML.
    part(".text").innerHTML = comment.html;
    for (const link of part(".text").querySelectorAll("a")) pointToApi(link);
    const answers = comment.meta.links.find(({ rel }) => rel === "inReplyToAuthor");
    part(".answers").hidden = !answers;
    if (answers) {
      part(".answers").textContent = `answers ${plain(answers.title)}`;
      part(".answers").href = `#comment-${comment.inReplyTo}`;
    }
    const isMine = comment.meta.createdBy.id === this.#me.profileId;
    part(".edit").hidden = part(".delete").hidden = !isMine;
    part(".answer").hidden = !this.#mayWrite;
    if (isNew) this.#arrived(shown, comment, isMine);
  }

  /** An element for a comment, where it belongs in time. */
  #place(comment) {
    const element = copy("comment-template");
    element.id = `comment-${comment.id}`;
    element.querySelector(".answer").onclick = () => this.#answer(comment.id);
    element.querySelector(".answers").onclick = (event) => this.#jump(event);
    element.querySelector(".edit").onclick = () => this.#edit(comment.id);
    element.querySelector(".delete").onclick = () => this.#delete(comment.id);
    const later = [...this.#comments.values()]
      .filter((other) => isLater(other.comment, comment))
      .sort((one, other) => (isLater(one.comment, other.comment) ? 1 : -1));
    byId("comments").insertBefore(element, later[0]?.element ?? null);
    return element;
  }

  #arrived(element, comment, isMine) {
    this.#stopTyping(comment.meta.createdBy.id);
    element.classList.add("new");
    if (isMine || pixelsBelow() < element.offsetHeight + NEAR_PIXELS) element.scrollIntoView({ block: "nearest", behavior: "smooth" });
    else byId("newer").hidden = false;
  }

  #showNewest() {
    byId("newer").hidden = true;
    byId("comments").lastElementChild?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  #removeComment(id) {
    this.#comments.get(id)?.element.remove();
    this.#comments.delete(id);
    if (this.#answered === id) this.#answer(null);
  }

  #notice(text) {
    byId("notice").textContent = text;
    byId("notice").hidden = !text;
  }

  #end(text) {
    if (this.#left.signal.aborted) return;
    this.#clear();
    this.#comments.clear();
    this.#isRead = false;
    this.#notice(text);
  }

  // --- Writing ---------------------------------------------------------------------------

  #listen() {
    const { signal } = this.#left;
    const listen = (id, kind, handler) => byId(id).addEventListener(kind, handler, { signal });
    listen("earlier", "click", () => this.#readEarlier().catch((error) => this.#notice(problemOf(error))));
    addEventListener("scroll", () => (byId("newer").hidden ||= pixelsBelow() < NEAR_PIXELS), { signal, passive: true });
    listen("newer", "click", () => this.#showNewest());
    listen("stop-answering", "click", () => this.#answer(null));
    listen("text", "input", () => this.#sayTyping());
    listen("text", "keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("composer").requestSubmit();
    });
    listen("composer", "submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  async #send() {
    const markdown = byId("text").value.trim();
    const button = byId("composer").querySelector("[type=submit]");
    if (!markdown || button.disabled) return;
    const comment = { itemType: "conversation", itemId: this.id, markdown };
    if (this.#answered) comment.inReplyTo = this.#answered;
    button.disabled = true;
    byId("problem").textContent = "";
    try {
      const made = await this.#api.post("/comments", comment);
      if (this.#left.signal.aborted) return;
      byId("text").value = "";
      this.#answer(null);
      this.#showComment(made, { isNew: !this.#comments.has(made.id) });
    } catch (error) {
      byId("problem").textContent = problemOf(error);
    } finally {
      button.disabled = false;
    }
  }

  #answer(id) {
    this.#answered = id;
    byId("answering").hidden = id === null;
    if (id === null) return;
    byId("answered").textContent = plain(this.#comments.get(id).comment.meta.createdBy.profileName);
    byId("text").focus();
  }

  #edit(id) {
    const { comment, element } = this.#comments.get(id);
    const editor = element.querySelector(".editor");
    const text = editor.querySelector("textarea");
    const problem = element.querySelector(".problem");
    const show = (isEdited) => {
      editor.hidden = !isEdited;
      element.querySelector(".text").hidden = element.querySelector("footer").hidden = isEdited;
      problem.textContent = "";
    };
    text.value = comment.markdown;
    editor.querySelector(".cancel").onclick = () => show(false);
    editor.onsubmit = async (event) => {
      event.preventDefault();
      try {
        const edited = await this.#api.put(`/comments/${id}`, { ...target(comment), markdown: text.value });
        show(false);
        this.#showComment(edited);
      } catch (error) {
        problem.textContent = problemOf(error);
      }
    };
    show(true);
    text.focus();
  }

  async #delete(id) {
    const { element } = this.#comments.get(id);
    try {
      await this.#api.delete(`/comments/${id}`);
      this.#removeComment(id);
    } catch (error) {
      element.querySelector(".problem").textContent = problemOf(error);
    }
  }

  #jump(event) {
    event.preventDefault();
    const wanted = document.querySelector(event.currentTarget.getAttribute("href"));
    if (!wanted) return;
    wanted.classList.remove("new");
    wanted.scrollIntoView({ block: "center", behavior: "smooth" });
    requestAnimationFrame(() => wanted.classList.add("new"));
  }

  // --- Who is here -------------------------------------------------------------------------

  async #showPresent({ profileIds, memberCount, guestCount }) {
    this.#seen += 1;
    const turn = this.#seen;
    const people = await Promise.all(profileIds.map((id) => this.#people.find(id).catch(() => null)));
    // Another frame may have come meanwhile.
    if (turn !== this.#seen || this.#left.signal.aborted) return;
    byId("people").replaceChildren(...people.filter(Boolean).map((person) => this.#person(person)));
    const more = [];
    if (memberCount > profileIds.length) more.push(`${memberCount - profileIds.length} more`);
    if (guestCount) more.push(guestCount === 1 ? "1 guest" : `${guestCount} guests`);
    byId("guests").textContent = more.join(" and ");
  }

  #person(person) {
    const element = copy("person-template");
    showAvatar(element.querySelector(".avatar"), person);
    element.querySelector(".name").textContent = person.id === this.#me.profileId ? `${person.profileName} (you)` : person.profileName;
    return element;
  }

  #sayTyping() {
    if (Date.now() - this.#saidTypingAt < SAY_TYPING_MS) return;
    this.#saidTypingAt = Date.now();
    this.#live.typing(this.id);
  }

  #hearTyping(profileId) {
    clearTimeout(this.#typing.get(profileId));
    this.#typing.set(profileId, setTimeout(() => this.#stopTyping(profileId), TYPING_MS));
    this.#showTyping();
  }

  #stopTyping(profileId) {
    clearTimeout(this.#typing.get(profileId));
    if (this.#typing.delete(profileId)) this.#showTyping();
  }

  async #showTyping() {
    const people = await Promise.all([...this.#typing.keys()].map((id) => this.#people.find(id).catch(() => null)));
    const names = people.filter((person) => person && this.#typing.has(person.id)).map((person) => person.profileName);
    if (this.#left.signal.aborted) return;
    byId("typing").textContent = names.length ? `${names.join(", ")} ${names.length === 1 ? "is" : "are"} typing …` : "";
  }
}

function isLater(one, other) {
  return one.meta.created === other.meta.created ? one.id > other.id : one.meta.created > other.meta.created;
}

/** How much of the comments is below what is seen. */
function pixelsBelow() {
  return byId("comments").getBoundingClientRect().bottom - window.innerHeight;
}

/** What a comment is about, as the API wants to be told on an edit. */
function target({ itemType, itemId }) {
  return { itemType, itemId };
}

/** Links of comments go to pages of a client that is not here; show what the API has. */
function pointToApi(link) {
  const url = new URL(link.href);
  if (url.origin === location.origin) link.href = `/api/v1${url.pathname.replace(/\/$/, "")}${url.search}`;
  link.target = "_blank";
  link.rel = "noopener nofollow";
}
