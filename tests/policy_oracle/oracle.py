# SPDX-License-Identifier: Apache-2.0
"""A second, naive evaluator of policies, written from the IAM User Guide and the KMS Developer Guide and not from src/policy.
It decides with regular expressions, sets and Python's own numbers, dates and networks; each function names the page that it
puts into code."""
import base64
import datetime
import decimal
import functools
import ipaddress
import re

REFUSED = "because no {} allows the {} action"
DENIED = "with an explicit deny in {}"
KIND_NAMES = {"resource_control": ("a", "resource control policy"),
              "service_control": ("a", "service control policy"), "resource": ("a", "resource-based policy"),
              "trust": ("the", "role trust policy"), "identity": ("an", "identity-based policy"),
              "boundary": ("a", "permissions boundary"), "session": ("a", "session policy")}


# "IAM policy elements: Variables and tags"

class NoValue(Exception):
    """A variable has no value: what it stands in is equal to nothing, and like nothing."""


def variable_value(inside, context):
    """Of what stands between ${ and }: the special characters, a key, or a key and its default."""
    if inside in ("*", "?", "$"):
        return inside
    key, _, default = inside.partition(",")
    values = context.get(key.lower(), [])
    if len(values) == 1 and values[0] != "":
        return values[0]
    if default:
        return default.strip()[1:-1]
    raise NoValue(inside)


def pieces(text, context, variables):
    """(is it literal, text) for each part of a policy's text."""
    if not variables:
        return [(False, text)]
    found = []
    for index, part in enumerate(re.split(r"\$\{((?:[^}']|'[^']*')*)\}", text)):
        if index % 2:
            found.append((True, variable_value(part, context)))
        elif part:
            found.append((False, part))
    return found


def plain(text, context, variables):
    return "".join(part for _, part in pieces(text, context, variables))


@functools.lru_cache(maxsize=100_000)
def compiled(expression):
    return re.compile(expression, re.DOTALL)


def wildcard_expression(parts, many=".*", one="."):
    expression = ""
    for literal, text in parts:
        for character in text:
            if literal or character not in "*?":
                expression += re.escape(character)
            else:
                expression += many if character == "*" else one
    return expression


def like(text, value, context, variables):
    return compiled(wildcard_expression(pieces(text, context, variables))).fullmatch(value) is not None


# "IAM JSON policy elements: Resource": wildcards within segments, a last * in a segment goes beyond colons

def resource_matches(written, resource, context, variables):
    if written == "*":
        return True
    segments = written.split(":", 5)
    segments += ["*"] * (6 - len(segments))
    expressions = []
    for segment in segments[:5]:
        beyond = segment.endswith("*")
        expressions.append(wildcard_expression([(False, segment[:-1] if beyond else segment)], "[^:]*", "[^:]") +
                           (".*" if beyond else ""))
    try:
        expressions.append(wildcard_expression(pieces(segments[5], context, variables)))
    except NoValue:
        return False
    return compiled(":".join(expressions)).fullmatch(resource) is not None


# "IAM JSON policy elements: Condition operators"

def arn_like(written, value, context, variables):
    # The colons of a variable's name are none of the ARN's.
    wanted, given = re.split(r":(?![^{}]*\})" if variables else ":", written, maxsplit=5), value.split(":", 5)
    return len(wanted) == len(given) == 6 and all(like(one, other, context, variables)
                                                  for one, other in zip(wanted, given))


def date_of(text):
    """The W3C's ISO 8601 forms, or seconds since 1970; microseconds are kept."""
    match = re.fullmatch(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?", text)
    if not match:
        return decimal.Decimal(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        date = datetime.datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    offset = 0
    if zone and zone != "Z":
        offset = (-1 if zone[0] == "-" else 1) * (int(zone[1:3]) * 3600 + int(zone[4:6]) * 60)
    since = date - datetime.datetime(1970, 1, 1)
    return decimal.Decimal(since.days * 86400 + since.seconds - offset) + decimal.Decimal("0" + (fraction or ".0"))


def number_of(text):
    return decimal.Decimal(text) if re.fullmatch(r"-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text) else None


def address_in(written, value):
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(written, strict=False)
    except ValueError:
        return False


def ordered(kind, order, written, value):
    value, written = kind(value), kind(written)
    if value is None:
        return False
    return {"Equals": value == written, "LessThan": value < written, "LessThanEquals": value <= written,
            "GreaterThan": value > written, "GreaterThanEquals": value >= written}[order]


def one_matches(operator, written, value, context, variables):
    """Does a value of the request match one of the policy's, by the operator without its negation?"""
    try:
        if operator == "StringEquals":
            return plain(written, context, variables) == value
        if operator in ("StringEqualsIgnoreCase", "Bool"):
            return plain(written, context, variables).lower() == value.lower()
        if operator == "StringLike":
            return like(written, value, context, variables)
        if operator in ("ArnLike", "ArnEquals"):
            return arn_like(written, value, context, variables)
    except NoValue:
        return False
    if operator.startswith("Numeric"):
        return ordered(number_of, operator[len("Numeric"):], written, value)
    if operator.startswith("Date"):
        return ordered(date_of, operator[len("Date"):], written, value)
    if operator == "BinaryEquals":
        return base64.b64decode(written) == value.encode()
    if operator == "IpAddress":
        return address_in(written, value)
    raise ValueError(operator)


def condition_holds(name, key, written, context, variables, effect):
    """"Conditions with multiple context keys or values": OR of the values, NOR of a negated operator's. Several values of the
    request under an operator without quantifier: docs/POLICY.md, "Where AWS's pages leave a choice"."""
    quantifier, _, operator = name.rpartition(":")
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    written = [str(one).lower() if isinstance(one, bool) else str(one)
               for one in (written if isinstance(written, list) else [written])]
    values = context.get(key.lower())
    empty = values is None or not any(values)
    if operator == "Null":
        return ("true" if empty else "false") in [one.lower() for one in written]
    if if_exists and values is None:
        return True
    negated = "Not" in operator
    operator = operator.replace("Not", "")

    def fits(value):
        return any(one_matches(operator, one, value, context, variables) for one in written) != negated

    if quantifier == "ForAllValues":
        return empty or all(map(fits, values))
    if quantifier == "ForAnyValue":
        return not empty and any(map(fits, values))
    if not values:
        return negated
    return all(map(fits, values)) if effect == "Allow" else any(map(fits, values))


# "AWS JSON policy elements: Principal" and "NotPrincipal"

def caller_names(caller):
    """The ways to name the caller, from near to far: itself, the role or user behind it, its account."""
    kind, account = caller["type"], caller["account"]
    itself, behind, whole = set(), set(), set()
    if kind in ("service", "provider"):
        itself = {caller["name"]}
    if kind in ("user", "session", "federated"):
        itself = {caller["arn"]}
    if kind == "user":
        itself.add(caller["id"])
    if kind in ("session", "federated"):
        behind = {caller["source_arn"], caller["id"].split(":")[0]}
    if account and kind not in ("service", "provider", "anonymous"):
        whole = {account, f"arn:aws:iam::{account}:root"}
        behind -= whole
    return {"itself": itself, "behind": behind, "account": whole}


def listed_names(element, caller):
    if element == "*":
        return {"*"}
    wanted = {"service": "Service", "provider": "Federated"}.get(caller["type"], "AWS")
    names = set()
    for kind, entries in element.items():
        entries = [entries] if isinstance(entries, str) else entries
        if kind == "AWS" and "*" in entries:
            names.add("*")
        if kind == wanted:
            names.update(entries)
    return names


def named(statement, caller, has_boundary):
    """How the statement's principal element means the caller: "itself", "behind", "account", or not (None)."""
    names = caller_names(caller)
    if "Principal" in statement:
        listed = listed_names(statement["Principal"], caller)
        if "*" in listed:
            return "itself"
        return next((way for way in ("itself", "behind", "account") if names[way] & listed), None)
    listed = listed_names(statement["NotPrincipal"], caller)  # in a Deny only
    if has_boundary:
        return "itself"
    # One must list each of the names of whom is to be spared.
    groups = [group for group in names.values() if group]
    return None if "*" in listed or (groups and all(group & listed for group in groups)) else "itself"


# "Policy evaluation logic"

def as_list(value):
    return value if isinstance(value, list) else [value]


def applies(statement, request, variables):
    actions = as_list(statement.get("Action", statement.get("NotAction")))
    if any(compiled(wildcard_expression([(False, action.lower())])).fullmatch(request["action"].lower())
           for action in actions) == ("NotAction" in statement):
        return False
    context = request["lower_context"]
    for element, wanted in (("Resource", True), ("NotResource", False)):
        if element in statement and any(resource_matches(one, request["resource"], context, variables)
                                        for one in as_list(statement[element])) != wanted:
            return False
    return all(condition_holds(name, key, written, context, variables, statement["Effect"])
               for name, keys in statement.get("Condition", {}).items() for key, written in keys.items())


def statements(policies, effect, request):
    for policy in policies:
        variables = policy.get("Version") == "2012-10-17"
        for statement in as_list(policy["Statement"]):
            if statement["Effect"] == effect and applies(statement, request, variables):
                yield statement


def allows(policies, request):
    return any(True for _ in statements(policies, "Allow", request))


def denying_kinds(case, request, resource_kind):
    """Every kind of policy that has an explicit deny, in the order of the page."""
    boundary = [case["boundary"]] if case["boundary"] else []
    own = {"identity": case["identity"], "boundary": boundary, "session": case["session"]}
    for kind in ("resource_control", "service_control"):
        if any(True for level in case[kind] for _ in statements(level, "Deny", request)):
            yield kind
    if case["resource"] and any(named(one, case["caller"], bool(boundary))
                                for one in resource_statements(case, "Deny", request)):
        yield resource_kind
    for kind, policies in own.items():
        if any(True for _ in statements(policies, "Deny", request)):
            yield kind


def resource_statements(case, effect, request):
    """A key policy's statement that lacks its Resource has no effect (KMS Developer Guide, "Creating a key policy")."""
    for one in statements([case["resource"]] if case["resource"] else [], effect, request):
        if case["rule"] == "trust" or "Resource" in one or "NotResource" in one:
            yield one


def needed_kinds(case, same_account, way):
    """What must still allow, besides the resource's policy, by the table of resource-based policies and implicit denies in
    other policy types, and by "Cross-account policy evaluation logic"."""
    if same_account and way == "itself":
        return []
    limits = (["boundary"] if case["boundary"] else []) + \
             (["session"] if case["session"] or case["caller"]["type"] == "federated" else [])
    return limits if same_account and way == "behind" else ["identity"] + limits


def closest_allow(case, request):
    ways = {named(one, case["caller"], False) for one in resource_statements(case, "Allow", request)}
    return next((way for way in ("itself", "behind", "account") if way in ways), None)


def decide(case, request):
    """"allowed", or the phrase of "Troubleshoot access denied error messages"."""
    request["lower_context"] = {key.lower(): values for key, values in request["context"].items()}
    resource_kind = "trust" if case["rule"] == "trust" else "resource"

    def refused(kind):
        return REFUSED.format(KIND_NAMES[kind][1], request["action"])

    for kind in denying_kinds(case, request, resource_kind):
        return DENIED.format(" ".join(KIND_NAMES[kind]))
    for kind in ("resource_control", "service_control"):  # each from the organization's root to the account
        if not all(allows(level, request) for level in case[kind]):
            return refused(kind)
    caller = case["caller"]
    way = closest_allow(case, request)
    if caller["type"] in ("service", "provider", "anonymous"):
        return "allowed" if way == "itself" else refused(resource_kind)
    same_account = caller["account"] == request["account"]
    if way is None and (not same_account or case["rule"] != "may"):
        return refused(resource_kind)
    for kind in needed_kinds(case, same_account, way):
        policies = [case["boundary"]] if kind == "boundary" else case[kind]
        root = caller["type"] == "root" or (caller["type"] == "federated" and caller["source_arn"].endswith(":root"))
        if not (kind == "identity" and root) and not allows(policies, request):
            return refused(kind)
    return "allowed"
