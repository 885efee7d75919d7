# SPDX-License-Identifier: Apache-2.0
"""Do the rules of the tree hold? Rooms include only what the table in src/README.md allows; OpenSSL appears where it may;
every source file names its licence and is of a readable length. Each rule is also shown a violation that it must find."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
LICENCE = "SPDX-License-Identifier: Apache-2.0"
LONGEST_FILE = 500
SOURCE_FOLDERS = ("src", "tests", "bench", "tools", "cmake", ".ci", "examples")
SOURCE_ENDINGS = {".cc", ".h", ".py", ".sh", ".cmake"}
TLS_HEADERS = {"openssl/ssl.h", "openssl/tls1.h", "openssl/err.h", "openssl/bio.h"}
TLS_ROOMS = {"wire", "export"}


def allowed_includes(root):
    """{room: rooms it may include} from the table in src/README.md; None stands for all."""
    table = {}
    for line in (root / "src" / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or len(cells) != 3 or cells[0] in ("room", "---"):
            continue
        table[cells[0]] = None if cells[2] == "all" else {"base", cells[0], *cells[2].split()}
    return table


def code_files(root):
    return sorted(path for path in (root / "src").rglob("*") if path.suffix in (".cc", ".h", ".inc"))


def includes(path):
    return [quoted or angled for quoted, angled in INCLUDE.findall(path.read_text())]


def room_violations(root):
    table = allowed_includes(root)
    found = []
    for path in code_files(root):
        parts = path.relative_to(root / "src").parts
        room = parts[0] if len(parts) > 1 else ""
        if room not in table:
            found.append(f"{path}: the folder is not in the table of src/README.md")
            continue
        for header in includes(path):
            # What the generator makes from AWS's models belongs to wire.
            other = "wire" if header.startswith("generated/") else header.split("/")[0]
            if other in table and table[room] is not None and other not in table[room]:
                found.append(f"{path}: {room} may not include {header}")
    return found


def wall_violations(root):
    """Nothing but keys (and the process made of it) sees keyd's internals."""
    return [f"{path}: includes {header}" for path in code_files(root) for header in includes(path)
            if header.startswith("keys/") and path.relative_to(root / "src").parts[0] != "keys"
            and path != root / "src" / "daemon" / "keyd.cc"]


def openssl_violations(root):
    found = []
    for path in code_files(root):
        room = path.relative_to(root / "src").parts[0]
        for header in includes(path):
            if not header.startswith("openssl/") or room == "crypto":
                continue
            if room in TLS_ROOMS and (header in TLS_HEADERS or header.startswith("openssl/x509")):
                continue
            found.append(f"{path}: {header} belongs to crypto")
    return found


def source_files(root):
    for folder in SOURCE_FOLDERS:
        for path in sorted((root / folder).rglob("*")) if (root / folder).is_dir() else []:
            if not path.is_file() or "__pycache__" in path.parts or "corpus" in path.parts:
                continue
            # Scripts have no ending, but begin with the name of their interpreter.
            if path.suffix in SOURCE_ENDINGS or path.name == "CMakeLists.txt" or path.read_bytes()[:2] == b"#!":
                yield path
    for name in ("run", "test", "CMakeLists.txt"):
        if (root / name).exists():
            yield root / name


def licence_violations(root):
    return [f"{path}: no SPDX line" for path in source_files(root)
            if LICENCE not in "\n".join(path.read_text().splitlines()[:3])]


def length_violations(root):
    return [f"{path}: {count} lines" for path in source_files(root)
            if (count := len(path.read_text().splitlines())) > LONGEST_FILE]


def stray_room_violations(root):
    """A row of the table without its folder is out of date."""
    return [f"src/README.md: there is no folder {room}" for room in allowed_includes(root)
            if not (root / "src" / room).is_dir()]


RULES = {
    "rooms": (room_violations, "src/volume/a.cc", '#include "wire/value.h"\n'),
    "rooms, with spaces": (room_violations, "src/export/a.cc", '  #  include "wire/value.h"\n'),
    "rooms, angled": (room_violations, "src/store/a.h", "#include <volume/volume.h>\n"),
    "rooms, generated": (room_violations, "src/policy/a.h", '#include "generated/kms/model.h"\n'),
    "rooms, unknown folder": (room_violations, "src/utils/a.h", "\n"),
    "nothing but keys": (wall_violations, "src/api/a.cc", '#include "keys/domain_key.h"\n'),
    "nothing but keys, a daemon": (wall_violations, "src/daemon/apid.cc", '#include "keys/domain_key.h"\n'),
    "OpenSSL in crypto": (openssl_violations, "src/keys/a.cc", "#include <openssl/evp.h>\n"),
    "TLS alone in wire": (openssl_violations, "src/wire/a.cc", "#include <openssl/aes.h>\n"),
    "licence": (licence_violations, "src/base/a.h", "#pragma once\n"),
    "licence of a script": (licence_violations, "tools/a", "#!/bin/sh\n"),
    "length": (length_violations, "tests/a.py", f"# {LICENCE}\n" + "\n" * LONGEST_FILE),
    "stray room": (stray_room_violations, "src/README.md", "| attic | nothing | |\n"),
}


@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in RULES.values()}, key=lambda rule: rule.__name__),
                         ids=lambda rule: rule.__name__)
def test_the_tree_obeys(rule):
    assert rule(ROOT) == []


@pytest.mark.parametrize("name", RULES)
def test_a_planted_violation_is_found(name, tmp_path):
    rule, path, text = RULES[name]
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "README.md").write_text((ROOT / "src" / "README.md").read_text())
    for room in allowed_includes(tmp_path):
        (tmp_path / "src" / room).mkdir()
    assert rule(tmp_path) == []
    planted = tmp_path / path
    planted.parent.mkdir(parents=True, exist_ok=True)
    with open(planted, "a", encoding="utf-8") as file:
        file.write(text)
    assert len(rule(tmp_path)) == 1


def test_the_table_is_read_as_it_is_written():
    table = allowed_includes(ROOT)
    assert table["base"] == {"base"} and table["daemon"] is None
    assert {"crypto", "secret", "format"} < table["keys"]
    assert len(table) >= 18 and len(code_files(ROOT)) > 50
