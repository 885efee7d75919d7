# SPDX-License-Identifier: Apache-2.0
"""Aliases, tags, descriptions and policies of KMS keys through two SDKs: what works, and AWS's errors for what does not."""
import json

import pytest
from harness import REGION, ZONE, refused
from principals import new_user, policy

UNKNOWN = "12345678-1234-1234-1234-123456789012"


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]


@pytest.fixture
def alias(kms, key, request):
    name = "alias/" + request.node.name.replace("[", "-").replace("]", "")
    kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    return name


def pages(call, **parameters):
    while True:
        page = call(**parameters)
        yield page
        if not page["Truncated"]:
            return
        parameters["Marker"] = page["NextMarker"]


def target_of(kms, name):
    return {a["AliasName"]: a for page in pages(kms.list_aliases) for a in page["Aliases"]}.get(name, {}).get("TargetKeyId")


# Aliases

def test_an_alias_moves_to_another_key(kms, key, alias):
    blob = kms.encrypt(KeyId=alias, Plaintext=b"before")
    other = kms.create_key()["KeyMetadata"]
    kms.update_alias(AliasName=alias, TargetKeyId=other["Arn"])
    assert kms.encrypt(KeyId=alias, Plaintext=b"after")["KeyId"] == other["Arn"]
    assert kms.decrypt(CiphertextBlob=blob["CiphertextBlob"])["KeyId"] == key["Arn"]
    listed = kms.list_aliases(KeyId=other["KeyId"])["Aliases"][0]
    assert listed["AliasName"] == alias and listed["LastUpdatedDate"] > listed["CreationDate"]
    assert kms.list_aliases(KeyId=key["KeyId"])["Aliases"] == []


def test_a_deleted_alias_is_gone_and_its_key_is_not(kms, key, alias):
    kms.delete_alias(AliasName=alias)
    assert target_of(kms, alias) is None
    message = refused("NotFoundException", kms.encrypt, KeyId=alias, Plaintext=b"x")
    assert message == f"Alias arn:aws:kms:{REGION}:123456789012:{alias} is not found."
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["Enabled"]
    refused("NotFoundException", kms.delete_alias, AliasName=alias)


def test_update_alias_wants_an_alias_and_a_key(kms, key, alias):
    refused("NotFoundException", kms.update_alias, AliasName="alias/none", TargetKeyId=key["KeyId"])
    refused("NotFoundException", kms.update_alias, AliasName=alias, TargetKeyId=UNKNOWN)
    refused("ValidationException", kms.update_alias, AliasName=alias, TargetKeyId=alias)
    refused("ValidationException", kms.update_alias, AliasName="none", TargetKeyId=key["KeyId"])
    refused("ValidationException", kms.create_alias, AliasName="alias/sp ace", TargetKeyId=key["KeyId"])
    refused("ValidationException", kms.create_alias, AliasName="alias/" + 251 * "a", TargetKeyId=key["KeyId"])


@pytest.mark.parametrize("operation", ["create_alias", "update_alias"])
def test_the_reserved_names_are_aws(kms, key, operation):
    refused("NotAuthorizedException", getattr(kms, operation), AliasName="alias/aws/ebs", TargetKeyId=key["KeyId"])
    refused("NotAuthorizedException", kms.delete_alias, AliasName="alias/aws/ebs")


def test_a_key_has_at_most_50_aliases(kms, key, alias):
    for number in range(49):
        kms.create_alias(AliasName=f"{alias}-{number}", TargetKeyId=key["KeyId"])
    refused("LimitExceededException", kms.create_alias, AliasName=f"{alias}-50", TargetKeyId=key["KeyId"])
    kms.update_alias(AliasName=alias, TargetKeyId=key["KeyId"])  # it has the key already
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"{alias}-other", TargetKeyId=other)
    refused("LimitExceededException", kms.update_alias, AliasName=f"{alias}-other", TargetKeyId=key["KeyId"])


def test_aliases_come_by_name_and_page(kms, key, alias):
    read = list(pages(kms.list_aliases, Limit=3))
    names = [a["AliasName"] for page in read for a in page["Aliases"]]
    assert all(len(page["Aliases"]) <= 3 for page in read) and names == sorted(set(names)) and alias in names
    refused("InvalidMarkerException", kms.list_aliases, Marker="nonsense")
    refused("NotFoundException", kms.list_aliases, KeyId=UNKNOWN)


# AWS managed keys

def test_predefined_aliases_are_listed_before_they_have_keys(shared_coffer):
    kms = shared_coffer.client("kms", "us-east-1")
    listed = {a["AliasName"]: a for a in kms.list_aliases()["Aliases"]}
    assert set(listed) == {"alias/aws/ebs", "alias/aws/elasticfilesystem", "alias/aws/s3"}
    assert "TargetKeyId" not in listed["alias/aws/s3"]
    made = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert (made["KeyManager"], made["Description"]) == (
        "AWS", "Default key that protects my S3 objects when no other key is defined")
    assert target_of(kms, "alias/aws/s3") == made["KeyId"]


@pytest.mark.parametrize("name, service, actions", [
    ("ebs", "ec2", ["kms:CreateGrant"]), ("elasticfilesystem", "elasticfilesystem", ["kms:CreateGrant"]), ("s3", "s3", [])])
def test_a_managed_key_has_the_policy_that_aws_gives_it(kms, name, service, actions):
    key = kms.describe_key(KeyId=f"alias/aws/{name}")["KeyMetadata"]["KeyId"]
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    use, metadata = policy["Statement"]
    assert use["Principal"] == {"AWS": "*"} and use["Condition"] == {"StringEquals": {
        "kms:CallerAccount": "123456789012", "kms:ViaService": f"{service}.{REGION}.amazonaws.com"}}
    assert use["Action"] == ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", *actions,
                             "kms:DescribeKey"]
    assert metadata["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert metadata["Action"][:3] == ["kms:Describe*", "kms:Get*", "kms:List*"]


def test_nobody_changes_a_managed_key(kms):
    key = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["KeyId"]
    for call, parameters in [
            (kms.disable_key, {}), (kms.enable_key, {}), (kms.update_key_description, {"Description": "mine"}),
            (kms.tag_resource, {"Tags": [{"TagKey": "a", "TagValue": "b"}]}), (kms.untag_resource, {"TagKeys": ["a"]}),
            (kms.put_key_policy, {"PolicyName": "default", "Policy": "{}"})]:
        message = refused("AccessDeniedException", call, KeyId=key, **parameters)
        assert "no resource-based policy allows the kms:" in message, call
    refused("AccessDeniedException", kms.create_alias, AliasName="alias/mine", TargetKeyId=key)


# Descriptions and tags

def test_a_description_is_replaced(kms, key):
    kms.update_key_description(KeyId=key["Arn"], Description="another")
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["Description"] == "another"
    kms.update_key_description(KeyId=key["KeyId"], Description="")
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["Description"] == ""
    refused("ValidationException", kms.update_key_description, KeyId=key["KeyId"], Description=8193 * "x")


def tags_of(kms, key):
    return {t["TagKey"]: t["TagValue"] for page in pages(kms.list_resource_tags, KeyId=key["KeyId"], Limit=2)
            for t in page["Tags"]}


def test_tags_are_added_edited_and_removed(kms, key):
    kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": k, "TagValue": "1"} for k in "cab"])
    kms.tag_resource(KeyId=key["Arn"], Tags=[{"TagKey": "a", "TagValue": "2"}, {"TagKey": "A", "TagValue": ""}])
    assert tags_of(kms, key) == {"a": "2", "b": "1", "c": "1", "A": ""}
    kms.untag_resource(KeyId=key["KeyId"], TagKeys=["b", "not there"])
    assert tags_of(kms, key) == {"a": "2", "c": "1", "A": ""}


def test_what_tags_may_not_be(kms, key):
    def tag(*names):
        return {"KeyId": key["KeyId"], "Tags": [{"TagKey": name, "TagValue": ""} for name in names]}
    refused("TagException", kms.tag_resource, **tag("aws:mine"))
    assert refused("TagException", kms.tag_resource, **tag("a", "a")) == "Duplicate tag keys"
    assert refused("TagException", kms.tag_resource, **tag(*map(str, range(51)))) == "Too many tags"
    kms.tag_resource(**tag(*map(str, range(50))))
    refused("TagException", kms.tag_resource, **tag("one more"))
    kms.tag_resource(**tag("7"))  # edits
    refused("ValidationException", kms.tag_resource, **tag(129 * "x"))
    refused("NotFoundException", kms.tag_resource, KeyId=UNKNOWN, Tags=[])
    refused("NotFoundException", kms.tag_resource, KeyId="alias/none", Tags=[])
    refused("InvalidMarkerException", kms.list_resource_tags, KeyId=key["KeyId"], Marker="nonsense")


# Policies

def allow_root(**more):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*",
        **more}]})


def test_a_key_policy_is_replaced(kms, key):
    default = json.loads(kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])
    assert default["Id"] == "key-default-1"
    kms.put_key_policy(KeyId=key["Arn"], PolicyName="default", Policy=allow_root(Sid="mine"))
    assert kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"] == allow_root(Sid="mine")
    assert kms.list_key_policies(KeyId=key["KeyId"])["PolicyNames"] == ["default"]


def test_a_key_has_the_policy_it_was_made_with(kms):
    key = kms.create_key(Policy=allow_root(Sid="from the start"))["KeyMetadata"]["KeyId"]
    assert kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"] == allow_root(Sid="from the start")


def test_what_a_key_policy_may_not_be(kms, key):
    def put(policy, name="default"):
        return {"KeyId": key["KeyId"], "PolicyName": name, "Policy": policy}
    refused("MalformedPolicyDocumentException", kms.put_key_policy, **put("{"))
    refused("MalformedPolicyDocumentException", kms.put_key_policy, **put('{"Statement": [{"Effect": "Perhaps"}]}'))
    refused("MalformedPolicyDocumentException", kms.create_key, Policy="no policy")
    refused("LimitExceededException", kms.put_key_policy, **put(allow_root(Sid=33000 * "s")))
    assert refused("NotFoundException", kms.put_key_policy, **put(allow_root(), "other")) == "No such policy exists"
    refused("NotFoundException", kms.get_key_policy, KeyId=key["KeyId"], PolicyName="other")
    refused("NotFoundException", kms.list_key_policies, KeyId=UNKNOWN)


# Metadata

def test_a_multi_region_key_describes_itself(kms):
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]
    assert key["MultiRegion"] and key["KeyId"].startswith("mrk-") and len(key["KeyId"]) == 36
    assert key == kms.describe_key(KeyId=key["Arn"])["KeyMetadata"]
    assert key["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "PRIMARY", "PrimaryKey": {"Arn": key["Arn"], "Region": REGION}, "ReplicaKeys": []}
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"multi")["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=blob)
    assert (opened["KeyId"], opened["Plaintext"]) == (key["Arn"], b"multi")


def test_an_aws_managed_key_is_made_only_for_who_may_use_it(coffer):
    alias = "alias/aws/ebs"
    root, iam = coffer.client("kms"), coffer.client("iam")

    def client(service, called, *documents):
        return coffer.client(service, credentials=new_user(iam, called, *documents))

    refused("AccessDeniedException", client("kms", "stranger", policy("sts:*")).describe_key, KeyId=alias)
    refused("AccessDeniedException", root.encrypt, KeyId=alias, Plaintext=b"x")
    ec2 = client("ec2", "keyless", policy("ec2:*"), policy("kms:*", effect="Deny"))
    for key in ({}, {"KmsKeyId": alias}):
        ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, **key)
    assert target_of(root, alias) is None
    assert "CreateKey" not in [record["eventName"] for record in coffer.trail()]
    but_volumes = policy("kms:*", effect="Deny", Condition={"StringNotLike": {"kms:EncryptionContext:aws:ebs:id": "vol-*"}})
    user = client("ec2", "user", policy("ec2:*"), but_volumes)
    user.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True)
    assert root.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"] == target_of(root, alias)
