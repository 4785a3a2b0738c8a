// The line to the server: opens it, introduces us, opens it again when it breaks.
//
// A message counts as sent when the server echoes it. What was not echoed when the line broke is kept;
// the room looks into the history first, so that nothing is said twice.
//
// Nothing here knows the page. It calls `on.message`, `on.state` and `on.failure`.

import { fold, format, parse } from "./message.js";

const WANTED = [
  "account-notify", "account-tag", "away-notify", "batch", "cap-notify", "chghost", "draft/account-registration",
  "draft/chathistory", "draft/event-playback", "draft/no-implicit-names", "echo-message", "extended-join", "invite-notify",
  "labeled-response", "message-tags", "multi-prefix", "sasl", "server-time", "setname", "soju.im/search", "standard-replies",
];
/** After so long without a word the server is asked whether it is still there. */
const QUIET = 60_000;
/** How long an answer, or coming in, may take. */
const PATIENCE = 20_000;
const LONGEST_PAUSE = 30_000;

export class Link {
  constructor(on) {
    this.on = on;
    /** Who we want to be: {nick, account, password, register, word}. */
    this.identity = null;
    /** What we are called for now. */
    this.nick = "";
    this.offered = new Map();
    this.caps = new Set();
    this.state = "closed";
    this.tries = 0;
    this.labels = 0;
    /** How often the line was opened; what was sent in an earlier turn may not have arrived. */
    this.turn = 0;
    this.heard = 0;
    setInterval(() => this.#watch(), 5_000);
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  /** Opens the line as `identity`. */
  start(identity) {
    this.identity = identity;
    this.#open();
  }

  stop(reason) {
    this.identity = null;
    this.send("QUIT", [reason]);
    this.socket?.close();
  }

  get isReady() {
    return this.state === "ready";
  }

  /** Asks for another name, which is ours from now on if the server grants it. */
  rename(nick) {
    if (this.identity) this.identity.nick = nick;
    this.send("NICK", [nick]);
  }

  /** Sends a line now; false where there is no line to send it on. */
  send(command, params = [], tags = {}) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(format(command, params, tags));
    return true;
  }

  /** A label by which the server's answer to a line is known. */
  label() {
    this.labels += 1;
    return `c${this.labels}`;
  }

  #open() {
    clearTimeout(this.timer);
    this.turn += 1;
    this.heard = Date.now();
    this.#become("opening");
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/", ["text.ircv3.net"]);
    this.socket = socket;
    this.offered.clear();
    this.caps.clear();
    socket.onopen = () => this.#introduce();
    socket.onmessage = (event) => socket === this.socket && this.#hear(event.data);
    socket.onclose = () => socket === this.socket && this.#broke();
  }

  #introduce() {
    const { nick, word } = this.identity;
    this.nick = nick;
    this.send("CAP", ["LS", "302"]);
    if (word) this.send("PASS", [word]);
    this.send("NICK", [nick]);
    this.send("USER", [nick.replace(/[^A-Za-z0-9]/g, "").slice(0, 10) || "web", "0", "*", nick]);
  }

  /** Does not wait any longer: the network, or the reader, is back. */
  #hurry() {
    if (this.state === "waiting") this.#open();
  }

  #broke() {
    if (!this.identity) return this.#become("closed");
    this.tries += 1;
    const pause = Math.min(LONGEST_PAUSE, 500 * 2 ** this.tries) * (0.5 + Math.random() / 2);
    this.timer = setTimeout(() => this.#open(), pause);
    this.#become("waiting");
  }

  /** A line that carries nothing, not even an answer to PING, is a broken one. */
  #watch() {
    const quiet = Date.now() - this.heard;
    if (this.state === "opening" && quiet > PATIENCE) this.socket.close();
    if (!this.isReady) return;
    if (quiet > QUIET + PATIENCE) this.#giveUp();
    else if (quiet > QUIET) this.send("PING", ["still-there"]);
  }

  /** A close that nobody answers takes minutes; there is no waiting for it. */
  #giveUp() {
    this.socket.onclose = null;
    this.socket.close();
    this.#broke();
  }

  #become(state) {
    this.state = state;
    this.on.state(state);
  }

  #hear(text) {
    this.heard = Date.now();
    const message = parse(text);
    const own = this.#OWN[message.command];
    if (own) own.call(this, message);
    if (message.command !== "PING") this.on.message(message);
  }

  #OWN = {
    PING: (message) => this.send("PONG", message.params),
    CAP: (message) => this.#capability(message),
    AUTHENTICATE: (message) => this.#authenticate(message),
    REGISTER: (message) => message.params[0] === "SUCCESS" && this.#done(),
    FAIL: (message) => this.#failed(message),
    "001": (message) => {
      this.tries = 0;
      this.nick = message.params[0];
      if (fold(this.nick) !== fold(this.identity.nick)) this.send("MONITOR", ["+", this.identity.nick]);
      this.#become("ready");
    },
    NICK: (message) => this.#renamed(message),
    // The name we want is free, so nobody who has it is online any more.
    731: () => this.isReady && this.send("NICK", [this.identity.nick]),
    903: () => this.#done(),
    904: (message) => this.#refused(message),
    905: (message) => this.#refused(message),
    433: (message) => this.#taken(message),
    432: (message) => this.#refused(message),
    464: (message) => this.#refused(message),
  };

  #capability({ params }) {
    const [, verb] = params;
    const names = params.at(-1).split(" ").filter(Boolean);
    if (verb === "LS" || verb === "NEW") {
      for (const name of names) this.offered.set(name.split("=")[0], name.slice(name.indexOf("=") + 1));
      if (params[2] !== "*" || params.length < 4) this.#ask();
    } else if (verb === "ACK") {
      for (const name of names) this.caps.add(name);
      if (!this.isReady) this.#afterCaps();
    } else if (verb === "NAK") {
      this.#done();
    } else if (verb === "DEL") {
      for (const name of names) this.caps.delete(name);
    }
  }

  #ask() {
    const wanted = WANTED.filter((name) => this.offered.has(name) && !this.caps.has(name));
    if (wanted.length) this.send("CAP", ["REQ", wanted.join(" ")]);
    else if (!this.isReady) this.#done();
  }

  #afterCaps() {
    const { account, nick, password, register } = this.identity;
    if (!password) return this.#done();
    if (register && this.caps.has("draft/account-registration")) this.send("REGISTER", [account || nick, "*", password]);
    else if (this.caps.has("sasl")) this.send("AUTHENTICATE", ["PLAIN"]);
    else this.#done();
  }

  #authenticate({ params }) {
    if (params[0] !== "+") return;
    const { account, nick, password } = this.identity;
    const name = account || nick;
    const bytes = new TextEncoder().encode(`${name}\0${name}\0${password}`);
    const text = btoa(String.fromCharCode(...bytes));
    for (let at = 0; at <= text.length; at += 400) this.send("AUTHENTICATE", [text.slice(at, at + 400) || "+"]);
  }

  #done() {
    if (this.identity) this.identity.register = false;
    if (!this.isReady) this.send("CAP", ["END"]);
  }

  #failed(message) {
    if (message.params[0] === "REGISTER" && !this.isReady) this.#refused(message);
  }

  #renamed(message) {
    if (fold(message.nick) !== fold(this.nick)) return;
    this.nick = message.params[0];
    if (fold(this.nick) === fold(this.identity?.nick ?? "")) this.send("MONITOR", ["-", this.nick]);
  }

  /** A name in use before we are in: the same with a tail, as IRC clients do. Later: not ours, then. */
  #taken() {
    if (this.isReady) return (this.identity.nick = this.nick);
    this.nick = `${this.nick.slice(0, 28)}_`;
    this.send("NICK", [this.nick]);
  }

  #refused(message) {
    if (this.isReady) return;
    this.identity = null;
    this.socket.close();
    this.on.failure(message.params.at(-1), message.command);
  }
}
