// What is known: who we are, the rooms, and what was said in them.
//
// `receive` takes one message of the server and changes the model; the return value names the rooms
// that look different now. Everything is keyed by folded name.
//
// Nothing here touches the page or the line to the server; what each message means stands in heard.js.

import { HEARD, unknown } from "./heard.js";
import { fold } from "./message.js";
import { Room, SERVER } from "./room.js";

export class Model {
  constructor() {
    this.nick = "";
    /** Every name of ours so far, folded: lines in the history may carry an earlier one. */
    this.mine = new Set();
    this.account = "";
    this.network = "coax";
    this.rooms = new Map();
    this.batches = new Map();
    this.touched = new Set();
    this.shown = null;
    /** The rooms in which something was asked, by the label of the question. */
    this.asked = new Map();
    /** When the talk with a person was closed, by folded name. */
    this.closed = {};
    /** The line that was said last, for who rings. */
    this.latest = null;
    this.room(SERVER, "server");
  }

  room(name, kind = /^[#&]/.test(name) ? "channel" : "person") {
    const key = fold(name);
    if (!this.rooms.has(key)) this.rooms.set(key, new Room(name, kind));
    return this.rooms.get(key);
  }

  find(name) {
    return this.rooms.get(fold(name));
  }

  isMe(nick) {
    return fold(nick) === fold(this.nick);
  }

  become(nick) {
    this.nick = nick;
    this.mine.add(fold(nick));
  }

  /** The line broke: channels have to be joined again. */
  cut() {
    this.batches.clear();
    this.asked.clear();
    for (const room of this.rooms.values()) {
      if (room.later) room.clear();
      room.since = room.newest();
      room.asked = "";
      if (room.kind !== "channel") continue;
      room.rejoin ||= room.joined;
      room.joined = false;
    }
  }

  /** Changes the model; returns the rooms that changed. `shown` is the room the reader looks at. */
  receive(message, shown) {
    this.touched = new Set();
    this.shown = shown;
    const batch = this.batches.get(message.tags.get("batch"));
    const past = batch?.type === "chathistory" ? batch : null;
    if (past) Object.assign(past, { count: past.count + 1, last: message.tags.get("msgid") ?? past.last });
    message.label = message.tags.get("label") ?? batch?.label;
    if (batch?.type === "soju.im/search") batch.found.push(message);
    else (HEARD[message.command] ?? unknown)(this, message, past);
    return this.touched;
  }

  /** Puts what was said or done into a room. */
  say(room, message, kind, text, past) {
    const nick = message.nick || message.source;
    const at = Date.parse(message.tags.get("time") ?? "") || Date.now();
    const line = { id: message.tags.get("msgid"), at, kind, nick, text };
    // An echo may carry an earlier name of ours: the line was said under it.
    line.own = past || message.label ? this.mine.has(fold(nick)) : this.isMe(nick);
    line.reply = message.tags.get("+draft/reply") ?? message.tags.get("+reply");
    line.live = !past;
    line.mention = !line.own && (kind === "say" || kind === "action") && this.#named(text);
    if (!(past ? room.insert(line) : room.add(line))) return;
    this.latest = line;
    this.touched.add(room);
    const missed = past && room.asked === "after";
    if ((past && !missed) || line.own || kind === "event" || this.isRead(room)) return;
    room.firstUnread ??= line;
    room.unread += 1;
    if (line.mention || room.kind === "person") room.mentions += 1;
  }

  /** Whether the reader looks at the room right now. */
  isRead(room) {
    return this.shown === room && !document.hidden;
  }

  event(room, message, text, past) {
    this.say(room, message, "event", text, past);
  }

  /** An event of one person, told in every room where that person is. */
  everywhere(message, text, change) {
    const key = fold(message.nick);
    for (const room of this.rooms.values()) {
      const here = room.members.has(key);
      if (!here && !(room.kind === "person" && fold(room.name) === key)) continue;
      this.event(room, message, text);
      if (here) change(room, key);
      this.touched.add(room);
    }
  }

  gone(room, nick) {
    room.exit(fold(nick));
    if (this.isMe(nick)) {
      room.joined = room.rejoin = false;
      room.since = room.newest();
      room.members.clear();
      room.recounted = true;
    }
    this.touched.add(room);
  }

  /** Something did not work; a line of ours that it is about will not arrive. */
  fault(message, text) {
    for (const room of this.rooms.values()) {
      const lost = room.settle(message.label);
      if (lost) return this.say(room, message, "error", `not sent: ${lost.text} (${text})`);
    }
    // Where it was asked for, which may not be where the reader is by now.
    const asked = this.rooms.get(this.asked.get(message.label));
    const about = message.params.find((param) => param !== this.nick && this.rooms.has(fold(param)));
    this.say(asked ?? (about ? this.find(about) : this.room(SERVER)), message, "error", text);
  }

  #named(text) {
    const [said, nick] = [fold(text), fold(this.nick)];
    if (!nick) return false;
    for (let place = said.indexOf(nick); place >= 0; place = said.indexOf(nick, place + 1)) {
      const around = (said[place - 1] ?? " ") + (said[place + nick.length] ?? " ");
      if (!/[\p{L}\p{N}_]/u.test(around)) return true;
    }
    return false;
  }
}
