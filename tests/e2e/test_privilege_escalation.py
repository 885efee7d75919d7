# SPDX-License-Identifier: Apache-2.0
"""Does everybody within an account stay within what was given to him? Each test tries the way around, and beside it the
way that is open."""
import json

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from authenticator import enable_mfa
from harness import REGION, Coffer, refused
from organization import SCP, Organization, document, statement
from permissions.made import Made, name
from principals import access_key, new_role, new_user, policy, session_of, trust
from test_negative_matrix import SERVED, entries

ACCOUNT = "123456789012"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def arn(kind, called):
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{called}"


@pytest.fixture(scope="module")
def coffer(tmp_path_factory):
    with Coffer(tmp_path_factory.mktemp("escalation") / "data", "--development") as running:
        yield running


@pytest.fixture(scope="module")
def iam(coffer):
    return coffer.client("iam")


@pytest.fixture(scope="module")
def kms(coffer):
    return coffer.client("kms")


@pytest.fixture(scope="module")
def assumer(iam):
    """The keys of a user who may do everything: root may assume no role."""
    return new_user(iam, "assumer", policy("*"))


@pytest.fixture(scope="module")
def sts(coffer, assumer):
    return coffer.client("sts", credentials=assumer)


@pytest.fixture
def user(coffer, iam):
    """user("name", document...)("service"): a client of a new user."""
    def make(called, *documents):
        credentials = new_user(iam, called, *documents)
        return lambda service: coffer.client(service, credentials=credentials)
    return make


@pytest.fixture
def session(coffer, sts):
    """session(role, ...)("service"): a client of a session of that role."""
    def make(role, called="session", **more):
        credentials = session_of(sts.assume_role(RoleArn=role, RoleSessionName=called, **more))
        return lambda service: coffer.client(service, credentials=credentials)
    return make


def key_for(kms, *statements):
    """A key with a policy for the account's root to change it, and these statements."""
    own = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Resource": "*",
           "Action": ["kms:PutKeyPolicy", "kms:DescribeKey", "kms:CreateGrant"]}
    return kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [own, *statements]}))["KeyMetadata"]["Arn"]


def to(principal, action, **more):
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **more}


# Boundaries

def test_a_boundary_holds_whatever_a_user_gives_itself(iam, user):
    """Who may write policies may give itself anything, but for what its boundary leaves out."""
    free, bound = name("free"), name("bound")
    boundary = iam.create_policy(PolicyName=name("boundary"), PolicyDocument=policy(["iam:*", "kms:ListKeys"]))["Policy"]["Arn"]
    clients = {each: user(each, policy(["iam:CreatePolicyVersion", "iam:*UserPolicy", "iam:PutRolePolicy", "iam:*GroupPolicy",
                                        "iam:AddUserToGroup"])) for each in (free, bound)}
    iam.put_user_permissions_boundary(UserName=bound, PermissionsBoundary=boundary)
    for each, client in clients.items():
        own = iam.create_policy(PolicyName=name("own"), PolicyDocument=policy("s3:*"))["Policy"]["Arn"]
        iam.attach_user_policy(UserName=each, PolicyArn=own)
        client("iam").create_policy_version(PolicyArn=own, PolicyDocument=policy("*"), SetAsDefault=True)
        client("iam").put_user_policy(UserName=each, PolicyName="all", PolicyDocument=policy("*"))
        client("iam").attach_user_policy(UserName=each, PolicyArn=ADMINISTRATOR)
        group = name("group")
        iam.create_group(GroupName=group)
        client("iam").put_group_policy(GroupName=group, PolicyName="all", PolicyDocument=policy("*"))
        client("iam").add_user_to_group(UserName=each, GroupName=group)
        client("kms").list_keys()
    clients[free]("kms").create_key()
    message = refused("AccessDeniedException", clients[bound]("kms").create_key)
    assert message.endswith("because no permissions boundary allows the kms:CreateKey action")
    # Nor by temporary credentials of its own.
    federated = clients[bound]("sts").get_federation_token
    refused("AccessDenied", federated, Name="other", Policy=policy("*"))


def test_a_delegate_makes_only_users_within_the_boundary(iam, user):
    """AWS's way to delegate (IAM User Guide, "Delegating responsibility to others using permissions boundaries")."""
    boundary = iam.create_policy(PolicyName=name("boundary"), PolicyDocument=policy("kms:ListKeys"))["Policy"]["Arn"]
    within = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    delegate = user(name("delegate"), policy(
        ["iam:CreateUser", "iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:DetachUserPolicy", "iam:DeleteUserPolicy",
         "iam:PutUserPermissionsBoundary"], Condition=within), policy("iam:CreateAccessKey", arn("user", "made-*")))("iam")
    made, old = name("made"), name("old")
    iam.create_user(UserName=old)
    for boundaries in ({}, {"PermissionsBoundary": ADMINISTRATOR}):
        refused("AccessDenied", delegate.create_user, UserName=made, **boundaries)
    delegate.create_user(UserName=made, PermissionsBoundary=boundary)
    refused("AccessDenied", delegate.put_user_permissions_boundary, UserName=made, PermissionsBoundary=ADMINISTRATOR)
    refused("AccessDenied", delegate.delete_user_permissions_boundary, UserName=made)
    for call, more in ((delegate.attach_user_policy, {"PolicyArn": ADMINISTRATOR}),
                       (delegate.put_user_policy, {"PolicyName": "all", "PolicyDocument": policy("*")})):
        refused("AccessDenied", call, UserName=old, **more)
        call(UserName=made, **more)
    refused("AccessDenied", delegate.create_access_key, UserName=old)
    assert access_key(delegate, made)


def test_keys_and_policies_of_others_are_theirs_however_they_are_called(iam, user):
    """What is allowed for oneself, or forbidden of one other, is not got around by another spelling of the name."""
    victim, called = name("Victim"), name("mallory")
    iam.create_user(UserName=victim, Path="/admins/")
    own = user(called, policy("iam:*AccessKey*", arn("user", "${aws:username}")))("iam")
    anybody = user(name("guarded"), policy("iam:*"), policy("iam:*", arn("user", f"admins/{victim}"), effect="Deny"))("iam")
    for spelling in (victim, victim.lower(), victim.upper()):
        for client in (own, anybody):
            refused("AccessDenied", client.create_access_key, UserName=spelling)
            refused("AccessDenied", client.list_access_keys, UserName=spelling)
    for spelling in (f"admins/{victim}", arn("user", victim), victim + "%00", victim + " ", "Víctim", f"../{victim}", "*"):
        with pytest.raises(ClientError, match=r"\((AccessDenied|ValidationError)\)"):
            own.create_access_key(UserName=spelling)
    other = name("other")
    iam.create_user(UserName=other)
    assert access_key(own, called) and access_key(anybody, other)
    refused("EntityAlreadyExists", iam.create_user, UserName=victim.lower())


# Names

def test_no_path_makes_a_user_another(coffer, iam, user):
    """A path may hold colons and slashes; who a federated user stands for is decided by the user itself."""
    powerful = name("admin")
    user(powerful, policy("*"))
    for path in (f"/:assumed-role/{powerful}/", f"/:user/{powerful}/", "/dev/:role/x/", "/plain/"):
        called = name("federator")
        iam.create_user(UserName=called, Path=path)
        iam.put_user_policy(UserName=called, PolicyName="own",
                            PolicyDocument=policy(["sts:GetFederationToken", "kms:ListKeys"]))
        token = coffer.client("sts", credentials=access_key(iam, called)).get_federation_token
        federated = coffer.client("kms", credentials=session_of(token(Name="guest", Policy=policy("*"))))
        federated.list_keys()
        refused("AccessDeniedException", federated.create_key)


def test_a_session_is_no_role_and_a_role_no_session(coffer, iam, kms, session):
    """"a/b" is a session b of the role a, or a role b on the path /a/: each key policy means one of them."""
    a, b = name("a"), name("b")
    iam.create_user(UserName=b, Path=f"/{a}/")
    roles = {"a": new_role(iam, a, trust({"AWS": ACCOUNT})), "b": new_role(iam, b, trust({"AWS": ACCOUNT}), Path=f"/{a}/")}
    named = {"session": f"arn:aws:sts::{ACCOUNT}:assumed-role/{a}/{b}", "role": arn("role", f"{a}/{b}"),
             "user": arn("user", f"{a}/{b}")}
    keys = {each: key_for(kms, to({"AWS": principal}, "kms:Encrypt")) for each, principal in named.items()}
    callers = {"session": session(roles["a"], b), "role": session(roles["b"], "any"), "other": session(roles["a"], "other"),
               "user": lambda service: coffer.client(service, credentials=access_key(iam, b))}
    for who, caller in callers.items():
        client = caller("kms")
        for whose, key in keys.items():
            if who == whose:
                client.encrypt(KeyId=key, Plaintext=b"x")
            else:
                refused("AccessDeniedException", client.encrypt, KeyId=key, Plaintext=b"x")


@pytest.mark.parametrize("wrong", ["a/b", "a:b", "*", "?", "a b", "é", "a\tb", "x" * 65, "", "${aws:username}", "a%2Fb",
                                   "\u212a\u212a"])
def test_odd_names_of_sessions_are_refused(coffer, iam, assumer, wrong):
    role = name("role")
    role_arn = new_role(iam, role, trust({"AWS": ACCOUNT}))
    client = boto3.client("sts", region_name=REGION, endpoint_url=coffer.endpoint, aws_access_key_id=assumer[0],
                          aws_secret_access_key=assumer[1], config=Config(parameter_validation=False))
    refused("ValidationError", client.assume_role, RoleArn=role_arn, RoleSessionName=wrong)
    refused("ValidationError", client.get_federation_token, Name=wrong)
    right = client.assume_role(RoleArn=role_arn, RoleSessionName="a=b@c.d,e+f-g_h")["AssumedRoleUser"]["Arn"]
    assert right == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/a=b@c.d,e+f-g_h"


@pytest.mark.parametrize("principal", [
    f"arn:aws:iam::{ACCOUNT}:user/*", f"arn:aws:iam::{ACCOUNT}:*", "arn:aws:iam::*:root", "12345678901?",
    f"arn:aws:iam::{ACCOUNT}:role/?", f"arn:aws:sts::{ACCOUNT}:assumed-role/*/x", "AIDA*"])
def test_principals_have_no_wildcards(iam, kms, principal):
    with pytest.raises(kms.exceptions.MalformedPolicyDocumentException):
        key_for(kms, to({"AWS": principal}, "kms:*"))
    refused("MalformedPolicyDocument", iam.create_role, RoleName=name("role"),
            AssumeRolePolicyDocument=trust({"AWS": principal}))
    assert key_for(kms, to("*", "kms:Encrypt"))


# Temporary credentials

def test_a_session_is_never_wider_than_its_policy(coffer, iam, sts, session):
    """A session policy counts for what the session does itself. Another role's session has what that role has, but only
    who may assume it gets one."""
    first = new_role(iam, name("first"), trust({"AWS": ACCOUNT}), policy("*"))
    second = new_role(iam, name("second"), trust({"AWS": first}), policy("kms:ListKeys"))
    chaining = session(first, Policy=policy(["sts:AssumeRole", "kms:CreateKey"], second))
    refused("AccessDeniedException", chaining("kms").list_keys)
    chained = session_of(chaining("sts").assume_role(RoleArn=second, RoleSessionName="chained", Policy=policy("*")))
    kms = coffer.client("kms", credentials=chained)
    kms.list_keys()
    refused("AccessDeniedException", kms.create_key)
    barred = session(first, Policy=policy("kms:*"))("sts")
    refused("AccessDenied", barred.assume_role, RoleArn=second, RoleSessionName="chained")
    refused("AccessDenied", barred.get_session_token)
    refused("AccessDenied", barred.get_federation_token, Name="guest", Policy=policy("*"))


def test_a_session_policy_also_counts_for_what_goes_on_in_the_background(coffer, iam, session):
    """A copy is made after the call, in the name of the role; what the session may not open, it does not get copied."""
    made = coffer.client("ec2"), coffer.client("kms")
    closed, own = (made[1].create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    snapshot = coffer.create_snapshot(coffer.create_volume(made[0], Encrypted=True, KmsKeyId=closed), made[0])
    role = new_role(iam, name("copier"), trust({"AWS": ACCOUNT}), policy("*"))
    narrow = json.dumps({"Version": "2012-10-17", "Statement": [
        statement("ec2:*", "Allow"), statement("kms:*", "Allow"), statement("kms:*", resource=closed)]})
    for policies, state in (({"Policy": narrow}, "error"), ({}, "completed")):
        ec2 = session(role, **policies)("ec2")
        copy = ec2.copy_snapshot(SourceRegion=REGION, SourceSnapshotId=snapshot, Encrypted=True, KmsKeyId=own)["SnapshotId"]
        if state == "completed":
            coffer.wait_for_snapshot(copy, made[0])
        found = made[0].describe_snapshots(SnapshotIds=[copy])["Snapshots"][0]
        assert found["State"] == state, found
        if state == "error":
            assert "explicit deny in a session policy" in found["StateMessage"]


@pytest.fixture(scope="module")
def calls(coffer):
    """(service, operation, parameters) of every operation of IAM and STS, all of which root or a user may call."""
    made = Made(coffer)
    return [(service, operation, entries(service)[operation](made).parameters)
            for service, operation in SERVED if service in ("iam", "sts")]


@pytest.mark.parametrize("kind, code, open_ones", [
    ("session token", "InvalidClientTokenId", {"GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity"}),
    ("federated user", "AccessDenied", {"GetCallerIdentity", "AssumeRoleWithWebIdentity"})])
def test_iam_is_closed_to_a_users_temporary_credentials(coffer, sts, calls, kind, code, open_ones):
    """Whatever the user may do: AWS's pages on GetSessionToken (which opens IAM to who brings an MFA code) and on
    GetFederationToken. AssumeRoleWithWebIdentity does not look at who signs."""
    answer = sts.get_session_token() if kind == "session token" else sts.get_federation_token(Name="guest", Policy=policy("*"))
    credentials = session_of(answer)
    coffer.client("kms", credentials=credentials).list_keys()
    coffer.client("sts", credentials=credentials).get_caller_identity()
    clients = {service: coffer.extended_client(service, credentials=credentials) for service in ("iam", "sts")}
    closed = [call for call in calls if call[1] not in open_ones]
    assert len(closed) > 90
    for service, operation, parameters in closed:
        refused(code if service == "iam" else "AccessDenied", getattr(clients[service], xform_name(operation)), **parameters)


def test_a_session_token_with_an_mfa_code_opens_iam(coffer, iam):
    called = name("careful")
    keys = new_user(iam, called, policy("*"))
    device, sts = enable_mfa(iam, called), coffer.client("sts", credentials=keys)
    refused("InvalidClientTokenId", coffer.client("iam", credentials=session_of(sts.get_session_token())).list_users)
    own = session_of(sts.get_session_token(**device.said()))
    coffer.client("iam", credentials=own).list_users()
    refused("AccessDenied", coffer.client("sts", credentials=own).get_federation_token, Name="guest")


def test_a_session_token_assumes_roles(coffer, iam, sts):
    role = new_role(iam, name("role"), trust({"AWS": ACCOUNT}), policy("kms:ListKeys"))
    own = coffer.client("sts", credentials=session_of(sts.get_session_token()))
    coffer.client("kms", credentials=session_of(own.assume_role(RoleArn=role, RoleSessionName="session"))).list_keys()
    federated = coffer.client("sts", credentials=session_of(sts.get_federation_token(Name="guest", Policy=policy("*"))))
    refused("AccessDenied", federated.assume_role, RoleArn=role, RoleSessionName="session")


def test_tags_are_brought_only_by_who_may_tag(coffer, iam, sts, session):
    """A session's tags stand before its role's, so that who may bring them is asked for each session."""
    of_blue = policy("kms:ListKeys", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}})
    plain = new_role(iam, name("plain"), trust({"AWS": arn("user", "assumer")}), of_blue,
                     Tags=[{"Key": "Team", "Value": "red"}])
    taggable = new_role(iam, name("taggable"), trust({"AWS": arn("user", "assumer")}, ["sts:AssumeRole", "sts:TagSession"],
                                                     StringEquals={"aws:RequestTag/team": "blue"}), of_blue)
    blue, red = ([{"Key": "team", "Value": team}] for team in ("blue", "red"))
    for tags in (blue, [{"Key": "TEAM", "Value": "blue"}]):
        refused("AccessDenied", sts.assume_role, RoleArn=plain, RoleSessionName="session", Tags=tags)
    refused("AccessDeniedException", session(plain)("kms").list_keys)
    refused("AccessDenied", sts.assume_role, RoleArn=taggable, RoleSessionName="session", Tags=red)
    for wrong in ([{"Key": "aws:PrincipalTag/team", "Value": "blue"}, *blue], [*blue, {"Key": "TEAM", "Value": "red"}]):
        with pytest.raises(ClientError, match=r"\((AccessDenied|ValidationError)\)"):
            sts.assume_role(RoleArn=taggable, RoleSessionName="session", Tags=wrong)
    session(taggable, Tags=blue)("kms").list_keys()
    federator = new_user(iam, name("federator"), policy(["sts:GetFederationToken", "kms:*"]))
    refused("AccessDenied", coffer.client("sts", credentials=federator).get_federation_token, Name="guest", Tags=blue)


# Roles

def test_who_may_not_pass_a_role_or_write_its_trust_does_not_come_by_it(iam, user):
    role, mine, profile = name("role"), name("mine"), name("profile")
    new_role(iam, role, trust({"AWS": ACCOUNT}), policy("*"))
    called = name("passer")
    client = user(called, policy(["iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile"]),
                  policy(["iam:PassRole", "iam:UpdateAssumeRolePolicy"], arn("role", mine)),
                  policy("iam:PassRole", effect="Deny",
                         Condition={"StringNotEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}))
    new_role(iam, mine, trust({"AWS": ACCOUNT}))
    iam.create_instance_profile(InstanceProfileName=profile)
    refused("AccessDenied", client("iam").add_role_to_instance_profile, InstanceProfileName=profile, RoleName=role)
    refused("AccessDenied", client("iam").add_role_to_instance_profile, InstanceProfileName=profile, RoleName=role.upper())
    client("iam").add_role_to_instance_profile(InstanceProfileName=profile, RoleName=mine)
    open_to_me = trust({"AWS": arn("user", called)})
    for spelling in (role, role.upper()):
        refused("AccessDenied", client("iam").update_assume_role_policy, RoleName=spelling, PolicyDocument=open_to_me)
    refused("AccessDenied", client("sts").assume_role, RoleArn=arn("role", role), RoleSessionName="session")
    client("iam").update_assume_role_policy(RoleName=mine, PolicyDocument=open_to_me)
    client("sts").assume_role(RoleArn=arn("role", mine), RoleSessionName="session")


def test_no_path_frees_a_role_of_service_control_policies(coffer):
    """They leave service-linked roles alone, which only services make and assume."""
    organization = Organization(coffer).enable(SCP)
    account = organization.account()
    iam = organization.of_member(account, "iam")
    organization.attach(account, document(statement("kms:ListKeys")))
    member = coffer.client("sts", credentials=new_user(iam, "member", policy("sts:*")))
    for path in ("/", "/:role/aws-service-role/", "/x:role/aws-service-role/x/", "/AWS-service-role/", "//aws-service-role/"):
        called = name("role")
        role = new_role(iam, called, trust({"AWS": account}), policy("kms:*"), Path=path)
        kms = coffer.client("kms", credentials=session_of(member.assume_role(RoleArn=role, RoleSessionName="session")))
        assert "explicit deny in a service control policy" in refused("AccessDeniedException", kms.list_keys)
        kms.list_aliases()
    refused("InvalidInput", iam.create_role, RoleName=name("role"), Path="/aws-service-role/x/",
            AssumeRolePolicyDocument=trust({"AWS": account}))
    linked = iam.create_service_linked_role(AWSServiceName="mrk.kms.amazonaws.com")["Role"]
    refused("AccessDenied", member.assume_role, RoleArn=linked["Arn"], RoleSessionName="session")
    refused("UnmodifiableEntity", iam.update_assume_role_policy, RoleName=linked["RoleName"],
            PolicyDocument=trust({"AWS": account}))


# What a request says of itself

SPOOFS = {"X-Forwarded-For": "10.1.2.3", "X-Real-IP": "10.1.2.3", "Forwarded": "for=10.1.2.3", "Aws-Source-Ip": "10.1.2.3",
          "X-Amz-Source-Ip": "10.1.2.3", "X-Amz-Source-Account": "111111111111", "X-Amz-Source-Arn": "arn:aws:s3:::bucket",
          "X-Amz-Via-Service": f"ec2.{REGION}.amazonaws.com", "X-Amzn-Called-Via": "ec2.amazonaws.com",
          "Via": f"ec2.{REGION}.amazonaws.com", "X-Amz-Source-Vpce": "vpce-0123456789abcdef0",
          "X-Amz-Vpce-Id": "vpce-0123456789abcdef0", "X-Amz-Source-Vpc": "vpc-0123456789abcdef0",
          "X-Amz-Principal-Tag-Team": "blue", "X-Amz-Caller-Account": "111111111111", "User-Agent": "ec2.amazonaws.com"}


def spoofing(client):
    """The client, whose requests claim more than they are."""
    def add(request, **_):
        for header, value in SPOOFS.items():
            request.headers[header] = value
    client.meta.events.register("before-sign", add)
    return client


@pytest.mark.parametrize("condition", [
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"StringEquals": {"kms:ViaService": f"ec2.{REGION}.amazonaws.com"}},
    {"StringEquals": {"aws:SourceAccount": "111111111111"}}, {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}},
    {"Bool": {"aws:ViaAWSService": "true"}}, {"StringEquals": {"aws:PrincipalTag/Team": "blue"}},
    {"ForAnyValue:StringEquals": {"aws:CalledVia": ["ec2.amazonaws.com"]}}, {"Bool": {"aws:PrincipalIsAWSService": "true"}},
    {"StringEquals": {"kms:CallerAccount": "111111111111"}}, {"Bool": {"aws:SecureTransport": "true"}},
    {"StringLike": {"aws:SourceVpce": "vpce-*"}}, {"StringLike": {"aws:SourceVpc": "vpc-*"}}],
    ids=lambda condition: next(iter(next(iter(condition.values())))))
def test_no_header_meets_a_condition(kms, user, condition):
    """What a request comes from and by whom it is passed on is what the server sees, not what the request says."""
    called = name("spoofer")
    client = spoofing(user(called)("kms"))
    key = key_for(kms, to({"AWS": arn("user", called)}, "kms:Encrypt", Condition=condition),
                  to({"AWS": arn("user", called)}, "kms:Decrypt", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}),
                  to({"AWS": arn("user", called)}, "kms:GenerateDataKey",
                     Condition={"StringEquals": {"aws:UserAgent": "ec2.amazonaws.com"}}))
    refused("AccessDeniedException", client.encrypt, KeyId=key, Plaintext=b"x")
    # The headers arrive, and the same key as it is: a user agent is what the request says, as AWS warns.
    blob = client.generate_data_key(KeyId=key, KeySpec="AES_256")["CiphertextBlob"]
    client.decrypt(KeyId=key, CiphertextBlob=blob)


# Conditions that names alone could turn

def test_a_tag_in_another_case_hides_none(coffer, iam, user):
    """EC2's and KMS's tags "env" and "ENV" are two, and one condition key, which has both values."""
    ec2, kms = coffer.client("ec2"), coffer.client("kms")
    volume = coffer.create_volume(ec2)
    key = kms.create_key(Tags=[{"TagKey": "Env", "TagValue": "prod"}])["KeyMetadata"]["Arn"]
    ec2.create_tags(Resources=[volume], Tags=[{"Key": "Env", "Value": "prod"}])
    guarded = user(name("tagger"), policy(["ec2:*", "kms:*"]),
                   policy(["ec2:DeleteVolume", "kms:Encrypt"], effect="Deny",
                          Condition={"StringEquals": {"aws:ResourceTag/Env": "prod"}}))
    for spelling in ("env", "ENV", "eNV"):
        guarded("ec2").create_tags(Resources=[volume], Tags=[{"Key": spelling, "Value": "dev"}])
        guarded("kms").tag_resource(KeyId=key, Tags=[{"TagKey": spelling, "TagValue": "dev"}])
        refused("UnauthorizedOperation", guarded("ec2").delete_volume, VolumeId=volume)
        refused("AccessDeniedException", guarded("kms").encrypt, KeyId=key, Plaintext=b"x")
    ec2.create_tags(Resources=[volume], Tags=[{"Key": "Env", "Value": "dev"}])
    guarded("ec2").delete_volume(VolumeId=volume)


def test_a_grant_is_no_more_than_its_maker_has(coffer, iam, kms, user):
    """By a policy that says which operations and to whom, and whether for AWS's services."""
    grantor, friend = name("grantor"), name("friend")
    friends = user(friend)("kms")
    client = user(grantor)("kms")
    key = key_for(kms, to({"AWS": arn("user", grantor)}, "kms:CreateGrant", Condition={
        "ForAllValues:StringEquals": {"kms:GrantOperations": ["Encrypt", "DescribeKey"]},
        "StringEquals": {"kms:GranteePrincipal": arn("user", friend)}}))
    service_only = key_for(kms, to({"AWS": arn("user", grantor)}, "kms:CreateGrant", Condition={
        "Bool": {"kms:GrantIsForAWSResource": "true"}}))
    for operations, grantee in ((["Decrypt"], friend), (["Encrypt", "Decrypt"], friend), (["Encrypt"], grantor)):
        refused("AccessDeniedException", client.create_grant, KeyId=key, GranteePrincipal=arn("user", grantee),
                Operations=operations)
    refused("AccessDeniedException", client.create_grant, KeyId=service_only, GranteePrincipal=arn("user", friend),
            Operations=["Encrypt"])
    refused("AccessDeniedException", friends.encrypt, KeyId=key, Plaintext=b"x")
    grant = client.create_grant(KeyId=key, GranteePrincipal=arn("user", friend), Operations=["Encrypt"])
    friends.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[grant["GrantToken"]])
    refused("AccessDeniedException", client.encrypt, KeyId=key, Plaintext=b"x", GrantTokens=[grant["GrantToken"]])
    for outsider in (friends, user(name("outsider"), policy("s3:*"))("kms")):
        refused("AccessDeniedException", outsider.retire_grant, GrantToken=grant["GrantToken"])
        refused("AccessDeniedException", outsider.revoke_grant, KeyId=key, GrantId=grant["GrantId"])
    friends.encrypt(KeyId=key, Plaintext=b"x")


def test_a_grant_goes_beyond_no_boundary_and_no_session_policy(coffer, iam, kms, session):
    """A key's policy that names a user or a session does (IAM User Guide, "Policy evaluation logic"), a grant does not."""
    boundary = iam.create_policy(PolicyName=name("boundary"), PolicyDocument=policy("ec2:*"))["Policy"]["Arn"]
    bound, role = name("bound"), new_role(iam, name("granted"), trust({"AWS": ACCOUNT}))
    bounded = coffer.client("kms", credentials=new_user(iam, bound))
    grantee = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rsplit('/')[-1]}/session"
    key = key_for(kms, to({"AWS": [arn("user", bound), grantee]}, "kms:GenerateDataKey"))
    for each in (arn("user", bound), grantee):
        for operations in (["Encrypt"], ["Encrypt", "Decrypt"]):
            kms.create_grant(KeyId=key, GranteePrincipal=each, Operations=operations)
    bounded.encrypt(KeyId=key, Plaintext=b"x")
    session(role)("kms").encrypt(KeyId=key, Plaintext=b"x")
    iam.put_user_permissions_boundary(UserName=bound, PermissionsBoundary=boundary)
    for kind, narrowed in (("permissions boundary", bounded), ("session policy", session(role, Policy=policy("ec2:*"))("kms"))):
        message = refused("AccessDeniedException", narrowed.encrypt, KeyId=key, Plaintext=b"x")
        assert message.endswith(f"because no {kind} allows the kms:Encrypt action")
        narrowed.generate_data_key(KeyId=key, KeySpec="AES_256")
    told = coffer.json("explain", "--principal", arn("user", bound), "--action", "kms:Encrypt", "--resource", key)
    assert told["reason"] == "because no permissions boundary allows the kms:Encrypt action"
    assert not told["allowed"] and len(told["questions"]) == 2, "the key's policy, and the grants to the user once"
