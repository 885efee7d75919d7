# SPDX-License-Identifier: Apache-2.0
"""Random policies and requests, drawn from few names so that they often meet."""
HOME, AWAY = "111122223333", "444455556666"
ACTIONS = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey", "s3:GetObject", "sts:AssumeRole"]
ACTION_PATTERNS = ACTIONS + ["*", "*", "*", "kms:*", "kms:*", "KMS:de*", "kms:?ncrypt", "kms:*Data*", "s3:Get?bject", "*:*",
                             "kms:*r*t", "s3:*", "sts:*"]
KEY = f"arn:aws:kms:us-east-1:{HOME}:key/1234"
RESOURCES = [KEY, f"arn:aws:kms:us-east-2:{HOME}:key/5678", f"arn:aws:kms:eu-west-1:{AWAY}:key/a:b",
             "arn:aws:s3:::bucket/alice/x", "arn:aws:s3:::bucket/bob/\u00e9", f"arn:aws:iam::{HOME}:role/app", "*"]
RESOURCE_PATTERNS = RESOURCES + [
    "*", "*", "*", "*", f"arn:aws:kms:*:{HOME}:key/*", "arn:aws:kms:us-*-1:*:key/*", "arn:aws:kms", "arn:aws:kms:*",
    "arn:aws:kms:us-east-?:*", "arn:aws:kms:eu-west-1", "arn:aws:s3:::bucket/*", "arn:aws:s3:::*/x",
    "arn:aws:s3:::bucket/bob/?",
    "arn:aws:s3:::bucket/${aws:username}/*", "arn:aws:s3:::bucket/${aws:PrincipalTag/team, 'alice'}/?", "arn:aws:kms:*:*:key/*:b",
    "arn:aws:kms:*:*:key/12${*}4", f"arn:aws:kms:*-1:{HOME[:6]}*:key/1*4", "arn:aws:s3:::b?cket/a*"]
TEXTS = ["alice", "bob", "Alice", "", "*", "al?ce", "b\u00e9", "blue", "ec2.us-east-1.amazonaws.com", HOME, AWAY, "10"]
TEXT_PATTERNS = TEXTS + ["a*", "*e", "?ob", "*", "${aws:username}", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/team, 'bob'}",
                         "${*}", "x${?}", "${aws:TagKeys}", "ec2.*.amazonaws.com", "*l*c*", "b?"]
NUMBERS = ["5", "10", "10.0", "1e1", "-3", "9.5", ".5", "ten", ""]
DATES = ["2020-01-01T00:00:01Z", "1577836801", "2020-01-01T01:00:01+01:00", "2020", "2020-01", "2020-01-01", "2019-12-31T23:59Z",
         "2020-01-01T00:00:01.5Z", "1577836801.5", "-5", "soon", "2020-02-30", "2020-13", ""]
ADDRESSES = ["203.0.113.5", "203.0.113.200", "10.1.2.3", "2001:db8:1234:5678::9", "2001:db8::1", "::1", "host", ""]
NETWORKS = ["203.0.113.0/24", "203.0.113.7/25", "203.0.113.5", "10.0.0.0/8", "0.0.0.0/0", "2001:DB8:1234:5678::/64", "::/0",
            "2001:db8::/33"]
ARNS = [KEY, f"arn:aws:sns:us-east-1:{HOME}:topic:sub", f"arn:aws:iam::{HOME}:user/alice", "no arn", "arn:aws:sns", ""]
ARN_PATTERNS = ARNS + ["arn:*:*:*:*:*", f"arn:aws:sns:*:{HOME}:to*", "arn:aws:sns:*", f"arn:aws:iam::{HOME}:user/${{aws:username}}",
                       f"arn:aws:kms:us-east-?:{HOME}:key/*", "arn:aws:sns:*:${aws:PrincipalTag/team}:*", "*"]
# key: (operators without prefix and suffix, values in requests, values in policies)
STRING_OPERATORS = ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike",
                    "StringNotLike"]
ORDERS = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
KEYS = {
    "aws:username": (STRING_OPERATORS, TEXTS, TEXT_PATTERNS),
    "aws:PrincipalTag/team": (STRING_OPERATORS, TEXTS + ["a:b"], TEXT_PATTERNS),
    "kms:ViaService": (STRING_OPERATORS, TEXTS, TEXT_PATTERNS),
    "aws:TagKeys": (STRING_OPERATORS, TEXTS, TEXT_PATTERNS),
    "s3:max-keys": (["Numeric" + order for order in ORDERS], NUMBERS, NUMBERS[:-2] + [10, 5.5, -3]),
    "aws:CurrentTime": (["Date" + order for order in ORDERS], DATES, DATES[:-4] + [1577836801]),
    "aws:SecureTransport": (["Bool"], ["true", "false", "True", ""], ["true", "false", True, False, "FALSE"]),
    "x:bytes": (["BinaryEquals"], ["alice", "YWxpY2U=", ""], ["YWxpY2U=", "WVd4cFkyVT0="]),
    "aws:SourceIp": (["IpAddress", "NotIpAddress"], ADDRESSES, NETWORKS),
    "aws:SourceArn": (["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"], ARNS, ARN_PATTERNS),
}
MULTIVALUED = {"aws:TagKeys"}
PREFIXES = ["", "", "", "ForAllValues:", "ForAnyValue:"]


def some(random, pool, most):
    return [random.choice(pool) for _ in range(random.randint(1, most))]


def one_or_more(random, pool, most):
    values = some(random, pool, most)
    return values[0] if len(values) == 1 and random.random() < 0.5 else values


def any_case(random, name):
    return name.swapcase() if random.random() < 0.1 else name


def condition(random):
    found = {}
    for _ in range(random.randint(1, 2)):
        key = random.choice(list(KEYS))
        operators, _, operands = KEYS[key]
        if random.random() < 0.1:
            name, operands = "Null", ["true", "false", True, False]
        else:
            name = random.choice(PREFIXES) + random.choice(operators) + random.choice(["", "", "IfExists"])
        keys = found.setdefault(name, {})
        keys[any_case(random, key)] = one_or_more(random, operands, 3)
    return found


def statement(random, deny=0.15, conditions=0.35):
    negated = "Not" if random.random() < 0.1 else ""
    result = {"Effect": "Deny" if random.random() < deny else "Allow",
              negated + "Action": one_or_more(random, ACTION_PATTERNS, 3)}
    if random.random() < conditions:
        result["Condition"] = condition(random)
    negated = "Not" if random.random() < 0.1 else ""
    result[negated + "Resource"] = one_or_more(random, RESOURCE_PATTERNS, 3)
    return result


def policy(random, change=None):
    made = [statement(random) for _ in range(random.randint(1, 3))]
    for one in made:
        if change:
            change(one)
    result = {"Statement": made[0] if len(made) == 1 and random.random() < 0.5 else made}
    if random.random() < 0.9:
        result["Version"] = "2012-10-17"
    elif random.random() < 0.5:
        result["Version"] = "2008-10-17"
    return result


def names_of(account):
    return [account, f"arn:aws:iam::{account}:root", f"arn:aws:iam::{account}:user/alice", f"arn:aws:iam::{account}:role/app",
            f"arn:aws:sts::{account}:assumed-role/app/one", f"arn:aws:sts::{account}:federated-user/alice",
            f"arn:aws:iam::{account}:user/bob"]


def principal(random):
    if random.random() < 0.1:
        return "*"
    pool = names_of(HOME) * 2 + names_of(AWAY) + ["AIDAALICEALICEALICE", "AROAAPPAPPAPPAPPAPP", "*"]
    result = {"AWS": one_or_more(random, pool, 4)} if random.random() < 0.9 else {}
    if random.random() < 0.2 or not result:
        result["Service"] = one_or_more(random, ["ec2.amazonaws.com", "s3.amazonaws.com"], 2)
    if random.random() < 0.1:
        result["Federated"] = "accounts.google.com"
    return result


def resource_policy(random, rule):
    def change(one):
        negated = rule != "trust" and one["Effect"] == "Deny" and random.random() < 0.3
        one["NotPrincipal" if negated else "Principal"] = principal(random)
        if rule == "trust" or (rule == "must" and random.random() < 0.05):
            one.pop("Resource", None)
            one.pop("NotResource", None)
    return policy(random, change)


def resource_control_policy(random):
    """Everybody is its principal (Organizations User Guide, "RCP syntax")."""
    return policy(random, lambda one: one.update(Principal="*"))


def caller(random):
    kind = random.choice(["root", "user", "user", "user", "session", "session", "federated", "service", "provider", "anonymous"])
    account = HOME if random.random() < 0.75 else AWAY
    result = {"type": kind, "account": account, "arn": "", "id": "", "source_arn": "", "name": ""}
    if kind == "root":
        result.update(arn=f"arn:aws:iam::{account}:root", id=account)
    elif kind == "user":
        result.update(arn=f"arn:aws:iam::{account}:user/alice", id="AIDAALICEALICEALICE")
    elif kind == "session":
        result.update(arn=f"arn:aws:sts::{account}:assumed-role/app/one", id="AROAAPPAPPAPPAPPAPP:one",
                      source_arn=f"arn:aws:iam::{account}:role/app")
    elif kind == "federated":
        source = "root" if random.random() < 0.2 else "user/alice"
        result.update(arn=f"arn:aws:sts::{account}:federated-user/alice", id=f"{account}:alice",
                      source_arn=f"arn:aws:iam::{account}:{source}")
    else:
        result.update(account="", name={"service": "ec2.amazonaws.com", "provider": "accounts.google.com"}.get(kind, ""))
    return result


def context(random):
    result = {}
    for key, (_, values, _) in KEYS.items():
        if random.random() < 0.6:
            most = 3 if key in MULTIVALUED else 1
            made = some(random, values, most)
            result[any_case(random, key)] = [] if random.random() < 0.05 else made
    return result


def request(random):
    return {"action": any_case(random, random.choice(ACTIONS)), "resource": random.choice(RESOURCES),
            "account": HOME if random.random() < 0.85 else AWAY, "context": context(random)}


def case(random, requests):
    """One set of policies, and that many requests to it."""
    rule = random.choice(["may", "may", "must", "must", "trust"])
    who = caller(random)
    session = who["type"] in ("session", "federated") and random.random() < 0.6
    policies = {
        "identity": [policy(random) for _ in range(random.randint(0, 3))] if who["account"] and who["type"] != "root" else [],
        "boundary": policy(random) if who["type"] in ("user", "session") and random.random() < 0.3 else None,
        "session": [policy(random) for _ in range(random.randint(1, 2))] if session else [],
        "service_control": [[policy(random) for _ in range(random.randint(0, 3))] for _ in range(random.randint(1, 2))]
                           if who["account"] and random.random() < 0.25 else [],
        "resource_control": [[resource_control_policy(random) for _ in range(random.randint(0, 3))]
                             for _ in range(random.randint(1, 2))] if random.random() < 0.2 else [],
        "resource": resource_policy(random, rule) if rule != "may" or random.random() < 0.6 else None,
    }
    return {"caller": who, "rule": rule, **policies, "requests": [request(random) for _ in range(requests)]}
