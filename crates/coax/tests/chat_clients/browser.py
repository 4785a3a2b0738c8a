"""A browser, driven by plain WebDriver requests (W3C WebDriver; chromedriver's own commands for logs).

The page is opened through a relay of this script, which can be cut and mended, and frozen and thawed: so
a test decides when the page's line breaks, when it may be opened again, and when what was sent arrives.

Reads commands, one a line, and answers each on stderr as `#N answer`. Nothing here knows IRC.
"""
import json, os, select, socket, subprocess, sys, tempfile, threading, time, urllib.error, urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"enter": "\ue007", "tab": "\ue004", "escape": "\ue00c", "up": "\ue013", "down": "\ue015"}
PATIENCE = 60


class Relay:
    """Passes bytes between the browser and the server, while it is whole."""

    def __init__(self, place):
        self.place, self.whole, self.pairs = place, True, set()
        self.said, self.passed = threading.Condition(), 0
        # Pairs that carry nothing for now; what the page sends on them waits in the socket.
        self.frozen, self.moved = set(), threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.here = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            caller = self.listener.accept()[0]
            try:
                assert self.whole
                server = self.dial()
            except (AssertionError, OSError):
                caller.close()
                continue
            self.pairs.add((caller, server))
            threading.Thread(target=self.pump, args=(caller, server), daemon=True).start()

    def dial(self):
        """A port of this machine; or PATH,ADDRESS: a Unix socket, to which ADDRESS is brought (PROXY protocol)."""
        if self.place.isdigit():
            return socket.create_connection(("127.0.0.1", int(self.place)), 10)
        path, address = self.place.split(",")
        server = socket.socket(socket.AF_UNIX)
        server.connect(path)
        server.sendall(b"PROXY TCP4 %s 127.0.0.1 4711 80\r\n" % address.encode())
        return server

    def pump(self, caller, server):
        other = {caller: server, server: caller}
        try:
            while True:
                readable = select.select([caller, server], [], [])[0]
                with self.moved:
                    while (caller, server) in self.frozen:
                        self.moved.wait()
                for ready in readable:
                    part = ready.recv(65536)
                    if not part:
                        return
                    other[ready].sendall(part)
                    if ready is caller:
                        with self.said:
                            self.passed += 1
                            self.said.notify_all()
        except (OSError, ValueError):
            pass
        finally:
            self.end((caller, server))

    def end(self, pair):
        self.pairs.discard(pair)
        for sock in pair:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def cut(self):
        self.whole = False
        for pair in list(self.pairs):
            self.end(pair)

    def mend(self):
        self.whole = True

    def freeze(self):
        with self.moved:
            self.frozen = set(self.pairs)

    def thaw(self):
        with self.moved:
            self.frozen = set()
            self.moved.notify_all()


class Redrawn(RuntimeError):
    """The page drew an element again after it was found."""


class Browser:
    """One session of one browser."""

    def __init__(self, driver, chromium, driver_port, port, home):
        self.relay = Relay(port)
        self.driver = subprocess.Popen([driver, "--port=%d" % driver_port], stdout=subprocess.PIPE, text=True, env=dict(os.environ, HOME=home))
        for line in self.driver.stdout:
            if "successfully on port" in line:
                break
        self.base = "http://127.0.0.1:%s" % line.rsplit("port", 1)[1].strip(" .\n")
        threading.Thread(target=self.driver.stdout.read, daemon=True).start()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--ignore-certificate-errors", "--user-data-dir=" + home]
        wanted = {"browserName": "chrome", "goog:chromeOptions": {"binary": chromium, "args": flags},
                  "goog:loggingPrefs": {"browser": "ALL"}, "timeouts": {"script": PATIENCE * 1000}}
        self.base += "/session/" + self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE + 30) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            if value["error"] == "stale element reference":
                raise Redrawn(value["message"])
            raise RuntimeError(value["message"].splitlines()[0])

    def js(self, script):
        return self.ask("POST", "/execute/sync", {"script": script, "args": []})

    def cdp(self, command, **params):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def element(self, selector):
        return self.ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    # ---- commands ----

    def do_open(self, rest):
        """open [PATH]: the page, anew."""
        return self.ask("POST", "/url", {"url": "http://127.0.0.1:%d/%s" % (self.relay.here, rest)})

    def do_secure(self, _):
        """secure: the page by TLS, whoever signed the certificate."""
        return self.ask("POST", "/url", {"url": "https://127.0.0.1:%d/" % self.relay.here})

    def do_join(self, rest):
        """join NICK CHANNEL: fills in the form."""
        nick, channel = rest.split(" ")
        for place, text in ("#nick", nick), ("#channel", channel):
            self.do_type("%s %s" % (place, text))
        self.do_click("#enter")
        return self.do_until("!chat.hidden && document.querySelector('#room-name').textContent === %s" % json.dumps(channel))

    def do_type(self, rest):
        """type SELECTOR TEXT: in place of what is there."""
        selector, _, text = rest.partition(" ")
        place = "/element/%s/" % self.element(selector)
        self.ask("POST", place + "clear", {})
        return self.ask("POST", place + "value", {"text": text})

    def do_keys(self, rest):
        """keys SELECTOR WORD…: keys by name, other words as they are."""
        selector, *words = rest.split(" ")
        return self.ask("POST", "/element/%s/value" % self.element(selector), {"text": "".join(KEYS.get(word, word) for word in words)})

    def do_chord(self, rest):
        """chord WORD…: keys held together, wherever the focus is."""
        words = [{"alt": "\ue00a", "control": "\ue009", **KEYS}.get(word, word) for word in rest.split(" ")]
        steps = [{"type": "keyDown", "value": word} for word in words] + [{"type": "keyUp", "value": word} for word in words[::-1]]
        return self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": steps}]})

    def do_say(self, text):
        """say TEXT: types it into the message box, and Enter."""
        self.do_type("#message " + text)
        return self.do_keys("#message enter")

    def do_send(self, text):
        """send TEXT: says it, and waits until it is on its way to the server."""
        before = self.relay.passed
        self.do_say(text)
        with self.relay.said:
            return self.relay.said.wait_for(lambda: self.relay.passed > before, PATIENCE)

    def do_click(self, selector):
        """click SELECTOR: what the page draws again between finding and clicking is found again."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self.ask("POST", "/element/%s/click" % self.element(selector), {})
            except Redrawn:
                if time.monotonic() > until:
                    raise

    def do_js(self, script):
        return self.js(script)

    def do_until(self, condition):
        """until EXPRESSION: waits until it is true in the page."""
        script = "const done = arguments[0]; const look = () => (%s) && (clearInterval(timer), done(true)); const timer = setInterval(look, 20); look();"
        return self.ask("POST", "/execute/async", {"script": script % condition, "args": []})

    def do_log(self, _):
        """log: what stands in the log, line by line, without the time."""
        return self.js("return [...document.querySelectorAll('#log .entry .said')].map((said) => said.innerText)")

    def do_window(self, rest):
        """window [N]: a new one, or back to the one that was opened as number N."""
        if not rest:
            self.ask("POST", "/window", {"handle": self.ask("POST", "/window/new", {"type": "tab"})["handle"]})
            return len(self.ask("GET", "/window/handles"))
        return self.ask("POST", "/window", {"handle": self.ask("GET", "/window/handles")[int(rest)]})

    def do_media(self, rest):
        """media WIDTH HEIGHT dark|light"""
        width, height, scheme = rest.split()
        self.cdp("Emulation.setDeviceMetricsOverride", width=int(width), height=int(height), deviceScaleFactor=1, mobile=int(width) < 500)
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def do_shot(self, path):
        import base64
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("GET", "/screenshot")))

    def do_complaints(self, _):
        """complaints: what the browser's console holds against the page; a broken line is not one."""
        said = self.ask("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in said if "WebSocket connection" not in entry["message"] and "ERR_" not in entry["message"]]

    def do_cut(self, _):
        self.relay.cut()

    def do_mend(self, _):
        self.relay.mend()

    def do_freeze(self, rest):
        """freeze [shut]: the lines there are carry nothing until `thaw`; shut: none can be opened, either."""
        self.relay.whole = not rest
        self.relay.freeze()

    def do_thaw(self, _):
        self.relay.thaw()

    def do_at(self, address):
        """at URL: the page at another address."""
        return self.ask("POST", "/url", {"url": address})

    def end(self):
        try:
            self.ask("DELETE", "")
        finally:
            self.driver.kill()


def main():
    driver, chromium, driver_port, port = sys.argv[1:]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser = Browser(driver, chromium, int(driver_port), port, home)
        try:
            for number, line in enumerate(sys.stdin):
                word, _, rest = line.rstrip("\n").partition(" ")
                answer = getattr(browser, "do_" + word)(rest)
                print("#%d %s" % (number, json.dumps(answer)), file=sys.stderr, flush=True)
        finally:
            browser.end()


if __name__ == "__main__":
    main()
