# SPDX-License-Identifier: Apache-2.0
"""tables.cc: the model as constant tables of wire/shape.h."""
from emit_model import banner
from http_bindings import http_fields, location
from names import literal, snake_case

TYPES = {
    "structure": "kStructure", "list": "kList", "map": "kMap", "string": "kString", "boolean": "kBoolean",
    "integer": "kInteger", "long": "kLong", "float": "kFloat", "double": "kDouble", "blob": "kBlob",
    "timestamp": "kTimestamp",
}
PROTOCOLS = {"json": "kJson", "ec2": "kEc2", "rest-json": "kRestJson", "query": "kQuery"}


class Tables:
    def __init__(self, model):
        self.model = model
        self.protocol = model.metadata["protocol"]
        self.rest = self.protocol == "rest-json"
        self.index = {name: position for position, name in enumerate(model.shapes)}
        self.error_index = {name: position for position, name in enumerate(model.errors)}

    def query_name(self, name, member):
        """The name of a parameter of the EC2 protocol: queryName, else the locationName with a capital, else the name."""
        if "queryName" in member:
            return member["queryName"]
        location = member.get("locationName", name)
        return location[0].upper() + location[1:] if self.protocol == "ec2" else location

    def member(self, shape, name, member):
        fields = [f".name = {literal(name)}", f".location_name = {literal(member.get('locationName', name))}",
                  f".query_name = {literal(self.query_name(name, member))}",
                  f".shape = &shapes[{self.index[member['shape']]}]"]
        if self.rest:
            fields += location(self.model, name, member)
        fields += [f".{field} = true" for field, said in (
            ("required", name in shape.get("required", [])),
            ("idempotency_token", member.get("idempotencyToken")),
            ("streaming", member.get("streaming") or self.model.shapes[member["shape"]].get("streaming"))) if said]
        return "    {" + ", ".join(fields) + "},"

    def shape_fields(self, name, shape):
        kind = shape["type"]
        if kind not in TYPES:
            raise ValueError(f"shape {name} is of unknown type {kind}")
        yield f".name = {literal(name)}"
        yield f".type = wire::ShapeType::{TYPES[kind]}"
        if shape.get("members"):
            yield f".members = members_{self.index[name]}"
        if self.rest and "payload" in shape:
            yield f".payload = {literal(shape['payload'])}"
        if kind == "map":
            yield f".key = &shapes[{self.index[shape['key']['shape']]}]"
            yield f".element = &shapes[{self.index[shape['value']['shape']]}]"
        if kind == "list":
            yield f".element = &shapes[{self.index[shape['member']['shape']]}]"
            if "locationName" in shape["member"]:
                yield f".element_name = {literal(shape['member']['locationName'])}"
        if shape.get("flattened"):
            yield ".flattened = true"
        for bound in ("min", "max"):
            if bound in shape:
                yield f".{bound} = {int(shape[bound])}"
        if "pattern" in shape:
            yield f".pattern = {literal(shape['pattern'])}"
        if shape.get("enum"):
            yield f".enumeration = enumeration_{self.index[name]}"
        if shape.get("sensitive"):
            yield ".sensitive = true"

    def error(self, name, shape):
        declared = shape.get("error", {})
        if self.protocol == "json":
            # The JSON protocols name an error by its shape, and answer 400 or 500 whatever status a model declares
            # for the sake of its other protocols (KMS API Reference: NotFoundException is a 400).
            code, status = name, 500 if shape.get("fault") else 400
        else:
            code = declared.get("code", name)
            status = declared.get("httpStatusCode", 500 if shape.get("fault") else 400)
        members = f", .members = error_members_{self.error_index[name]}" if shape.get("members") else ""
        return f"    {{.name = {literal(name)}, .code = {literal(code)}, .http_status = {status}{members}}},"

    def operation(self, name, operation):
        fields = [f".name = {literal(name)}"]
        token = ""
        if "input" in operation:
            shape = self.model.shapes[operation["input"]["shape"]]
            fields.append(f".input = &shapes[{self.index[operation['input']['shape']]}]")
            token = next((member_name for member_name, member in shape.get("members", {}).items()
                          if member.get("idempotencyToken")), "")
        else:
            fields.append(".input = &no_members")
        if "output" in operation:
            fields.append(f".output = &shapes[{self.index[operation['output']['shape']]}]")
        if operation.get("errors"):
            fields.append(f".errors = errors_of_{snake_case(name)}")
        if token:
            fields.append(f".idempotency_token = {literal(token)}")
        if self.rest:
            fields += http_fields(operation)
        return "    {" + ", ".join(fields) + "},"

    def service(self):
        metadata = self.model.metadata
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"protocol {self.protocol} of {self.model.service} is not known")
        namespace = metadata.get("xmlNamespace", "")
        # EC2 answers with a slash at the end, which its model leaves out.
        if self.protocol == "ec2" and not namespace.endswith("/"):
            namespace += "/"
        return [f".id = {literal(self.model.service)}",
                f".endpoint_prefix = {literal(metadata['endpointPrefix'])}",
                f".signing_name = {literal(metadata.get('signingName', metadata['endpointPrefix']))}",
                f".api_version = {literal(metadata['apiVersion'])}",
                f".protocol = wire::Protocol::{PROTOCOLS[self.protocol]}",
                f".json_version = {literal(metadata.get('jsonVersion', ''))}",
                f".target_prefix = {literal(metadata.get('targetPrefix', ''))}",
                f".xml_namespace = {literal(namespace)}",
                ".operations = operations", f".errors = {'errors' if self.model.errors else '{}'}"]


def emit_tables(model):
    tables = Tables(model)
    lines = [banner(model) + f'#include "generated/{model.service}/model.h"', "",
             f"namespace coffer::{model.service} {{", "namespace tables {",
             f"extern const wire::Shape shapes[{len(model.shapes)}];"]
    if any("input" not in operation for operation in model.operations.values()):
        lines.append('constinit const wire::Shape no_members = {.name = "Unit"};')
    lines.append("")
    for name, shape in model.shapes.items():
        if shape.get("members"):
            lines.append(f"constinit const wire::Member members_{tables.index[name]}[] = {{  // {name}")
            lines += [tables.member(shape, key, member) for key, member in shape["members"].items()]
            lines.append("};")
        if shape.get("enum"):
            values = ", ".join(literal(value) for value in shape["enum"])
            lines.append(f"constinit const std::string_view enumeration_{tables.index[name]}[] = {{{values}}};  // {name}")
    lines += ["", f"constinit const wire::Shape shapes[{len(model.shapes)}] = {{"]
    lines += ["    {" + ", ".join(tables.shape_fields(name, shape)) + "}," for name, shape in model.shapes.items()]
    lines.append("};")
    if model.errors:
        lines.append("")
        for name, shape in model.errors.items():
            if shape.get("members"):
                names = ", ".join(literal(member) for member in shape["members"])
                lines.append(f"constinit const std::string_view error_members_{tables.error_index[name]}[] = {{{names}}};")
        lines.append("constinit const wire::ErrorShape errors[] = {")
        lines += [tables.error(name, shape) for name, shape in model.errors.items()]
        lines.append("};")
    for name, operation in model.operations.items():
        if operation.get("errors"):
            pointers = ", ".join(f"&errors[{tables.error_index[error['shape']]}]" for error in operation["errors"])
            lines.append(f"constinit const wire::ErrorShape* const errors_of_{snake_case(name)}[] = {{{pointers}}};")
    lines += ["", "constinit const wire::Operation operations[] = {"]
    lines += [tables.operation(name, operation) for name, operation in model.operations.items()]
    lines += ["};", "", "constinit const wire::ServiceModel service = {"]
    lines += [f"    {field}," for field in tables.service()]
    lines += ["};", "}  // namespace tables", "",
              "const wire::ServiceModel& model() { return tables::service; }", "",
              f"}}  // namespace coffer::{model.service}", ""]
    return "\n".join(lines)
