# SPDX-License-Identifier: Apache-2.0
"""Is a session known to have been got with an MFA device's code, and only then? Policies decide by it."""
import base64
import json
import sqlite3
import threading

import pytest
from botocore.exceptions import ClientError

from authenticator import Authenticator, enable_mfa
from harness import files_with, refused
from principals import access_key, new_role, new_user, policy, session_of, trust

ACCOUNT = "123456789012"
WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code."
NOT_HIS = ("MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid "
           "and associated with this user.")
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
WITHOUT_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


@pytest.fixture
def iam(coffer):
    return coffer.client("iam")


@pytest.fixture
def alice(coffer, iam):
    """A user with a device: her key pair, STS client and authenticator."""
    class Alice:
        keys = new_user(iam, "alice", policy("sts:*"))
        sts = coffer.client("sts", credentials=keys)
        device = enable_mfa(iam, "alice")

        def session(self):
            return session_of(self.sts.get_session_token(**self.device.said()))
    return Alice()


def key_policy(*statements):
    owner = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [owner, *statements]})


def schedule_deletion(coffer, credentials, key):
    return coffer.client("kms", credentials=credentials).schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


# Key policies: "delete keys only with MFA"

def test_a_key_policy_lets_keys_be_deleted_with_mfa_only(coffer, iam, alice):
    user = f"arn:aws:iam::{ACCOUNT}:user/alice"
    document = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Resource": "*",
         "Action": ["kms:Put*", "kms:Describe*"]},
        {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "kms:ScheduleKeyDeletion", "Resource": "*",
         "Condition": WITH_MFA}]})
    key = coffer.client("kms").create_key(Policy=document)["KeyMetadata"]["KeyId"]
    for credentials in (alice.keys, session_of(alice.sts.get_session_token())):
        assert "no resource-based policy allows" in refused(
            "AccessDeniedException", schedule_deletion, coffer=coffer, credentials=credentials, key=key)
    assert schedule_deletion(coffer, alice.session(), key)["KeyState"] == "PendingDeletion"


def test_a_key_policys_deny_stops_whoever_has_no_mfa(coffer, iam, alice):
    iam.put_user_policy(UserName="alice", PolicyName="keys", PolicyDocument=policy("kms:*"))
    deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:ScheduleKeyDeletion", "Resource": "*"}
    create = coffer.client("kms").create_key
    if_exists = create(Policy=key_policy({**deny, "Condition": WITHOUT_MFA}))["KeyMetadata"]["KeyId"]
    without = session_of(alice.sts.get_session_token())
    assert "explicit deny" in refused("AccessDeniedException", schedule_deletion, coffer=coffer, credentials=without,
                                      key=if_exists)
    # The key is absent with long-lived credentials, and ...IfExists then holds.
    assert "explicit deny" in refused("AccessDeniedException", schedule_deletion, coffer=coffer, credentials=alice.keys,
                                      key=if_exists)
    plain = create(Policy=key_policy({**deny, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}))
    refused("AccessDeniedException", schedule_deletion, coffer=coffer, credentials=without, key=plain["KeyMetadata"]["KeyId"])
    schedule_deletion(coffer, alice.keys, plain["KeyMetadata"]["KeyId"])
    schedule_deletion(coffer, alice.session(), if_exists)


def test_the_age_of_mfa_is_a_condition(tmp_path):
    from harness import Coffer
    with Coffer(tmp_path / "data", "--development") as coffer:
        iam = coffer.client("iam")
        keys = new_user(iam, "alice", policy("kms:ListKeys", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}))
        device = enable_mfa(iam, "alice")
        kms = coffer.client("kms", credentials=session_of(
            coffer.client("sts", credentials=keys).get_session_token(**device.said())))
        kms.list_keys()
        coffer.json("clock", "advance", "10m")
        refused("AccessDeniedException", kms.list_keys)
        refused("AccessDeniedException", coffer.client("kms", credentials=keys).list_keys)


# Codes

def test_a_code_is_accepted_once(coffer, iam, alice):
    said = alice.device.said()
    alice.sts.get_session_token(**said)
    assert refused("AccessDenied", alice.sts.get_session_token, **said) == WRONG
    coffer.restart()
    sts = coffer.client("sts", credentials=alice.keys)
    assert refused("AccessDenied", sts.get_session_token, **said) == WRONG
    sts.get_session_token(**alice.device.said())


def test_of_many_calls_at_once_with_one_code_one_succeeds(coffer, alice):
    said, outcomes = alice.device.said(), []

    def ask():
        try:
            outcomes.append(coffer.client("sts", credentials=alice.keys, retries=1).get_session_token(**said) and "made")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["AccessDenied"] * 3 + ["made"]


def test_the_codes_that_enabled_a_device_are_used_up(iam, alice):
    seed = {"SerialNumber": "", "Base32StringSeed": base64.b32encode(alice.device.seed)}
    earlier = Authenticator({**seed, "SerialNumber": alice.device.serial})
    for _ in range(2):
        assert refused("AccessDenied", alice.sts.get_session_token, **earlier.said()) == WRONG


def test_a_wrong_code_is_refused_and_recorded_without_the_code(coffer, alice):
    code = alice.device.wrong_code()
    for call, more in ((alice.sts.get_session_token, {}), (alice.sts.assume_role, {
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/absent", "RoleSessionName": "se"})):
        assert refused("AccessDenied", call, SerialNumber=alice.device.serial, TokenCode=code, **more) == WRONG
    failed = next(record for record in coffer.trail() if record["eventName"] == "GetSessionToken")
    assert failed["errorMessage"] == WRONG and failed["requestParameters"]["serialNumber"] == alice.device.serial
    assert code not in json.dumps(coffer.trail())


def test_after_five_wrong_codes_a_device_is_deaf_for_a_minute(coffer, iam, alice):
    for _ in range(5):
        assert refused("AccessDenied", alice.sts.get_session_token, SerialNumber=alice.device.serial,
                       TokenCode=alice.device.wrong_code()) == WRONG
    assert "not heard for" in refused("AccessDenied", alice.sts.get_session_token, **alice.device.said())
    # Two codes in a row prove who it is.
    iam.resync_mfa_device(UserName="alice", SerialNumber=alice.device.serial, **alice.device.codes())
    alice.session()


@pytest.mark.parametrize("missing", ["SerialNumber", "TokenCode"])
def test_device_and_code_go_together(alice, missing):
    said = alice.device.said()
    del said[missing]
    assert "must provide both" in refused("AccessDenied", alice.sts.get_session_token, **said)


def test_only_ones_own_device_counts(coffer, iam, alice):
    bob = coffer.client("sts", credentials=new_user(iam, "bob", policy("sts:*")))
    assert refused("AccessDenied", bob.get_session_token, **alice.device.said()) == NOT_HIS
    assert refused("AccessDenied", coffer.client("sts").get_session_token, **alice.device.said()) == NOT_HIS
    role = new_role(iam, "r", trust({"AWS": ACCOUNT}), policy("sts:AssumeRole"))
    session = session_of(alice.sts.assume_role(RoleArn=role, RoleSessionName="se"))
    assert refused("AccessDenied", coffer.client("sts", credentials=session).assume_role, RoleArn=role,
                   RoleSessionName="se", **alice.device.said()) == NOT_HIS
    iam.deactivate_mfa_device(UserName="alice", SerialNumber=alice.device.serial)
    assert refused("AccessDenied", alice.sts.get_session_token, **alice.device.said()) == NOT_HIS


# Roles

def test_a_trust_policy_asks_for_mfa(coffer, iam, alice):
    role = new_role(iam, "guarded", trust({"AWS": ACCOUNT}, **WITH_MFA), policy("kms:ListKeys"))
    assume = {"RoleArn": role, "RoleSessionName": "se"}
    assert "no role trust policy allows" in refused("AccessDenied", alice.sts.assume_role, **assume)
    coffer.client("kms", credentials=session_of(alice.sts.assume_role(**assume, **alice.device.said()))).list_keys()
    # A session that was got with a code is enough.
    coffer.client("sts", credentials=alice.session()).assume_role(**assume)
    refused("AccessDenied", coffer.client("sts", credentials=session_of(alice.sts.get_session_token())).assume_role, **assume)


def test_what_a_roles_session_knows_of_mfa(coffer, iam, alice):
    """What was said to GetSessionToken goes on to the role's session; what was said to AssumeRole decides about that
    alone; and nothing goes beyond one role (IAM User Guide, "Secure API access with MFA")."""
    role = new_role(iam, "r", trust({"AWS": ACCOUNT}), policy("sts:AssumeRole"), policy("kms:ListKeys", Condition=WITH_MFA))
    assume = {"RoleArn": role, "RoleSessionName": "se"}
    inherited = session_of(coffer.client("sts", credentials=alice.session()).assume_role(**assume))
    said_there = session_of(alice.sts.assume_role(**assume, **alice.device.said()))
    chained = session_of(coffer.client("sts", credentials=inherited).assume_role(**assume))
    coffer.client("kms", credentials=inherited).list_keys()
    for credentials in (said_there, chained):
        refused("AccessDeniedException", coffer.client("kms", credentials=credentials).list_keys)


def test_the_trail_tells_who_had_mfa(coffer, alice):
    for credentials in (alice.session(), session_of(alice.sts.get_session_token())):
        coffer.client("sts", credentials=credentials).get_caller_identity()
    asked = [record["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] for record in coffer.trail()
             if record["eventName"] == "GetCallerIdentity"]
    assert asked == ["true", "false"]


def test_explanations_show_the_key(coffer, iam, alice):
    iam.put_user_policy(UserName="alice", PolicyName="keys", PolicyDocument=policy("kms:ListKeys", Condition=WITH_MFA))
    ask = ("explain", "--principal", f"arn:aws:iam::{ACCOUNT}:user/alice", "--action", "kms:ListKeys", "--resource", "*")
    told = coffer.command(*ask, check=False).stdout
    assert "aws:MultiFactorAuthPresent" in told and "absent" in told
    assert coffer.command(*ask, "--context", "aws:MultiFactorAuthPresent=true").returncode == 0
    decided = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:user/alice", ActionNames=["kms:ListKeys"], ContextEntries=[
            {"ContextKeyName": "aws:MultiFactorAuthPresent", "ContextKeyValues": ["true"], "ContextKeyType": "boolean"}])
    assert decided["EvaluationResults"][0]["EvalDecision"] == "allowed"


def test_a_users_session_calls_iam_with_mfa_only(coffer, iam, alice):
    iam.put_user_policy(UserName="alice", PolicyName="iam", PolicyDocument=policy("iam:*"))
    without = coffer.client("iam", credentials=session_of(alice.sts.get_session_token()))
    assert refused("InvalidClientTokenId", without.list_users).startswith(
        "The security token included in the request is invalid")
    coffer.client("iam", credentials=alice.session()).list_users()
    coffer.client("iam", credentials=alice.keys).list_users()
    root = coffer.client("iam", credentials=session_of(coffer.client("sts").get_session_token()))
    refused("InvalidClientTokenId", root.list_users)


# Secrets

def test_no_seed_lies_in_the_data_folder(coffer, iam, alice):
    text = base64.b32encode(alice.device.seed)
    alice.session()
    coffer.stop()
    with sqlite3.connect(coffer.data / "apid/catalog.db") as catalog:
        (wrapped,), = catalog.execute("SELECT wrapped_secret FROM mfa_devices").fetchall()
    assert files_with(coffer.data, wrapped[:32]), "the positive control: what is stored is found"
    for needle in (text, alice.device.seed, base64.b64encode(text), text.lower()):
        assert files_with(coffer.data, needle) == set()
    assert text.decode() not in coffer.log()


# AWS's command line

def test_the_command_line_of_aws(coffer, iam, tmp_path):
    def aws(*arguments):
        return json.loads(coffer.execute("aws", *arguments, "--output", "json").stdout or "null")
    iam.create_user(UserName="carol")
    made = aws("iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", "phone", "--outfile", str(tmp_path / "seed"),
               "--bootstrap-method", "Base32StringSeed")["VirtualMFADevice"]
    device = Authenticator({**made, "Base32StringSeed": (tmp_path / "seed").read_text()})
    codes = device.codes()
    aws("iam", "enable-mfa-device", "--user-name", "carol", "--serial-number", device.serial, "--authentication-code1",
        codes["AuthenticationCode1"], "--authentication-code2", codes["AuthenticationCode2"])
    listed, = aws("iam", "list-mfa-devices", "--user-name", "carol")["MFADevices"]
    assert listed["SerialNumber"] == device.serial
    key, secret = access_key(iam, "carol")
    said = device.said()
    done = coffer.execute(
        "env", f"AWS_ACCESS_KEY_ID={key}", f"AWS_SECRET_ACCESS_KEY={secret}", "aws", "sts", "get-session-token",
        "--serial-number", said["SerialNumber"], "--token-code", said["TokenCode"], "--output", "json")
    credentials = session_of(json.loads(done.stdout))
    assert coffer.client("sts", credentials=credentials).get_caller_identity()["Arn"].endswith(":user/carol")
