// The connection to the server: opens it, introduces us, opens it again when it breaks.
//
// A message counts as sent when the server echoes it. What was not echoed when the connection broke is
// sent again with the same id, by which the server says it once. A server that does not know the id any
// more leaves it to the room, which looks into the history first.
//
// Nothing here knows the page. It calls `on.message`, `on.state`, `on.silent`, `on.trouble`, `on.failure`.

import { fold, format, parse } from "./message.js";
import { Scram, base64, bytes, canProve } from "./scram.js";

const WANTED = [
  "account-notify", "account-tag", "away-notify", "batch", "cap-notify", "chghost", "coax.chat/once",
  "draft/account-registration", "draft/chathistory", "draft/event-playback", "draft/message-redaction",
  "draft/no-implicit-names", "echo-message", "extended-join", "invite-notify", "labeled-response",
  "message-tags", "multi-prefix", "sasl", "server-time", "setname", "soju.im/search", "standard-replies",
];
/** The server asks every 25 s. After this long without a word it is asked whether it is still there. */
const QUIET = 30_000;
/** A line that was sent brings some answer. After this long without one the server is asked, too. */
const UNANSWERED = 8_000;
/** How long the answer to that may take, and from when on the reader is told. */
const ANSWER = 10_000;
const SILENT = 3_000;
/** How long coming in may take. */
const PATIENCE = 20_000;
const LONGEST_PAUSE = 30_000;
/** Where the page lives: at the root of a site, or under a path of it. */
const HERE = new URL(".", document.baseURI);

export class Link {
  constructor(on) {
    this.on = on;
    /** Who we want to be: {nick, account, password, key, register, word}. */
    this.identity = null;
    /** What we are called for now. */
    this.nick = "";
    this.offered = new Map();
    this.caps = new Set();
    this.state = "closed";
    this.tries = 0;
    this.labels = 0;
    /** How often the connection was opened; what was sent in an earlier turn may not have arrived. */
    this.turn = 0;
    /** When something was heard, something sent, and the server asked (0: it was not), in milliseconds. */
    Object.assign(this, { heard: 0, said: 0, asked: 0, silent: false });
    setInterval(() => this.#watch(), 1_000);
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  /** Opens the connection as `identity`. */
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

  /** The run of the server that remembers what was sent to it; null where it does not. */
  get run() {
    return this.caps.has("coax.chat/once") ? this.offered.get("coax.chat/once") : null;
  }

  /** Whether the server offers the best way to sign in, and this browser can take it. */
  get proves() {
    return canProve() && (this.offered.get("sasl") ?? "").split(",").includes("SCRAM-SHA-256");
  }

  /** Asks for another name, which is ours from now on if the server grants it. */
  rename(nick) {
    if (this.identity) this.identity.nick = nick;
    this.send("NICK", [nick]);
  }

  /** Sends a line now; false where there is no connection to send it on. */
  send(command, params = [], tags = {}) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(format(command, params, tags));
    if (command !== "PONG" && command !== "PING") this.said = Date.now();
    return true;
  }

  /** A label by which the server's answer to a line is known. */
  label() {
    this.labels += 1;
    return `c${this.labels}`;
  }

  /** Signs in as the identity says. */
  signIn() {
    const { account, nick, password, key } = this.identity;
    this.exchange = this.proves ? new Scram(account || nick, password, key) : null;
    this.pieces = "";
    this.send("AUTHENTICATE", [this.exchange ? "SCRAM-SHA-256" : "PLAIN"]);
  }

  #open() {
    clearTimeout(this.timer);
    this.turn += 1;
    this.heard = Date.now();
    this.#hush();
    this.#become("opening");
    const address = new URL(HERE);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address, ["text.ircv3.net"]);
    this.socket = socket;
    this.offered.clear();
    this.caps.clear();
    /** Why the wanted name was not to be had. */
    this.taken = "";
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.on.trouble("");
      this.#introduce();
    };
    socket.onmessage = (event) => socket === this.socket && this.#hear(event.data);
    socket.onclose = () => {
      if (!opened) this.#findOutWhy();
      if (socket === this.socket) this.#broke();
    };
  }

  /** A WebSocket that does not open gives no reason; a plain request does. */
  async #findOutWhy() {
    const question = new URL("websocket", HERE);
    question.searchParams.set("origin", location.origin);
    try {
      const answer = await fetch(question, { cache: "no-store" });
      const why = answer.status === 403 ? (await answer.text()).trim() : "";
      if (this.isReady) return;
      this.on.trouble(why || (answer.ok ? "The server answers, but no WebSocket opens: does the web server in front of it pass them on?" : ""));
    } catch {
      this.on.trouble("");
    }
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
    else if (this.isReady && !this.asked) this.#ask();
  }

  #broke() {
    if (!this.identity) return this.#become("closed");
    this.#hush();
    this.tries += 1;
    const pause = Math.min(LONGEST_PAUSE, 500 * 2 ** this.tries) * (0.5 + Math.random() / 2);
    this.timer = setTimeout(() => this.#open(), pause);
    this.#become("waiting");
  }

  #ask() {
    this.asked = Date.now();
    this.send("PING", ["still-there"]);
  }

  /** A connection that carries nothing, not even an answer to PING, is a broken one. */
  #watch() {
    const now = Date.now();
    if (this.state === "opening" && now - this.heard > PATIENCE) this.socket.close();
    if (!this.isReady) return;
    if (this.asked && now - this.asked > ANSWER) return this.#giveUp();
    if (this.asked && now - this.asked > SILENT && !this.silent) this.on.silent((this.silent = true));
    const unanswered = this.said > this.heard && now - this.said > UNANSWERED;
    if (!this.asked && (unanswered || now - this.heard > QUIET)) this.#ask();
  }

  #hush() {
    this.asked = 0;
    if (this.silent) this.on.silent((this.silent = false));
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
    this.#hush();
    const message = parse(text);
    const own = this.#OWN[message.command];
    if (own) own.call(this, message);
    if (message.command !== "PING") this.on.message(message);
  }

  #OWN = {
    PING: (message) => this.send("PONG", message.params),
    CAP: (message) => this.#capability(message),
    AUTHENTICATE: (message) => this.#authenticate(message),
    REGISTER: (message) => message.params[0] === "SUCCESS" && this.#registered(),
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
    903: () => this.#signedIn(),
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
      if (params[2] !== "*" || params.length < 4) this.#request();
    } else if (verb === "ACK") {
      for (const name of names) this.caps.add(name);
      if (!this.isReady) this.#afterCaps();
    } else if (verb === "NAK") {
      this.#done();
    } else if (verb === "DEL") {
      for (const name of names) this.caps.delete(name);
    }
  }

  #request() {
    const wanted = WANTED.filter((name) => this.offered.has(name) && !this.caps.has(name));
    if (wanted.length) this.send("CAP", ["REQ", wanted.join(" ")]);
    else if (!this.isReady) this.#done();
  }

  #afterCaps() {
    const { account, nick, password, key, register } = this.identity;
    if (password && register && this.caps.has("draft/account-registration")) this.send("REGISTER", [account || nick, "*", password]);
    else if ((password || key) && this.caps.has("sasl")) this.signIn();
    else this.#done();
  }

  async #authenticate({ params: [piece] }) {
    const { exchange } = this;
    if (exchange) {
      if (piece !== "+") this.pieces += piece;
      // One of this length has another behind it.
      if (piece.length === 400) return;
      const said = new TextDecoder().decode(bytes(this.pieces));
      this.pieces = "";
      try {
        this.#authenticateWith(new TextEncoder().encode(await exchange.answer(said)));
      } catch (error) {
        this.send("AUTHENTICATE", ["*"]);
        this.#refused({ params: [error.message], command: "904" });
      }
    } else if (piece === "+") {
      const { account, nick, password } = this.identity;
      const name = account || nick;
      this.#authenticateWith(new TextEncoder().encode(`${name}\0${name}\0${password ?? ""}`));
    }
  }

  #authenticateWith(raw) {
    const text = base64(raw);
    for (let at = 0; at <= text.length; at += 400) this.send("AUTHENTICATE", [text.slice(at, at + 400) || "+"]);
  }

  /** A new account is signed in to. It is proved as well, for what a reload needs. */
  #registered() {
    if (!this.identity?.password || !this.proves || !this.caps.has("sasl")) return this.#done();
    this.identity.register = false;
    this.signIn();
  }

  /** The password is not needed any more: what was derived from it is. */
  #signedIn() {
    if (this.identity && this.exchange) {
      this.identity.key = this.exchange.key;
      this.identity.password = "";
    }
    this.#done();
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

  /** A name that is not to be had before we are in: the same with a tail, as IRC clients do. Later: not ours, then. */
  #taken(message) {
    this.taken = message.params.at(-1);
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
