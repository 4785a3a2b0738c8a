"""How irctest starts coax.

One server for each test, in a folder of its own, with everything in one settings file. What stands in
`capabilities` and `optional_behaviors` must be there: a test that finds it missing fails, where
without the entry it would be skipped.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Optional, Set, Type

from irctest import patma
from irctest.basecontrollers import (
    BaseServerController,
    DirectoryBasedController,
    NotImplementedByController,
)
from irctest.cases import BaseServerTestCase
from irctest.specifications import Capabilities, OptionalBehaviors

COAX = os.environ.get("COAX_BIN") or shutil.which("coax") or "coax"

SETTINGS = {
    "server": {
        "name": "My.Little.Server",
        "network": "CoaxTest",
        "description": "test server",
        "services-name": "My.Little.Services",
    },
    "limits": {
        "flood-burst": 0,
        "sendq": 1 << 20,
        "nick-length": 32,
        "topic-length": 390,
        "kick-length": 390,
        "away-length": 200,
        "monitor": 100,
        "list-entries": 60,
    },
    "accounts": {"password-length": 1, "password-memory": 8, "password-passes": 1},
    "operators": {"operuser": "operpassword"},
}


def toml(settings: dict) -> str:
    """Sections of plain values; JSON's texts, numbers and lists are TOML's too."""
    lines = []
    for section, keys in settings.items():
        lines.append(f"[{section}]")
        lines.extend(f"{key} = {json.dumps(value)}" for key, value in keys.items())
    return "\n".join(lines) + "\n"


class CoaxController(BaseServerController, DirectoryBasedController):
    software_name = "coax"
    _port_wait_interval = 0.01
    supported_sasl_mechanisms: Set[str] = {"EXTERNAL", "PLAIN", "SCRAM-SHA-256"}
    supports_sts = False
    extban_mute_char = "m"

    capabilities = frozenset(
        (
            Capabilities.ACCOUNT_NOTIFY,
            Capabilities.ACCOUNT_TAG,
            Capabilities.AWAY_NOTIFY,
            Capabilities.BATCH,
            Capabilities.ECHO_MESSAGE,
            Capabilities.EXTENDED_JOIN,
            Capabilities.EXTENDED_MONITOR,
            Capabilities.LABELED_RESPONSE,
            Capabilities.MESSAGE_TAGS,
            Capabilities.MULTI_PREFIX,
            Capabilities.SERVER_TIME,
            Capabilities.SETNAME,
        )
    )

    optional_behaviors = frozenset(
        (
            OptionalBehaviors.BAN_EXCEPTION_MODE,
            OptionalBehaviors.CAP_REQ_MINUS,
            OptionalBehaviors.ELIST_C,
            OptionalBehaviors.ELIST_M,
            OptionalBehaviors.ELIST_N,
            OptionalBehaviors.ELIST_T,
            OptionalBehaviors.ELIST_U,
            OptionalBehaviors.INVITE_EXCEPTION_MODE,
            OptionalBehaviors.INVITE_LIST,
            OptionalBehaviors.INVITE_OVERRIDES_LIMIT,
            OptionalBehaviors.MULTI_JOIN,
            OptionalBehaviors.MULTI_KICK,
            OptionalBehaviors.MULTI_NAMES_COMMAND,
            OptionalBehaviors.MULTI_PRIVMSG,
            OptionalBehaviors.NO_CTCP,
            OptionalBehaviors.SASL_AFTER_REGISTRATION,
            OptionalBehaviors.SASL_REAUTHENTICATION,
        )
    )

    isupport = {
        "ACCOUNTEXTBAN": "a,account",
        "BOT": "B",
        "CASEMAPPING": "rfc7613",
        "ELIST": "CMNTU",
        "INVEX": "I",
        "MONITOR": "100",
        "PREFIX": "(qaohv)~&@%+",
        "STATUSMSG": "~&@%+",
        "TARGMAX": patma.ANYSTR,
        "UTF8ONLY": None,
        "WHOX": None,
    }

    def run(
        self,
        hostname: str,
        port: int,
        *,
        password: Optional[str],
        ssl: bool,
        run_services: bool,
        faketime: Optional[str],
        websocket_hostname: Optional[str] = None,
        websocket_port: Optional[int] = None,
    ) -> None:
        self.create_config()
        self.port = port
        self.hostname = hostname
        settings = json.loads(json.dumps(SETTINGS))
        # Any port takes any protocol; the suite asks for two.
        endpoints = [f"{hostname}:{port}"]
        if websocket_port is not None:
            endpoints.append(f"{websocket_hostname}:{websocket_port}")
        settings["listen"] = {"endpoints": endpoints}
        if ssl:
            self.gen_ssl()
            settings["listen"]["certificate"] = str(self.pem_path)
            settings["listen"]["certificate-key"] = str(self.key_path)
        if password is not None:
            settings["server"]["password"] = password
        settings["accounts"]["register-before-connect"] = bool(
            self.test_config.account_registration_before_connect
        )
        settings["accounts"]["email-required"] = bool(
            self.test_config.account_registration_requires_email
        )
        with self.open_file("chat.toml") as file:
            file.write(toml(settings))
        assert self.directory
        command = [COAX, "chat", "serve", "--config", self.directory / "chat.toml"]
        command += ["--data", self.directory / "data"]
        # A clock that runs thirty times as fast is not believed (docs/decisions/0038), so the minutes
        # that `faketime` would shorten are waited for.
        self.proc = self.execute(command)

    def wait_for_services(self) -> None:
        """They are part of the server."""

    def registerUser(
        self, case: BaseServerTestCase, username: str, password: Optional[str] = None
    ) -> None:
        if password and len(password) > 300:
            raise NotImplementedByController("passwords that need lines over 512 bytes")
        client = case.addClient(show_io=False)
        case.sendLine(client, "CAP LS 302")
        case.sendLine(client, f"NICK {username}")
        case.sendLine(client, "USER r e g :user")
        case.sendLine(client, "CAP END")
        while case.getRegistrationMessage(client).command != "001":
            pass
        case.getMessages(client)
        case.sendLine(client, f"NS REGISTER {password}")
        assert case.getMessage(client).params == [username, "Account created"]
        case.sendLine(client, "QUIT")
        case.assertDisconnected(client)


def get_irctest_controller_class() -> Type[CoaxController]:
    return CoaxController
