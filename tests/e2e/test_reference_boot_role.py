# SPDX-License-Identifier: Apache-2.0
"""The references' boot flow: a role that reads one object of S3, and may open what it holds with one KMS key.

S3 and instances are not served yet: what the role may do with S3 is asked of the policy simulator and of `coffer explain`, and a
trusted user plays the instance in sessions of the role. All that KMS, IAM and STS do is done."""
import json
import os

import pytest

from harness import refused
from organization import MANAGER
from principals import new_user, policy, session_of, trust
from references import policy_sample, sample

EAST = "us-east-1"  # the boot script's region
ALIAS = "alias/EncFSForEC2InternalStorageKey"
BUCKET = "an-internalstoragekeybucket"
OBJECT = f"arn:aws:s3:::{BUCKET}/LuksInternalStorageKey"
PASSWORD = "ThisIs-a-SecretPassword"
ENCRYPT, DECRYPT = sample("encrypt_password.sh.txt"), sample("decrypt_password.sh.txt")
ROLE = "LuksBootRole"
ROLE_ARN = f"arn:aws:iam::{MANAGER}:role/{ROLE}"
OPERATOR = f"arn:aws:iam::{MANAGER}:user/operator"
ROOT = f"arn:aws:iam::{MANAGER}:root"


def key_statements(*users):
    """A key's policy as the console writes it: the account's, and for chosen key users two statements more."""
    account = {"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*",
               "Resource": "*"}
    if not users:
        return [account]
    return [account,
            {"Sid": "Allow use of the key", "Effect": "Allow", "Principal": {"AWS": list(users)}, "Resource": "*",
             "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]},
            {"Sid": "Allow attachment of persistent resources", "Effect": "Allow", "Principal": {"AWS": list(users)},
             "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"], "Resource": "*",
             "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}}]


def set_key_policy(kms, key, statements):
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))


@pytest.fixture(scope="module")
def iam(shared_coffer):
    return shared_coffer.client("iam")


@pytest.fixture(scope="module")
def kms(shared_coffer):
    return shared_coffer.client("kms", region=EAST)


@pytest.fixture(scope="module")
def key(kms):
    made = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName=ALIAS, TargetKeyId=made)
    return made


@pytest.fixture(scope="module")
def role(iam):
    """As the console makes it for EC2: role, policy, and an instance profile of the same name."""
    made = iam.create_policy(PolicyName="LuksStorageKey", PolicyDocument=json.dumps(
        policy_sample("s3_role_policy.json", your_bucket_name=BUCKET)))["Policy"]["Arn"]
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}))
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=made)
    iam.create_instance_profile(InstanceProfileName=ROLE)
    iam.add_role_to_instance_profile(InstanceProfileName=ROLE, RoleName=ROLE)
    return ROLE_ARN


@pytest.fixture(scope="module")
def operator(iam):
    return new_user(iam, "operator", policy("sts:AssumeRole"))


@pytest.fixture(scope="module")
def session(shared_coffer, iam, role, operator):
    """Credentials of the role, in the hands of the operator who plays the instance."""
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=trust({"Service": "ec2.amazonaws.com", "AWS": OPERATOR}))
    sts = shared_coffer.client("sts", credentials=operator)
    credentials = session_of(sts.assume_role(RoleArn=role, RoleSessionName="i-0123456789abcdef0"))
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=trust({"Service": "ec2.amazonaws.com"}))
    return credentials


def shell(coffer, command, folder, credentials=None):
    """Runs a line of the references in bash, with Debian's AWS CLI 2."""
    exports = ""
    if credentials:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        exports = "export " + " ".join(f"{name}='{value}'" for name, value in zip(names, credentials, strict=True)) + "\n"
    return coffer.execute("bash", "-o", "pipefail", "-c", exports + command, check=False, cwd=folder,
                          env={**os.environ, "PATH": "/usr/bin:/bin"})


# The role

def test_the_instance_profile_carries_the_role_for_ec2(iam, role):
    found, = iam.get_instance_profile(InstanceProfileName=ROLE)["InstanceProfile"]["Roles"]
    assert found["Arn"] == role
    statement, = found["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "ec2.amazonaws.com"}


def test_only_ec2_may_assume_the_role(shared_coffer, role, operator):
    sts = shared_coffer.client("sts", credentials=operator)
    message = refused("AccessDenied", sts.assume_role, RoleArn=role, RoleSessionName="self")
    assert message == (f"User: {OPERATOR} is not authorized to perform: sts:AssumeRole on resource: {role} because no role "
                       "trust policy allows the sts:AssumeRole action")


@pytest.mark.parametrize("action, resource, decision", [
    ("s3:GetObject", OBJECT, "allowed"), ("s3:GetObject", OBJECT + "2", "implicitDeny"),
    ("s3:GetObject", OBJECT.replace(BUCKET, "another"), "implicitDeny"), ("s3:PutObject", OBJECT, "implicitDeny"),
    ("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", "implicitDeny")])
def test_the_role_reads_one_object_and_nothing_else(shared_coffer, iam, role, action, resource, decision):
    result, = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=[action], ResourceArns=[resource]
                                            )["EvaluationResults"]
    assert result["EvalDecision"] == decision
    assert [each["SourcePolicyId"] for each in result["MatchedStatements"]] == (
        ["LuksStorageKey"] if decision == "allowed" else [])
    told = shared_coffer.json("explain", "--principal", role, "--action", action, "--resource", resource)
    assert told["allowed"] is (decision == "allowed")
    if decision != "allowed":
        assert told["reason"] == f"because no identity-based policy allows the {action} action"


def test_another_accounts_bucket_takes_that_accounts_consent(shared_coffer, role):
    told = shared_coffer.json("explain", "--principal", role, "--action", "s3:GetObject", "--resource", OBJECT,
                              "--context", "aws:ResourceAccount=210987654321")
    assert not told["allowed"] and told["reason"] == "because no resource-based policy allows the s3:GetObject action"


# The key

def test_the_role_has_no_key_before_it_is_a_key_user(shared_coffer, kms, key, session):
    set_key_policy(kms, key, key_statements())
    blob = kms.encrypt(KeyId=key, Plaintext=PASSWORD)["CiphertextBlob"]
    instance = shared_coffer.client("kms", region=EAST, credentials=session)
    message = refused("AccessDeniedException", instance.decrypt, CiphertextBlob=blob)
    assert message == (f"User: arn:aws:sts::{MANAGER}:assumed-role/{ROLE}/i-0123456789abcdef0 is not authorized to perform: "
                       f"kms:Decrypt on resource: {key} because no identity-based policy allows the kms:Decrypt action")


def test_as_a_key_user_the_role_opens_the_password(shared_coffer, kms, key, session):
    blob = kms.encrypt(KeyId=key, Plaintext=PASSWORD)["CiphertextBlob"]
    set_key_policy(kms, key, key_statements(ROLE_ARN))
    instance = shared_coffer.client("kms", region=EAST, credentials=session)
    assert instance.decrypt(CiphertextBlob=blob)["Plaintext"].decode() == PASSWORD
    # What the console gives to key users is more than the boot script needs.
    assert instance.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    refused("AccessDeniedException", instance.create_grant, KeyId=key, GranteePrincipal=ROLE_ARN, Operations=["Decrypt"])
    refused("AccessDeniedException", instance.schedule_key_deletion, KeyId=key)
    refused("AccessDeniedException", instance.put_key_policy, KeyId=key, PolicyName="default", Policy="{}")


def test_a_role_that_need_only_decrypt_cannot_encrypt(shared_coffer, kms, key, session):
    blob = kms.encrypt(KeyId=key, Plaintext=PASSWORD)["CiphertextBlob"]
    set_key_policy(kms, key, key_statements() + [{"Effect": "Allow", "Principal": {"AWS": ROLE_ARN}, "Action": "kms:Decrypt",
                                                  "Resource": "*"}])
    instance = shared_coffer.client("kms", region=EAST, credentials=session)
    assert instance.decrypt(CiphertextBlob=blob)["Plaintext"].decode() == PASSWORD
    message = refused("AccessDeniedException", instance.encrypt, KeyId=key, Plaintext=b"x")
    assert message.endswith("because no identity-based policy allows the kms:Encrypt action")


def test_another_role_does_not_open_the_password(shared_coffer, iam, kms, key):
    set_key_policy(kms, key, key_statements(ROLE_ARN))
    able = shared_coffer.json("who-can", "--action", "kms:Decrypt", "--resource", key)["principals"]
    assert sorted(each["principal"] for each in able if each["allowed"]) == sorted([ROOT, ROLE_ARN])
    other = shared_coffer.client("kms", region=EAST, credentials=new_user(iam, "reader", policy("s3:*")))
    blob = kms.encrypt(KeyId=key, Plaintext=PASSWORD)["CiphertextBlob"]
    refused("AccessDeniedException", other.decrypt, CiphertextBlob=blob)


# The two commands

def test_the_printed_command_is_refused_by_the_cli_itself(shared_coffer, key, tmp_path):
    done = shell(shared_coffer, ENCRYPT, tmp_path)
    assert done.returncode != 0 and f'Invalid base64: "{PASSWORD}"' in done.stderr


def test_us_east_one_is_no_region(shared_coffer, key, tmp_path):
    done = shell(shared_coffer, ENCRYPT.replace("kms encrypt", "kms encrypt --cli-binary-format raw-in-base64-out"), tmp_path)
    assert done.returncode != 0 and "not 'us-east-one'. The regions of this installation are us-west-2, us-east-1." in done.stderr
    assert (tmp_path / "LuksInternalStorageKey").read_bytes() == b""


def test_the_alias_has_to_be_there(coffer, tmp_path):
    done = shell(coffer, ENCRYPT.replace("us-east-one", EAST).replace(
        "kms encrypt", "kms encrypt --cli-binary-format raw-in-base64-out"), tmp_path)
    assert done.returncode != 0 and "(NotFoundException)" in done.stderr and ALIAS in done.stderr


@pytest.mark.parametrize("corrected", [
    ENCRYPT.replace("kms encrypt", "kms encrypt --cli-binary-format raw-in-base64-out"),
    ENCRYPT.replace(f'"{PASSWORD}"', f'"$(printf %s {PASSWORD} | base64)"')], ids=["raw", "base64"])
def test_the_boot_script_gets_back_what_the_administrator_encrypted(shared_coffer, kms, key, session, tmp_path, corrected):
    set_key_policy(kms, key, key_statements(ROLE_ARN))
    assert corrected != ENCRYPT
    done = shell(shared_coffer, corrected.replace("us-east-one", EAST), tmp_path)
    assert done.returncode == 0, done.stderr
    blob = (tmp_path / "LuksInternalStorageKey").read_bytes()
    assert PASSWORD.encode() not in blob
    done = shell(shared_coffer, DECRYPT + '\nprintf %s "$LuksClearTextKey"', tmp_path, session)
    assert (done.stdout, done.returncode) == (PASSWORD, 0), done.stderr
    records = [record for record in shared_coffer.trail() if record["eventName"] == "Decrypt"]
    assert records[-1]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == ROLE_ARN
    assert PASSWORD not in json.dumps(records)
