// What may be typed with a slash: one short function each.
//
// Nothing here touches the page; it asks the chat to show, say, join and leave.

import { fold } from "./message.js";

const HELP = [
  ["/join #channel", "come into a channel"],
  ["/leave", "leave this one"],
  ["/me waves", "say what you do"],
  ["/msg nick text", "talk to one person"],
  ["/nick name", "be called otherwise"],
  ["/topic text", "say what this channel is about"],
  ["/who", "who is here"],
  ["/whois nick", "who somebody is"],
  ["/away text", "say that you are away; without text, that you are back"],
  ["/invite nick", "ask somebody into this channel"],
  ["/kick nick why", "remove somebody from it"],
  ["/mode +t", "change what is allowed in it"],
  ["/search words", "what was said before, in all your channels"],
  ["/quit", "leave the server"],
  ["/quote LINE", "send a line of IRC as it is"],
];

const SERVICES = new Set(["nickserv", "chanserv", "hostserv"]);
const SECRET = /^\/(ns|nickserv|oper|pass|(msg|query|quote|raw)\s.*\b(nickserv|ns|oper|pass|register|authenticate)\b|j(oin)?\s+\S+\s+\S)/i;

/** Whether what was typed may hold a password: then it is not offered again. */
export const isSecret = (text, room) => SECRET.test(text.trim()) || SERVICES.has(fold(room.name));

export class Commands {
  constructor(chat) {
    this.chat = chat;
  }

  /** Does what was typed; false where there is no such command. */
  run(name, rest) {
    const command = this.#KNOWN[this.#ALIAS[name] ?? name];
    if (!command) return false;
    command(rest, this.chat.view.shown, (...words) => this.#send(...words));
    return true;
  }

  #send(command, ...params) {
    if (!this.chat.ask(this.chat.view.shown, command, ...params)) this.chat.view.status("The line is broken; try again when it is back.");
  }

  /** Says a line; one to a service of the server is a command, which may hold a password, and stands nowhere. */
  talk(room, text) {
    if (room.kind === "person" && SERVICES.has(fold(room.name))) this.#send("PRIVMSG", room.name, text);
    else this.chat.say(room, "say", text);
  }

  #here(text) {
    const { model, view } = this.chat;
    model.say(view.shown, { nick: "", source: "", tags: new Map() }, "notice", text);
    view.update([view.shown]);
    view.log.toEnd();
  }

  #ALIAS = { part: "leave", names: "who", query: "msg", j: "join", raw: "quote", nickserv: "ns", chanserv: "cs" };

  #KNOWN = {
    help: () => this.#here(HELP.map(([what, why]) => `\x11${what}\x11  ${why}`).join("\n")),
    join: (rest) => this.chat.join(rest),
    leave: (rest, room) => this.chat.leave((rest && this.chat.model.find(rest)) || room),
    me: (rest, room) => this.chat.say(room, "action", rest),
    msg: (rest) => {
      const [to, ...text] = rest.split(" ");
      if (!to) return;
      this.chat.show(this.chat.model.room(to));
      if (text.length) this.talk(this.chat.view.shown, text.join(" "));
    },
    ns: (rest, _, send) => send("NICKSERV", ...rest.split(" ").filter(Boolean)),
    cs: (rest, _, send) => send("CHANSERV", ...rest.split(" ").filter(Boolean)),
    oper: (rest, _, send) => send("OPER", ...rest.split(" ").filter(Boolean)),
    nick: (rest) => this.chat.link.rename(rest),
    topic: (rest, room, send) => (rest ? send("TOPIC", room.name, rest) : this.#here(`The topic: ${room.topic || "none yet"}`)),
    who: (_, room) => this.#here(`In ${room.name}: ${room.sorted().map((member) => member.rank + member.nick).join(" ")}`),
    whois: (rest, _, send) => {
      const nick = rest || this.chat.model.nick;
      this.chat.show(this.chat.model.room("*"));
      send("WHOIS", nick);
    },
    away: (rest, _, send) => send("AWAY", ...(rest ? [rest] : [])),
    invite: (rest, room, send) => send("INVITE", rest, room.name),
    kick: (rest, room, send) => send("KICK", room.name, ...halves(rest)),
    mode: (rest, room, send) => send("MODE", room.name, ...rest.split(" ").filter(Boolean)),
    search: (rest) => this.chat.search(rest),
    quit: (rest) => this.chat.link.stop(rest || "left the page"),
    quote: (rest) => this.chat.link.socket?.send(rest.replace(/[\r\n]/g, " ")),
  };
}

/** The first word, and the rest. */
function halves(text) {
  const [first, ...rest] = text.split(" ");
  return [first, rest.join(" ")].filter(Boolean);
}
