"""What the shop knows how to do, apart from HTTP."""

import json

REQUIRED = ["currency"]


def load_config(path="config.json"):
    """The machine's own settings: a file that every server keeps outside of its releases."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def problem(config):
    """What keeps the shop from working with this configuration; empty when nothing does."""
    missing = [key for key in REQUIRED if key not in config]
    return f"config.json lacks {', '.join(missing)}" if missing else ""


def greeting(name):
    return f"Hello, {name}!"


def price(units, config):
    """Price of some units, with the currency of this machine."""
    return f"{units * 5}.00 {config.get('currency', '?')}"
