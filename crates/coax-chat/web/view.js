// The page: shows a model, never changes it.
//
// Lines of a room are drawn once and kept; what is new is put where it belongs. The reader's place is
// held: only who stands at the end follows the talk.

import { SERVER } from "./room.js";
import { element, nick, plain, rich } from "./text.js";

const NEAR = 40;
const at = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long", year: "numeric" });

export class View {
  constructor(model) {
    this.model = model;
    this.shown = null;
    this.drawn = [];
    at("scroll").addEventListener("scroll", () => this.atEnd() && (at("newest").hidden = true), { passive: true });
  }

  atEnd() {
    const scroll = at("scroll");
    return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
  }

  toEnd() {
    at("scroll").scrollTop = at("scroll").scrollHeight;
    at("newest").hidden = true;
  }

  /** Shows another room from its end. */
  show(room) {
    this.shown = room;
    this.drawn = [];
    at("log").replaceChildren();
    this.lines();
    this.toEnd();
    this.head();
    this.members();
    this.rooms();
  }

  /** Redraws what the change of these rooms touches. */
  update(touched) {
    if (touched.has(this.shown)) {
      this.lines();
      this.head();
      this.members();
    }
    this.rooms();
  }

  rooms() {
    const rooms = [...this.model.rooms.values()];
    rooms.sort((one, other) => kinds(one) - kinds(other) || one.name.localeCompare(other.name));
    at("room-list").replaceChildren(...rooms.map((room) => this.#roomButton(room)));
    at("network").textContent = this.model.network;
    at("me").replaceChildren(nick(this.model.nick), this.model.account ? element("small", "", " ✓") : "");
    const unread = rooms.reduce((sum, room) => sum + room.mentions, 0);
    document.title = `${unread ? `(${unread}) ` : ""}${this.shown ? title(this.shown) : "chat"} · coax`;
  }

  #roomButton(room) {
    const item = element("li", [room.unread && "unread", room.mentions && "mention"].filter(Boolean).join(" "));
    const button = element("button");
    button.dataset.room = room.name;
    button.append(element("bdi", room.joined ? "" : "away", title(room)));
    if (room.unread) {
      const count = element("span", "count", String(room.mentions || room.unread));
      count.setAttribute("aria-label", `${room.unread} unread`);
      button.append(count);
    }
    if (room === this.shown) button.setAttribute("aria-current", "true");
    item.append(button);
    return item;
  }

  head() {
    const room = this.shown;
    at("room-name").textContent = title(room);
    at("topic").replaceChildren(rich(room.topic));
    at("topic").title = plain(room.topic);
    at("leave").hidden = room.kind === "server";
    at("members-toggle").hidden = room.kind !== "channel";
    at("member-count").textContent = `${room.members.size} here`;
    at("older").hidden = !room.older || !room.lines.length;
  }

  members() {
    const items = this.model.members(this.shown).map((member) => {
      const item = element("li", member.away ? "away" : "");
      const button = nick(member.nick, "button");
      button.dataset.room = member.nick;
      item.append(element("span", "", member.rank), button);
      return item;
    });
    at("member-list").replaceChildren(...items);
  }

  /** Puts the lines that are not drawn yet where they belong, and holds the reader's place. */
  lines() {
    const scroll = at("scroll");
    const end = this.atEnd();
    const below = scroll.scrollHeight - scroll.scrollTop;
    const wanted = [...this.shown.lines, ...this.shown.pending];
    const before = this.drawn.length ? this.drawn[0].line : null;
    this.#match(wanted);
    if (end) this.toEnd();
    else if (before && wanted[0] !== before) scroll.scrollTop = scroll.scrollHeight - below;
    else at("newest").hidden = false;
  }

  #match(wanted) {
    const known = new Map(this.drawn.map((drawn) => [drawn.line, drawn]));
    const kept = new Set(wanted);
    for (const drawn of this.drawn) if (!kept.has(drawn.line)) drawn.nodes.forEach((node) => node.remove());
    let next = at("log").firstChild;
    this.drawn = wanted.map((line, place) => {
      const drawn = known.get(line) ?? { line, nodes: this.#draw(line, wanted[place - 1]) };
      for (const node of drawn.nodes) {
        if (node === next) next = next.nextSibling;
        else at("log").insertBefore(node, next);
      }
      return drawn;
    });
  }

  #draw(line, previous) {
    const date = new Date(line.at);
    const entry = element("li", ["entry", line.kind, line.mention && "mention", line.label && "pending"].filter(Boolean).join(" "));
    if (line === this.shown.firstUnread) entry.classList.add("first-unread");
    const time = element("time", "", clock.format(date));
    time.dateTime = date.toISOString();
    time.title = date.toLocaleString();
    const said = element("span");
    if (line.nick && line.kind !== "error") said.append(nick(line.nick), line.kind === "event" || line.kind === "action" ? "" : " ");
    said.append(rich(line.text));
    entry.append(time, said);
    if (previous && new Date(previous.at).toDateString() === date.toDateString()) return [entry];
    return [element("li", "day", day.format(date)), entry];
  }

  status(text) {
    at("status").textContent = text;
    at("status").hidden = !text;
  }

  results(found) {
    const items = found.map((message) => {
      const item = element("li");
      const date = new Date(message.tags.get("time") ?? Date.now());
      item.append(element("div", "where", `${message.params[0]} · ${date.toLocaleString()}`), nick(message.nick), " ", rich(message.params[1]));
      return item;
    });
    at("search-results").replaceChildren(...items);
    at("search-note").textContent = found.length ? `${found.length} found` : "Nothing found.";
  }
}

const kinds = (room) => ["server", "channel", "person"].indexOf(room.kind);
const title = (room) => (room.name === SERVER ? "Server" : plain(room.name));
