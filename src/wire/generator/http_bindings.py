# SPDX-License-Identifier: Apache-2.0
"""Where the REST protocols put an operation's members, and how they spell the operation."""
from names import literal
from service_model import ModelError

LOCATIONS = {"uri": "kUri", "querystring": "kQuery", "header": "kHeader", "statusCode": "kStatusCode"}
CONTAINERS = ("structure", "list", "map")
AUTHENTICATION = ("v4", "v4-unsigned-body")


def location(model, name, member):
    """The fields of a Member. What the protocol code does not speak stops the build."""
    shape = model.shapes[member["shape"]]
    where = member.get("location")
    if "timestampFormat" in member or "timestampFormat" in shape or member.get("jsonvalue"):
        raise ModelError(f"member {name}: no timestampFormat or jsonvalue is known to the REST protocols yet")
    if where is None:
        return []
    if where not in LOCATIONS:
        raise ModelError(f"member {name}: location {where} is not known")
    # In a query string, a list repeats its parameter, and a map takes all that is left.
    element = shape.get("member", shape.get("value"))
    scalars = element is None or model.shapes[element["shape"]]["type"] not in CONTAINERS
    if shape["type"] in CONTAINERS and (where != "querystring" or not scalars or shape["type"] == "structure"):
        raise ModelError(f"member {name}: a {shape['type']} cannot stand in location {where}")
    return [f".location = wire::Location::{LOCATIONS[where]}"]


def http_fields(operation):
    """The fields of an Operation."""
    http = operation["http"]
    status = http.get("responseCode", 200)
    yield (f".http = {{.method = {literal(http['method'])}, .uri = {literal(http['requestUri'])}, "
           f".status = {int(status)}}}")
    authentication = operation.get("authtype", "v4")
    if authentication not in AUTHENTICATION:
        raise ModelError(f"{operation['name']}: authentication {authentication} is not known")
    if authentication == "v4-unsigned-body":
        yield ".unsigned_payload = true"
