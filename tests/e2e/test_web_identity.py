# SPDX-License-Identifier: Apache-2.0
"""Roles for whom an OpenID Connect provider knows: is a token worth just what its issuer, its claims and the role's
trust policy say?"""
import json
import subprocess
import time

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from harness import REGION, files_with, refused
from principals import new_role, new_user, policy, second_account, session_of, trust
from web_identity import AUDIENCE, URL, Issuer, encoded, give_keys

ACCOUNT, OTHER = "123456789012", "210987654321"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer.example/tenant"
ISSUER = "issuer.example/tenant"
WEB = "sts:AssumeRoleWithWebIdentity"
DENIED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
NO_TOKEN = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"


@pytest.fixture
def iam(coffer):
    return coffer.client("iam")


@pytest.fixture
def anonymous(coffer):
    """STS for somebody who has no credentials."""
    return boto3.client("sts", region_name=REGION, endpoint_url=coffer.endpoint,
                        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 1}))


@pytest.fixture(params=["RS256", "ES256"])
def issuer(coffer, iam, tmp_path, request):
    """An issuer that the account believes, and a role "web" for its subject-1, which may list keys."""
    made = Issuer(request.param)
    iam.create_open_id_connect_provider(Url=URL, ClientIDList=[AUDIENCE], ThumbprintList=["a" * 40])
    give_keys(coffer, tmp_path, made)
    new_role(iam, "web", trust({"Federated": PROVIDER}, WEB, StringEquals={
        f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": "subject-1"}), policy("kms:ListKeys"))
    return made


@pytest.fixture
def assume(anonymous):
    def assumed(token, role="web", **more):
        return anonymous.assume_role_with_web_identity(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
                                                       RoleSessionName="session", WebIdentityToken=token, **more)

    def why_not(code, token, role="web", **more):
        return refused(code, assumed, token=token, role=role, **more)

    assumed.refused = why_not
    return assumed


def test_a_token_is_worth_the_role(coffer, iam, issuer, assume):
    answer = assume(issuer.token())
    assert answer["SubjectFromWebIdentityToken"] == "subject-1" and answer["Audience"] == AUDIENCE
    assert answer["Provider"] == PROVIDER
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/web/session"
    kms = coffer.client("kms", credentials=session_of(answer))
    kms.list_keys()
    refused("AccessDeniedException", kms.create_key)
    record = next(r for r in coffer.trail() if r["eventName"] == "AssumeRoleWithWebIdentity")
    assert record["userIdentity"] == {"type": "WebIdentityUser", "principalId": f"{ISSUER}:{AUDIENCE}:subject-1",
                                      "userName": "subject-1", "identityProvider": PROVIDER}


def test_no_token_secret_or_session_token_is_recorded(coffer, issuer, assume):
    token = issuer.token()
    _, secret, session_token = session_of(assume(token))
    recorded = json.dumps(coffer.trail())
    assert token not in recorded and secret not in recorded and session_token not in recorded


def test_the_trust_policy_decides_whom_it_lets_in(iam, issuer, assume):
    assert assume.refused("AccessDenied", issuer.token(sub="subject-2")) == DENIED
    iam.update_assume_role_policy(RoleName="web", PolicyDocument=trust(
        {"Federated": PROVIDER}, WEB, StringLike={f"{ISSUER}:sub": "subject-*"}))
    assume(issuer.token(sub="subject-2"))
    iam.update_assume_role_policy(RoleName="web", PolicyDocument=trust(
        {"Federated": PROVIDER}, WEB, **{"ForAnyValue:StringEquals": {f"{ISSUER}:amr": ["hardware"]}}))
    assert assume.refused("AccessDenied", issuer.token(amr=["password"])) == DENIED
    assume(issuer.token(amr=["password", "hardware"]))
    for principal in ({"Federated": PROVIDER + "2"}, {"AWS": ACCOUNT}, {"Service": "ec2.amazonaws.com"}):
        iam.update_assume_role_policy(RoleName="web", PolicyDocument=trust(principal, WEB))
        assert assume.refused("AccessDenied", issuer.token()) == DENIED
    iam.update_assume_role_policy(RoleName="web", PolicyDocument=trust({"Federated": PROVIDER}))
    assert assume.refused("AccessDenied", issuer.token()) == DENIED  # for sts:AssumeRole
    assert assume.refused("AccessDenied", issuer.token(), role="absent") == DENIED


def test_a_token_that_is_over_is_refused(issuer, assume):
    now = int(time.time())
    message = assume.refused("ExpiredTokenException", issuer.token(iat=now - 7200, exp=now - 5))
    assert message.startswith("Token expired: current date/time ")
    assert message.endswith(f" must be before the expiration date/time {now - 5}")
    assume.refused("InvalidIdentityToken", issuer.token(iat=now + 3600, exp=now + 7200))
    assume.refused("InvalidIdentityToken", issuer.token(nbf=now + 3600))


def test_a_token_for_somebody_else_is_refused(iam, issuer, assume):
    assert assume.refused("InvalidIdentityToken", issuer.token(aud="another")) == "Incorrect token audience"
    assume(issuer.token(aud=["another", AUDIENCE]))
    assert assume.refused("InvalidIdentityToken", issuer.token(azp="another")) == "Incorrect token audience"
    assume(issuer.token(aud="another", azp=AUDIENCE))
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER, ClientID=AUDIENCE)
    assert assume.refused("InvalidIdentityToken", issuer.token()) == "Incorrect token audience"


def test_a_token_of_another_issuer_or_key_is_refused(coffer, iam, issuer, assume, tmp_path):
    other = Issuer(issuer.algorithm, url="https://elsewhere.example")
    assert assume.refused("InvalidIdentityToken", other.token()) == (
        "No OpenIDConnect provider found in your account for https://elsewhere.example")
    forger = Issuer(issuer.algorithm)
    assert assume.refused("InvalidIdentityToken", forger.token()) == "The signature of the ID Token is invalid"
    newer = Issuer(issuer.algorithm, "second")
    message = assume.refused("InvalidIdentityToken", newer.token())
    assert message.startswith("Couldn't retrieve verification key from your identity provider")
    give_keys(coffer, tmp_path, issuer, newer)
    assume(newer.token())
    assume(issuer.token())
    give_keys(coffer, tmp_path, newer)
    assume.refused("InvalidIdentityToken", issuer.token())
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)
    assert assume.refused("InvalidIdentityToken", newer.token()) == (
        f"No OpenIDConnect provider found in your account for {URL}")


def test_a_token_that_was_tampered_with_is_refused(issuer, assume):
    header, claims, signature = issuer.token().split(".")
    for wrong in (f"{header}.{claims}.", f"{header}.{claims}", "nothing", f"{header}.{claims}.{signature}=",
                  f"{encoded(json.dumps({'alg': 'ES256', 'crit': ['exp']}).encode())}.{claims}.{signature}"):
        assert assume.refused("InvalidIdentityToken", wrong) == NO_TOKEN
    for algorithm in ("none", "HS256"):
        forged = encoded(json.dumps({"alg": algorithm}).encode())
        assert "algorithm" in assume.refused("InvalidIdentityToken", f"{forged}.{claims}.{signature}")
    other = "RS256" if issuer.algorithm == "ES256" else "ES256"
    forged = encoded(json.dumps({"alg": other, "kid": issuer.key_id}).encode())
    assume.refused("InvalidIdentityToken", f"{forged}.{claims}.{signature}")
    for claim in ("iss", "sub", "aud", "exp", "iat"):
        assert assume.refused("InvalidIdentityToken", issuer.token(**{claim: None})) == (
            f"Missing a required claim: {claim}")
    assume.refused("IDPRejectedClaim", issuer.token(), ProviderId="www.amazon.com")


def test_strangers_leave_no_record(coffer, issuer, assume):
    before = len(coffer.trail())
    assume.refused("InvalidIdentityToken", issuer.token(aud="another"))
    assume.refused("InvalidIdentityToken", "nothing")
    assert len(coffer.trail()) == before
    assume.refused("AccessDenied", issuer.token(sub="subject-2"))
    assert coffer.trail()[-1]["errorCode"] == "AccessDenied"
    assert coffer.trail()[-1]["userIdentity"]["userName"] == "subject-2"


def test_what_the_token_said_counts_for_the_session(coffer, iam, issuer, assume):
    iam.put_role_policy(RoleName="web", PolicyName="of-subject", PolicyDocument=policy(
        "kms:CreateKey", Condition={"StringEquals": {f"{ISSUER}:sub": "subject-1", "aws:FederatedProvider": PROVIDER}}))
    iam.update_assume_role_policy(RoleName="web", PolicyDocument=trust({"Federated": PROVIDER}, WEB))
    coffer.client("kms", credentials=session_of(assume(issuer.token()))).create_key()
    other = coffer.client("kms", credentials=session_of(assume(issuer.token(sub="subject-2"))))
    refused("AccessDeniedException", other.create_key)
    coffer.restart()
    refused("AccessDeniedException", coffer.client("kms", credentials=session_of(
        coffer.client("sts").assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/web", RoleSessionName="se",
            WebIdentityToken=issuer.token(sub="subject-2")))).create_key)


def test_session_tags_come_with_the_token(coffer, iam, issuer, assume):
    tags = {"https://aws.amazon.com/tags": {"principal_tags": {"team": ["blue"]}}}
    assert assume.refused("AccessDenied", issuer.token(**tags)) == DENIED
    iam.update_assume_role_policy(RoleName="web", PolicyDocument=trust(
        {"Federated": PROVIDER}, [WEB, "sts:TagSession"], StringEquals={"aws:RequestTag/team": "blue"}))
    iam.put_role_policy(RoleName="web", PolicyName="of-team", PolicyDocument=policy(
        "kms:CreateKey", Condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}}))
    coffer.client("kms", credentials=session_of(assume(issuer.token(**tags)))).create_key()
    tags["https://aws.amazon.com/tags"]["transitive_tag_keys"] = ["other"]
    assume.refused("InvalidIdentityToken", issuer.token(**tags))


def test_what_the_token_passes_on_goes_through_the_chain(coffer, iam, issuer, assume):
    said = {"https://aws.amazon.com/tags": {"principal_tags": {"team": ["blue"]}, "transitive_tag_keys": ["team"]},
            "https://aws.amazon.com/source_identity": "Anaya"}
    also = ["sts:TagSession", "sts:SetSourceIdentity"]
    iam.update_assume_role_policy(RoleName="web", PolicyDocument=trust({"Federated": PROVIDER}, [WEB, "sts:TagSession"]))
    assert assume.refused("AccessDenied", issuer.token(**said)) == DENIED
    iam.update_assume_role_policy(RoleName="web", PolicyDocument=trust(
        {"Federated": PROVIDER}, [WEB, *also], StringEquals={"sts:SourceIdentity": "Anaya", "sts:TransitiveTagKeys": "team"}))
    iam.put_role_policy(RoleName="web", PolicyName="on", PolicyDocument=policy("sts:*"))
    answer = assume(issuer.token(**said))
    assert answer["SourceIdentity"] == "Anaya"
    further = new_role(iam, "further", trust({"AWS": ACCOUNT}, ["sts:AssumeRole", *also]), policy("kms:CreateKey", Condition={
        "StringEquals": {"aws:PrincipalTag/team": "blue", "aws:SourceIdentity": "Anaya"}}))
    chained = coffer.client("sts", credentials=session_of(answer)).assume_role(RoleArn=further, RoleSessionName="se")
    coffer.client("kms", credentials=session_of(chained)).create_key()


def test_session_policies_and_durations_hold_as_for_other_roles(coffer, issuer, assume):
    kms = coffer.client("kms", credentials=session_of(assume(issuer.token(), Policy=policy("kms:CreateKey"))))
    assert "no session policy allows" in refused("AccessDeniedException", kms.list_keys)
    assume.refused("ValidationError", issuer.token(), DurationSeconds=7200)
    assert assume(issuer.token(), DurationSeconds=900)["Credentials"]["Expiration"]


def test_a_deleted_roles_web_sessions_die_at_once(coffer, iam, issuer, assume):
    kms = coffer.client("kms", credentials=session_of(assume(issuer.token())))
    kms.list_keys()
    iam.delete_role_policy(RoleName="web", PolicyName="policy-0")
    iam.delete_role(RoleName="web")
    refused("UnrecognizedClientException", kms.list_keys)


def test_another_account_does_not_believe_the_issuer(coffer, iam, issuer, anonymous):
    other_iam = coffer.client("iam", credentials=second_account(coffer, OTHER))
    arn = new_role(other_iam, "web", trust({"Federated": PROVIDER}, WEB), policy("kms:*"))
    assert refused("InvalidIdentityToken", anonymous.assume_role_with_web_identity, RoleArn=arn, RoleSessionName="se",
                   WebIdentityToken=issuer.token()) == f"No OpenIDConnect provider found in your account for {URL}"


def test_sdks_find_the_token_by_themselves(coffer, iam, issuer, tmp_path):
    (tmp_path / "token").write_text(issuer.token())
    environment = {"AWS_ENDPOINT_URL": coffer.endpoint, "AWS_REGION": REGION, "PATH": "/usr/bin:/bin",
                   "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/web", "AWS_ROLE_SESSION_NAME": "cli",
                   "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"), "HOME": str(tmp_path)}
    said = subprocess.run(["aws", "--endpoint-url", coffer.endpoint, "sts", "assume-role-with-web-identity",
                           "--role-arn", environment["AWS_ROLE_ARN"], "--role-session-name", "cli", "--region", REGION,
                           "--web-identity-token", issuer.token(), "--output", "json"],
                          env=environment, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    coffer.client("kms", credentials=session_of(json.loads(said.stdout))).list_keys()


# Providers

def test_providers_come_back_as_they_were_made(iam):
    arn = iam.create_open_id_connect_provider(Url=URL, ClientIDList=["a"], ThumbprintList=["b" * 40],
                                              Tags=[{"Key": "k", "Value": "v"}])["OpenIDConnectProviderArn"]
    assert arn == PROVIDER
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [{"Arn": arn}]
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="c")
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="c")
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["d" * 40])
    iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=[{"Key": "x", "Value": "y"}])
    iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=["k"])
    assert iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=arn)["Tags"] == [{"Key": "x", "Value": "y"}]
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["Url"] == ISSUER and found["ClientIDList"] == ["a", "c"] and found["ThumbprintList"] == ["d" * 40]
    assert refused("EntityAlreadyExists", iam.create_open_id_connect_provider, Url=URL, ThumbprintList=[]) == (
        f"Provider with url {URL} already exists.")
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert refused("NoSuchEntity", iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn) == (
        f"OpenIDConnect Provider not found for arn {arn}")


@pytest.mark.parametrize("url", ["http://issuer.example", "https://issuer.example:8443", "https://issuer.example?x=1",
                                 "https://", "issuer.example", "https://user@issuer.example"])
def test_urls_that_no_issuer_has_are_refused(shared_coffer, url):
    refused("InvalidInput", shared_coffer.client("iam").create_open_id_connect_provider, Url=url, ThumbprintList=[])


def test_the_keys_of_issuers_by_the_command_line(coffer, tmp_path):
    made = Issuer("ES256")
    assert give_keys(coffer, tmp_path, made) == {"issuer": URL, "keys": ["first"]}
    assert coffer.json("iam", "oidc-keys", "list")["issuers"] == [{"issuer": URL, "keys": ["first"]}]
    assert "issuer.example/tenant" in coffer.command("iam", "oidc-keys", "list").stdout
    (tmp_path / "bad.json").write_text('{"keys": [{"kty": "OKP", "x": "AA"}]}')
    failed = coffer.command("iam", "oidc-keys", "set", URL, str(tmp_path / "bad.json"), check=False)
    assert failed.returncode == 2 and "no RSA key" in failed.stderr
    assert coffer.command("iam", "oidc-keys", "remove", URL).stdout == f"The keys of {URL} are removed: no token of it is believed.\n"
    assert coffer.json("iam", "oidc-keys", "list")["issuers"] == []
    assert coffer.command("iam", "oidc-keys", "remove", URL, check=False).returncode != 0
    assert [r["eventName"] for r in coffer.trail()][-2:] == ["RemoveIssuerKeys", "RemoveIssuerKeys"]


@pytest.mark.parametrize("private", [{"kty": "RSA", "n": "AA", "e": "AQAB", "d": "c2VjcmV0LXBhcnQ"}, {"kty": "oct", "k": "c2VjcmV0LXBhcnQ"},
                                     {"kty": "EC", "crv": "P-384", "use": "enc", "x": "AA", "y": "AA", "d": "c2VjcmV0LXBhcnQ"},
                                     {"kty": "AKP", "pub": "AA", "priv": "c2VjcmV0LXBhcnQ"}, {"crv": "P-256", "d": "c2VjcmV0LXBhcnQ"}])
def test_a_private_key_of_an_issuer_is_neither_kept_nor_shown(coffer, tmp_path, private):
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [Issuer("ES256").json_web_key(), {**private, "kid": "my-own"}]}))
    failed = coffer.command("iam", "oidc-keys", "set", URL, str(file), check=False)
    assert failed.returncode == 2 and 'key 2 of the set is a private key' in failed.stderr
    assert "my-own" not in json.dumps(coffer.trail())
    assert coffer.json("iam", "oidc-keys", "list")["issuers"] == []
    coffer.stop()
    assert "c2VjcmV0" not in failed.stderr + failed.stdout and not files_with(coffer.data, b"c2VjcmV0LXBhcnQ")


def test_of_an_issuers_keys_only_what_is_used_is_kept(coffer, tmp_path):
    file, made = tmp_path / "keys.json", Issuer("ES256")
    own = {**made.json_web_key(), "pem": "c2VjcmV0LXBhcnQ"}
    file.write_text(json.dumps({"keys": [own, {"kty": "new", "pem": "c2VjcmV0LXBhcnQ"}], "pem": "c2VjcmV0LXBhcnQ"}))
    assert coffer.json("iam", "oidc-keys", "set", URL, str(file))["keys"] == ["first"]
    coffer.stop()
    assert files_with(coffer.data, own["x"].encode()) and not files_with(coffer.data, b"c2VjcmV0LXBhcnQ")


def test_two_keys_of_an_issuer_have_two_names(coffer, tmp_path):
    file = tmp_path / "keys.json"
    first, second = Issuer("ES256"), Issuer("ES256")
    file.write_text(json.dumps({"keys": [first.json_web_key(), second.json_web_key()]}))
    failed = coffer.command("iam", "oidc-keys", "set", URL, str(file), check=False)
    assert failed.returncode == 2 and 'keys 1 and 2 of the set have one kid' in failed.stderr
    file.write_text(json.dumps({"keys": [first.json_web_key(), Issuer("RS256").json_web_key()]}))  # told apart by their type
    assert coffer.json("iam", "oidc-keys", "set", URL, str(file))["keys"] == ["first", "first"]


# What else session credentials die of

def test_a_federated_user_has_what_both_the_user_and_the_session_policy_allow(coffer, iam):
    user = new_user(iam, "broker", policy(["sts:GetFederationToken", "kms:*"]))
    sts = coffer.client("sts", credentials=user)
    answer = sts.get_federation_token(Name="guest", Policy=policy(["kms:ListKeys", "ec2:*", "iam:*"]), DurationSeconds=900)
    arn = f"arn:aws:sts::{ACCOUNT}:federated-user/guest"
    assert answer["FederatedUser"] == {"FederatedUserId": f"{ACCOUNT}:guest", "Arn": arn}
    credentials = session_of(answer)
    kms = coffer.client("kms", credentials=credentials)
    kms.list_keys()
    assert refused("AccessDeniedException", kms.list_aliases).startswith(f"User: {arn} is not authorized")
    refused("UnauthorizedOperation", coffer.client("ec2", credentials=credentials).describe_volumes)
    own = coffer.client("sts", credentials=credentials)
    assert own.get_caller_identity()["Arn"] == arn
    refused("AccessDenied", own.get_session_token)
    refused("AccessDenied", coffer.client("iam", credentials=credentials).list_users)
    bare = coffer.client("kms", credentials=session_of(sts.get_federation_token(Name="bare")))
    refused("AccessDeniedException", bare.list_keys)
    iam.put_user_policy(UserName="broker", PolicyName="policy-0", PolicyDocument=policy(["ec2:*", "iam:*", "sts:*"]))
    refused("AccessDeniedException", kms.list_keys)
    # Not even with permission.
    refused("AccessDenied", coffer.client("iam", credentials=credentials).list_users)


def test_a_federated_user_of_root_has_what_the_session_policy_allows(coffer):
    answer = coffer.client("sts").get_federation_token(Name="guest", Policy=policy("kms:ListKeys"))
    kms = coffer.client("kms", credentials=session_of(answer))
    kms.list_keys()
    refused("AccessDeniedException", kms.create_key)


def test_who_may_not_have_a_federation_token(coffer, iam):
    powerless = coffer.client("sts", credentials=new_user(iam, "alice"))
    refused("AccessDenied", powerless.get_federation_token, Name="guest")
    user = new_user(iam, "broker", policy("sts:*"))
    session = session_of(coffer.client("sts", credentials=user).get_session_token())
    assert refused("AccessDenied", coffer.client("sts", credentials=session).get_federation_token, Name="guest") == (
        "Cannot call GetFederationToken with session credentials")
