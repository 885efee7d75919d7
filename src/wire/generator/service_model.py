# SPDX-License-Identifier: Apache-2.0
"""A service's model: botocore's service-2.json, the overlay merged in, cut down to the operations that are listed."""
import importlib.util
import json
from pathlib import Path


class ModelError(Exception):
    """The model does not hold what the lists or the overlay expect of it."""


def botocore_data():
    """The data folder of the botocore package of the running Python."""
    spec = importlib.util.find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("botocore is not installed for this Python (Debian: python3-botocore)")
    return Path(list(spec.submodule_search_locations)[0]) / "data"


def newest_model_file(data, service):
    """The service-2.json of the newest API version; versions are dates, so their names sort by age."""
    files = sorted((data / service).glob("*/service-2.json"))
    if not files:
        raise ModelError(f"no model of {service} in {data}")
    return files[-1]


def read_operations(path):
    """The operation names of a list; '#' starts a comment."""
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    names = [line for line in lines if line]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ModelError(f"{path.name} lists twice: {', '.join(sorted(repeated))}")
    return names


def _append_members(shape_name, into, extra):
    for name, member in extra.items():
        known = into.get(name)
        if known is not None:
            told = {key: known.get(key) for key in member}
            if told != member:
                raise ModelError(f"overlay: {shape_name}.{name} is {told} in the model, {member} here")
        else:
            into[name] = member


def merge_overlay(model, overlay):
    """Adds the overlay to the model in place; see overlay/README.md for the rules."""
    unknown = set(overlay) - {"operations", "shapes"}
    if unknown:
        raise ModelError(f"overlay: unknown sections {sorted(unknown)}")
    for name, extra in overlay.get("shapes", {}).items():
        shape = model["shapes"].get(name)
        if shape is None:
            if "type" not in extra:
                raise ModelError(f"overlay: no shape {name} in the model, and no type for a new one")
            model["shapes"][name] = extra
            continue
        if extra.get("type", shape["type"]) != shape["type"]:
            raise ModelError(f"overlay: {name} is a {shape['type']} in the model")
        _append_members(name, shape.setdefault("members", {}) if "members" in extra else {}, extra.get("members", {}))
        if extra.get("sensitive"):
            shape["sensitive"] = True
        absent = [member for member in extra.get("optional", []) if member not in shape.get("members", {})]
        if absent:
            raise ModelError(f"overlay: {name} has no {', '.join(absent)}")
        for key in ("required", "enum"):
            if key in extra:
                known = shape.setdefault(key, [])
                known.extend(item for item in extra[key] if item not in known)
        if "optional" in extra:
            shape["required"] = [name for name in shape.get("required", []) if name not in extra["optional"]]
    for name, extra in overlay.get("operations", {}).items():
        operation = model["operations"].get(name)
        if operation is None:
            if "name" not in extra:
                raise ModelError(f"overlay: no operation {name} in the model, and no name for a new one")
            model["operations"][name] = extra
            continue
        if "output" in extra and operation.setdefault("output", extra["output"]) != extra["output"]:
            raise ModelError(f"overlay: {name} has another output in the model")
        known = operation.setdefault("errors", [])
        known.extend(error for error in extra.get("errors", []) if error not in known)


def shape_references(shape):
    """The names of the shapes that a shape is made of, in order."""
    for member in shape.get("members", {}).values():
        yield member["shape"]
    for part in ("key", "value", "member"):
        if part in shape:
            yield shape[part]["shape"]


class ServiceModel:
    """What the emitters work from. `shapes` holds what the listed operations reach; `input_shapes` the names reachable from an input; `errors` the error shapes' names."""

    def __init__(self, service, model, operation_names):
        self.service = service
        self.metadata = model["metadata"]
        missing = [name for name in operation_names if name not in model["operations"]]
        if missing:
            raise ModelError(f"{service} has no operation {', '.join(missing)}")
        if not operation_names:
            raise ModelError(f"no operation of {service} is listed")
        self.operations = {name: model["operations"][name] for name in sorted(operation_names)}
        self._all = model["shapes"]
        self.shapes = {}
        self.input_shapes = set()
        self.errors = {}
        for operation in self.operations.values():
            for direction in ("input", "output"):
                if direction in operation:
                    self._reach(operation[direction]["shape"])
            if "input" in operation:
                self._mark_input(operation["input"]["shape"])
            for error in operation.get("errors", []):
                self.errors[error["shape"]] = self._shape(error["shape"])
        self.errors = dict(sorted(self.errors.items()))

    def _shape(self, name):
        if name not in self._all:
            raise ModelError(f"{self.service} has no shape {name}")
        return self._all[name]

    def _reach(self, name):
        if name not in self.shapes:
            self.shapes[name] = self._shape(name)
            for part in shape_references(self.shapes[name]):
                self._reach(part)

    def _held(self, name, path=()):
        """The structures that a structure holds by value, however deep; C++ needs them defined before it."""
        if name in path:
            raise ModelError(f"{self.service}: structures contain each other: {' > '.join(path)}")
        held = set()
        for part in shape_references(self.shapes[name]):
            if self.shapes[part]["type"] == "structure":
                held |= {part} | self._held(part, path + (name,))
        return held

    def structures(self):
        """The structures' names, each after all that it holds by value and, where there is no cycle, after the
        elements of its lists and maps."""
        names = [name for name, shape in self.shapes.items() if shape["type"] == "structure"]
        held = {name: self._held(name) for name in names}
        order, open_now = {}, set()

        def visit(name):
            shape = self.shapes[name]
            if shape["type"] == "structure":
                # Reached through a list of what is being defined and holds it in turn: comes later by itself.
                if name in order or name in open_now or open_now & held[name]:
                    return
                open_now.add(name)
            elif name in containers:
                return
            else:
                containers.add(name)
            for part in shape_references(shape):
                visit(part)
            if shape["type"] == "structure":
                open_now.discard(name)
                order[name] = shape
            else:
                containers.discard(name)

        containers = set()
        for name in names:
            visit(name)
        return order

    def _mark_input(self, name):
        if name not in self.input_shapes:
            self.input_shapes.add(name)
            for part in shape_references(self._shape(name)):
                self._mark_input(part)


def load(service, operations_file, overlay_file, data):
    """The model, and the file of the package that it was read from."""
    model_file = newest_model_file(data, service)
    model = json.loads(model_file.read_text())
    merge_overlay(model, json.loads(overlay_file.read_text()))
    return ServiceModel(service, model, read_operations(operations_file)), model_file
