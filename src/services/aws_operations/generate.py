# SPDX-License-Identifier: Apache-2.0
"""Writes the names of all operations that AWS has of the services that Coffer serves, as botocore's models list them:
generate.py OUTPUT SERVICE..."""
import importlib.util
import json
import sys
from pathlib import Path


def operations(service):
    data = Path(importlib.util.find_spec("botocore").submodule_search_locations[0]) / "data"
    newest = sorted((data / service).glob("*/service-2.json"))[-1]  # versions are dates
    return json.loads(newest.read_text())["operations"]


def main(output, *services):
    names = sorted(f"{service}:{operation}" for service in services for operation in operations(service))
    lines = "".join(f'    "{name}",\n' for name in names)
    Path(output).write_text('#include "services/asked_actions.h"\n\nnamespace coffer::services {\n'
                            f"namespace {{\nconstexpr std::string_view kOperations[] = {{\n{lines}}};\n}}  // namespace\n"
                            "std::span<const std::string_view> aws_operations() { return kOperations; }\n"
                            "}  // namespace coffer::services\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
