// The page around the log: rooms, members, the head, the state of the connection.
//
// It shows a model and never changes it. What changes often is drawn together, a moment later.

import { Log } from "./log.js";
import { SERVER } from "./room.js";
import { element, nick, plain, rich } from "./text.js";

/** Changes are drawn this long after the first of them, in milliseconds. */
const TOGETHER = 25;
/** Members drawn: nobody reads more names than this. */
const MOST = 500;
const at = (id) => document.getElementById(id);

export class View {
  constructor(model) {
    this.model = model;
    this.log = new Log();
    this.shown = null;
    /** Whether the server can be asked for older lines. */
    this.history = false;
    this.touched = new Set();
    this.timer = null;
  }

  /** Shows another room. */
  show(room) {
    this.shown = room;
    room.recounted = true;
    this.log.show(room);
    this.head();
    this.members();
    this.rooms();
  }

  /** Soon draws what the change of these rooms touches. */
  update(touched) {
    for (const room of touched) this.touched.add(room);
    if (this.shown) this.timer ??= setTimeout(() => this.#draw(), TOGETHER);
  }

  #draw() {
    this.timer = null;
    if (this.touched.has(this.shown)) {
      this.log.update();
      this.head();
      this.members();
    }
    this.touched.clear();
    this.rooms();
  }

  rooms() {
    const rooms = [...this.model.rooms.values()];
    rooms.sort((one, other) => kinds(one) - kinds(other) || one.name.localeCompare(other.name));
    this.#list(rooms);
    at("network").textContent = plain(this.model.network);
    at("me").replaceChildren(nick(this.model.nick), ...(this.model.account ? [element("small", "", "signed in")] : []));
    const mentions = rooms.reduce((sum, room) => sum + room.mentions, 0);
    const unread = rooms.reduce((sum, room) => sum + room.unread, 0);
    document.title = `${mentions ? `(${mentions}) ` : unread ? "• " : ""}${this.shown ? title(this.shown) : "chat"} · coax`;
    at("rooms-toggle").classList.toggle("unread", unread > 0);
    at("rooms-toggle").setAttribute("aria-label", unread ? `Channels, ${unread} unread` : "Channels");
  }

  /** Replaces the list of rooms, and keeps the keyboard where it was in it. */
  #list(rooms) {
    const focused = at("room-list").contains(document.activeElement) ? document.activeElement.dataset.room : null;
    at("room-list").replaceChildren(...rooms.map((room) => this.#roomButton(room)));
    if (focused === null) return;
    [...at("room-list").querySelectorAll("button")].find((button) => button.dataset.room === focused)?.focus();
  }

  #roomButton(room) {
    const item = element("li", [room.unread && "unread", room.mentions && "mention"].filter(Boolean).join(" "));
    const button = element("button");
    button.type = "button";
    button.dataset.room = room.name;
    button.append(element("bdi", room.joined ? "" : "away", title(room)));
    if (room.unread) {
      const count = element("span", "count", String(room.mentions || room.unread));
      count.append(element("span", "unseen", room.mentions ? " for you" : " unread"));
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
    at("topic").hidden = !room.topic;
    at("leave").hidden = room.kind === "server";
    at("leave").title = `Leave ${title(room)}`;
    at("members-toggle").hidden = room.kind !== "channel";
    at("member-count").textContent = String(room.members.size);
    at("older").hidden = !this.history || !room.older || !room.oldest();
    at("chat").classList.toggle("alone", room.kind !== "channel");
  }

  members() {
    const room = this.shown;
    if (!room.recounted) return;
    room.recounted = false;
    const members = room.sorted();
    const items = members.slice(0, MOST).map((member) => {
      const item = element("li", member.away ? "away" : "");
      const button = nick(member.nick, "button");
      button.type = "button";
      button.dataset.room = member.nick;
      if (member.away) button.title = "away";
      item.append(element("span", "rank", member.rank), button);
      return item;
    });
    const rest = members.length - items.length;
    if (rest > 0) items.push(element("li", "away", `and ${rest} more`));
    at("member-list").replaceChildren(...items);
  }

  /** Says how the connection is, until it is otherwise. `broken` is worse than something to know. */
  line(text, broken) {
    at("line").textContent = text;
    at("line").hidden = !text;
    at("line").classList.toggle("broken", broken);
  }

  /** Says what was typed wrongly, until something else is typed. */
  status(text) {
    at("status").textContent = text;
    at("status").hidden = !text;
  }

  results(found) {
    const items = found.map((message) => {
      const item = element("li");
      const date = new Date(message.tags.get("time") ?? Date.now());
      const [target, text = ""] = message.params;
      const room = /^[#&]/.test(target) || this.model.isMe(message.nick) ? target : message.nick;
      const button = element("button", "quiet", plain(room));
      button.type = "button";
      button.dataset.room = room;
      const where = element("div", "where");
      const id = message.tags.get("msgid");
      const there = element("button", "quiet", date.toLocaleString());
      there.type = "button";
      there.title = "Show it where it was said";
      Object.assign(there.dataset, { room, line: id ?? "" });
      where.append(button, " · ", there);
      item.append(where, nick(message.nick), " ", rich(text.replace(/^\x01ACTION (.*?)\x01?$/s, "$1")));
      return item;
    });
    at("search-results").replaceChildren(...items);
    at("search-note").textContent = found.length ? `${found.length} found` : "Nothing found.";
  }
}

const kinds = (room) => ["server", "channel", "person"].indexOf(room.kind);

/** A room's name as people read it. */
export const title = (room) => (room.name === SERVER ? "Server" : plain(room.name));
