# SPDX-License-Identifier: Apache-2.0
"""The product's own table of the actions that it asks about, with the kinds of resource on which."""
import re

from harness import ROOT

SOURCE = ROOT / "src/services/asked_actions_table.cc"
LINES = re.search(r'R"\(\n(.*)\n\)"', SOURCE.read_text(), re.DOTALL).group(1).split("\n")
ASKED = {line.split()[0]: line.split()[1:] for line in LINES}


def kinds_of(action, resource):
    """As the table may write the kind of that resource."""
    if resource == "*":
        return {"*"}
    service, name = resource.split(":", 5)[2], resource.split(":", 5)[5]
    kind = ("" if action.startswith(service + ":") else service + ":") + name.split("/")[0]
    if name.endswith("*"):
        return {kind + "/*"}
    return {kind + "/"} if name.endswith("/") else {kind, kind + "+"}


def is_listed(action, resource):
    return bool(kinds_of(action, resource) & set(ASKED.get(action, [])))
