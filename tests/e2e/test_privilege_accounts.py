# SPDX-License-Identifier: Apache-2.0
"""Is everything of one account out of another's reach? For every operation that is served, another account's administrator
names what is not its own, in every member that can name something and in every form of each name; its root user, and a
user who may nothing, make the whole call. They are refused, nothing changes, and they are told just what they would be told
of something that does not exist.

Generated from the lists in src/wire/operations, AWS's models and the tables in tests/permissions, so that a new operation
or a new member without an entry there fails."""
import json
import re
import sqlite3
import time

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from harness import Coffer
from permissions.made import Made
from permissions.references import OF_SERVICE, PLAIN, found_at, kind_of, members_of, replaced
from permissions.standing import SECRETS, Standing, of_nothing
from principals import second_account
from test_negative_matrix import SERVED, entries
from xks_proxy import XksProxy

OTHER = "210987654321"
# Where an answer is right: what it is, and why it gives nothing away.
ANSWERED = {
    ("ec2", "CreateVolume", "KmsKeyId"): "the volume fails, as at AWS (test_privilege_consent.py)",
    ("ec2", "CopySnapshot", "KmsKeyId"): "the copy fails, as at AWS",
    ("ec2", "CreateSnapshots", "InstanceSpecification.ExcludeDataVolumeIds"): "names what is left out, and leaves out nothing",
    ("kms", "*", "GrantTokens"): "a token names a grant and gives nothing to whom the grant does not name",
    ("kms", "CreateGrant", "GranteePrincipal"): "anybody may be granted the use of one's own key",
    ("kms", "CreateGrant", "RetiringPrincipal"): "anybody may be let retire one's own grant",
}
# What AWS itself tells of other accounts.
TOLD = {
    ("sts", "GetAccessKeyInfo", "AccessKeyId"): "the account of any access key is told (STS API Reference)",
    ("sts", "GetAccessKeyInfo", "everything"): "the same",
    ("organizations", "InviteAccountToOrganization", "Target.Id"): "whether an account can be invited shows",
    ("organizations", "InviteAccountToOrganization", "everything"): "the same",
    ("kms", "CreateGrant", "GranteePrincipal"): "a principal that does not exist is refused, as in policies",
    ("kms", "CreateGrant", "RetiringPrincipal"): "the same",
}
# Rows that calls leave which change nothing: records, and when an access key was used last.
NOT_STATE = {"trail", "key_usage", "idempotent_answers", "settings", "migrations"}


class Catalog:
    def __init__(self, coffer):
        self.connection = sqlite3.connect(f"file:{coffer.data / 'apid' / 'catalog.db'}?mode=ro", uri=True)
        tables = [name for name, in self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        self.queries = {table: self.query(table) for table in tables if table not in NOT_STATE and "sqlite" not in table}
        assert {"keys", "grants", "volumes", "snapshots", "iam_entities", "handshakes"} <= set(self.queries)

    def query(self, table):
        columns = [row[1] for row in self.connection.execute(f"PRAGMA table_info({table})")]
        return f"SELECT {', '.join(column for column in columns if not column.startswith('last_'))} FROM {table}"

    def rows(self):
        return {table: set(self.connection.execute(query)) for table, query in self.queries.items()}

    def texts(self):
        """Everything that names something, and each name's last part."""
        texts = {value for rows in self.rows().values() for row in rows for value in row if isinstance(value, str)}
        return texts | {value.rsplit("/", 1)[-1] for value in texts}


class World:
    def __init__(self, coffer, store):
        self.coffer = coffer
        self.theirs, self.mine = Made(coffer), Made(coffer, OTHER, second_account(coffer, OTHER))
        for made in (self.theirs, self.mine):
            made.owner.allow([("*", "*")])  # to "somebody"
        self.standing = Standing(self.theirs, store)
        names = "|".join(re.escape(each) for each in self.standing.names())
        self.secret = re.compile(rf"(?<![\w-])(?:{names})(?![\w-])")
        self.catalog = Catalog(coffer)
        self.roots = {service: coffer.extended_client(service, credentials=self.mine.credentials, retries=1)
                      for service in OF_SERVICE}


    def opened(self, said):
        """With what an encoded message says, but for the time, in its place."""
        text, _, message = said.partition("Encoded authorization failure message: ")
        if not message:
            return said
        told = json.loads(self.mine.sts.decode_authorization_message(EncodedMessage=message)["DecodedMessage"])
        conditions = told["context"]["conditions"]["items"]
        assert conditions
        told["context"]["conditions"] = [each for each in conditions if each["key"] not in ("aws:currenttime", "aws:epochtime")]
        return text + json.dumps(told)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with XksProxy(tmp_path_factory.mktemp("proxy")) as proxy:
        with Coffer(tmp_path_factory.mktemp("accounts") / "data", "--development", *proxy.arguments) as coffer:
            store = coffer.client("kms").create_custom_key_store(**proxy.parameters("store"))["CustomKeyStoreId"]
            yield World(coffer, store)


def outcome(client, operation, parameters):
    """The error's code, or None, and what was said."""
    try:
        answer = getattr(client, xform_name(operation))(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    except ParamValidationError as error:
        return "client", str(error)
    answer.pop("ResponseMetadata", None)
    return None, json.dumps(answer, default=str)


def without(said, names):
    """What was said, but for the names that it was asked about."""
    for each in sorted({part for text in names if isinstance(text, str) for part in (text, text.rsplit("/", 1)[-1])}, key=len,
                       reverse=True):
        said = said.replace(json.dumps(each)[1:-1], "IT").replace(each, "IT")
    return said


def is_noted(table, *case):
    service, operation, member = case
    return case in table or (service, "*", member) in table


class Attempt:
    """One call of the other account's, and the same about what does not exist."""

    def __init__(self, member, parameters, absent, names):
        self.member, self.parameters, self.absent, self.names = member, parameters, absent, names


def references(world, service, operation, call):
    """(member, path, kind, what the call has there or None) of each member that names something."""
    known = world.catalog.texts()
    shape = world.roots[service].meta.service_model.operation_model(operation).input_shape
    for member, path in members_of(shape) if shape is not None else ():
        kind = kind_of(service, member)
        if kind in (PLAIN, "page token"):
            continue
        value = found_at(call.parameters, path)
        is_name = isinstance(value, str) and value not in known and value.rsplit("/", 1)[-1] not in known
        if is_name and kind not in (*SECRETS, "key store", "deletion task"):
            continue  # of what the call makes
        yield member, path, kind, value


def filter_of(operation):
    return {"DescribeTags": "resource-id", "DescribeSnapshots": "volume-id", "DescribeInstances": "instance-id"}.get(
        operation, "volume-id" if "Volume" in operation else "zone-name")


def attempts(world, service, operation, theirs, mine):
    whole, absent, names = theirs.parameters, theirs.parameters, []
    for member, path, kind, value in references(world, service, operation, theirs):
        forms = world.standing.forms(kind)
        if value is not None:
            whole = replaced(whole, path, forms[0]) if kind == "key store" else whole
            forms = [found_at(whole, path), *forms] if found_at(mine.parameters, path) != value else forms
        own = mine.parameters
        if kind == "filtered":
            own = replaced(own, (*path[:-2], "Name"), filter_of(operation))
        if kind == "mfa device" and service == "sts":
            own = {**own, "TokenCode": "123456"}  # a wrong one, which must not count against the device
        for form in forms:
            other = None if kind in SECRETS else of_nothing(form)
            yield Attempt(member, replaced(own, path, form), None if other is None else replaced(own, path, other),
                          [form, other])
        if value is not None:
            other = forms[0] if kind in SECRETS else of_nothing(forms[0])
            absent = replaced(absent, path, other)
            names += [forms[0], other]
    if names:
        yield Attempt("everything", whole, absent, names)
        if service == "ec2":
            yield Attempt("everything", {**whole, "DryRun": True}, {**absent, "DryRun": True}, names)


def check_answer(world, said, sent):
    """It holds nothing of theirs that was not in the question."""
    question = json.dumps(sent, default=str)
    told = [each for each in world.secret.findall(said) if each not in question]
    assert not told, (told, said)


def check(world, client, service, operation, attempt):
    case = (service, operation, attempt.member)
    code, said = outcome(client, operation, attempt.parameters)
    said = world.opened(said)
    if is_noted(TOLD, *case):
        return
    check_answer(world, said, attempt.parameters)
    if code is None and is_noted(ANSWERED, *case):
        return
    is_secret = attempt.absent is None
    assert not (is_secret and code is None), (case, attempt.parameters, said)
    if is_secret or any(isinstance(each, bytes) for each in attempt.parameters.values() if attempt.member == "everything"):
        assert code is not None
        return
    other_code, other_said = outcome(client, operation, attempt.absent)
    other_said = world.opened(other_said)
    assert (code, without(said, attempt.names)) == (other_code, without(other_said, attempt.names)), (case, attempt.parameters)
    if attempt.member == "everything":
        assert code is not None, (case, attempt.parameters, said)


def leaves_all_as_it_is(catalog, action):
    """What goes on in the background, of earlier calls, comes to an end: it is tried again then."""
    for _ in range(20):
        before = catalog.rows()
        action()
        if catalog.rows() == before:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("service, operation", SERVED, ids=lambda text: text)
def test_nothing_of_another_account_is_within_reach(world, service, operation):
    theirs, mine = (entries(service)[operation](made) for made in (world.theirs, world.mine))
    administrator, powerless = (world.mine.owner.client(user, service) for user in ("somebody", "nobody"))
    for attempt in list(attempts(world, service, operation, theirs, mine)):
        clients = [administrator, world.roots[service], powerless] if attempt.member == "everything" else [administrator]

        def try_it():
            for client in clients:
                check(world, client, service, operation, attempt)

        if is_noted(ANSWERED, service, operation, attempt.member):
            try_it()
        else:
            assert leaves_all_as_it_is(world.catalog, try_it), attempt.parameters
    # The calls themselves are right: about the caller's own things they are answered, and tell of nothing else.
    caller = administrator if mine.by is None else world.coffer.extended_client(service, credentials=mine.by.owner)
    code, said = outcome(caller, operation, mine.parameters)
    assert code == mine.ends, (mine.parameters, said)
    check_answer(world, said, mine.parameters)


def page_size(service, shape):
    """{member: least} of the member that bounds a page."""
    least = 5 if service == "ec2" else 1  # which EC2's model does not tell
    for member in ("MaxItems", "MaxResults", "Limit"):
        if member in shape.members:
            return {member: int(shape.members[member].metadata.get("min", least))}
    return {}


def test_pages_of_another_account_are_not_turned(world):
    """A token that tells where a list goes on leads on in the caller's own list, or nowhere."""
    turned = []
    for service, operation in SERVED:
        client, own = (made.owner.client("somebody", service) for made in (world.theirs, world.mine))
        shape = client.meta.service_model.operation_model(operation).input_shape
        members = members_of(shape) if shape is not None else ()
        tokens = [member for member, _ in members if kind_of(service, member) == "page token"]
        if not tokens or not page_size(service, shape):
            continue
        theirs, mine = (entries(service)[operation](made).parameters for made in (world.theirs, world.mine))
        answer = getattr(client, xform_name(operation))(**{**theirs, **page_size(service, shape)})
        token = answer.get(tokens[0]) or answer.get("NextMarker")
        if token:
            code, said = outcome(own, operation, {**mine, **page_size(service, shape), tokens[0]: token})
            check_answer(world, said, mine)
            turned.append(operation)
    assert len(turned) > 12, turned
