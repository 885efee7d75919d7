# SPDX-License-Identifier: Apache-2.0
"""Virtual MFA devices: are they made, given to users and taken from them as at AWS?"""
import base64
import subprocess

import pytest

from authenticator import Authenticator, enable_mfa
from harness import refused
from principals import policy

ACCOUNT = "123456789012"
INVALID = "Authentication code for device is not valid."


@pytest.fixture
def iam(coffer):
    iam = coffer.client("iam")
    iam.create_user(UserName="alice")
    return iam


def new_device(iam, name="phone", **more):
    return iam.create_virtual_mfa_device(VirtualMFADeviceName=name, **more)["VirtualMFADevice"]


def in_use(iam, device, user="alice"):
    iam.enable_mfa_device(UserName=user, SerialNumber=device.serial, **device.codes())
    return device


def test_a_new_device_shows_its_seed_once(iam):
    made = new_device(iam, Path="/people/")
    assert made["SerialNumber"] == f"arn:aws:iam::{ACCOUNT}:mfa/people/phone"
    assert len(base64.b32decode(made["Base32StringSeed"])) == 40
    assert made["QRCodePNG"].startswith(b"\x89PNG")
    shown, = iam.list_virtual_mfa_devices()["VirtualMFADevices"]
    assert shown == {"SerialNumber": made["SerialNumber"]}
    assert refused("EntityAlreadyExists", iam.create_virtual_mfa_device, VirtualMFADeviceName="phone", Path="/people/") == (
        "MFADevice entity at the same path and name already exists.")
    assert new_device(iam)["Base32StringSeed"] != made["Base32StringSeed"]


@pytest.mark.parametrize("alias", [None, "coffer-test"])
def test_the_qr_code_holds_the_seed(iam, tmp_path, alias):
    """Read by ZXing's reader, as a phone would."""
    if alias:
        iam.create_account_alias(AccountAlias=alias)
    made = new_device(iam)
    (tmp_path / "code.png").write_bytes(made["QRCodePNG"])
    read = subprocess.run(["ZXingReader", "-format", "QRCode", tmp_path / "code.png"], capture_output=True, text=True, timeout=30)
    seed = made["Base32StringSeed"].decode()
    assert f"otpauth://totp/phone@{alias or ACCOUNT}?secret={seed}\"" in read.stdout.replace("'", '"'), read


def test_the_life_of_a_device(coffer, iam):
    device = in_use(iam, Authenticator(new_device(iam)))
    listed, = iam.list_mfa_devices(UserName="alice")["MFADevices"]
    assert (listed["UserName"], listed["SerialNumber"]) == ("alice", device.serial) and listed["EnableDate"]
    virtual, = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert virtual["User"]["UserName"] == "alice" and virtual["EnableDate"] == listed["EnableDate"]
    extended_iam = coffer.extended_client("iam")
    assert extended_iam.get_mfa_device(SerialNumber=device.serial, UserName="alice")["EnableDate"] == listed["EnableDate"]
    summary = iam.get_account_summary()["SummaryMap"]
    assert (summary["MFADevices"], summary["MFADevicesInUse"], summary["AccountMFAEnabled"]) == (1, 1, 0)
    assert refused("DeleteConflict", iam.delete_virtual_mfa_device, SerialNumber=device.serial) == (
        "MFA VirtualDevice in use. Must deactivate first.")
    assert refused("DeleteConflict", iam.delete_user, UserName="alice") == (
        "Cannot delete entity, must delete MFA device first.")
    iam.update_user(UserName="alice", NewUserName="alicia")
    assert iam.list_mfa_devices(UserName="alicia")["MFADevices"][0]["UserName"] == "alicia"
    iam.deactivate_mfa_device(UserName="alicia", SerialNumber=device.serial)
    assert iam.list_mfa_devices(UserName="alicia")["MFADevices"] == []
    refused("NoSuchEntity", extended_iam.get_mfa_device, SerialNumber=device.serial, UserName="alicia")
    in_use(iam, device, "alicia")
    iam.deactivate_mfa_device(UserName="alicia", SerialNumber=device.serial)
    iam.delete_virtual_mfa_device(SerialNumber=device.serial)
    iam.delete_user(UserName="alicia")
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []


def test_two_codes_in_a_row_are_needed(iam):
    device = Authenticator(new_device(iam))
    first, second, third = device.code(), device.code(), device.code()
    enable = {"UserName": "alice", "SerialNumber": device.serial}
    for codes in ((first, first), (second, first), (first, third), (device.wrong_code(), device.wrong_code())):
        assert refused("InvalidAuthenticationCode", iam.enable_mfa_device, **enable, AuthenticationCode1=codes[0],
                       AuthenticationCode2=codes[1]) == INVALID
    iam.enable_mfa_device(**enable, AuthenticationCode1=first, AuthenticationCode2=second)
    # They are used up, for whoever has the device next too.
    iam.deactivate_mfa_device(**enable)
    for codes in ((first, second), (second, third)):
        refused("InvalidAuthenticationCode", iam.enable_mfa_device, **enable, AuthenticationCode1=codes[0],
                AuthenticationCode2=codes[1])


def test_a_clock_that_is_far_off_is_refused(iam):
    device = Authenticator(new_device(iam), behind=25)
    refused("InvalidAuthenticationCode", iam.enable_mfa_device, UserName="alice", SerialNumber=device.serial, **device.codes())


def test_a_device_is_resynchronised(iam):
    device = in_use(iam, Authenticator(new_device(iam)))
    for _ in range(4):
        device.code()  # that nobody hears
    resync = {"UserName": "alice", "SerialNumber": device.serial}
    wrong = device.wrong_code()
    refused("InvalidAuthenticationCode", iam.resync_mfa_device, **resync, AuthenticationCode1=wrong, AuthenticationCode2=wrong)
    iam.resync_mfa_device(**resync, **device.codes())
    refused("NoSuchEntity", iam.resync_mfa_device, UserName="alice", SerialNumber=device.serial + "2", **device.codes())


def test_whose_a_device_is(iam):
    device = in_use(iam, Authenticator(new_device(iam)))
    iam.create_user(UserName="bob")
    refused("EntityAlreadyExists", iam.enable_mfa_device, UserName="bob", SerialNumber=device.serial, **device.codes())
    assert refused("NoSuchEntity", iam.deactivate_mfa_device, UserName="bob", SerialNumber=device.serial) == (
        "MFA Device invalid for user.")
    absent = device.serial + "2"
    assert refused("NoSuchEntity", iam.enable_mfa_device, UserName="bob", SerialNumber=absent, **device.codes()) == (
        f"VirtualMFADevice with serial number {absent} does not exist.")
    refused("NoSuchEntity", iam.delete_virtual_mfa_device, SerialNumber=absent)


def test_a_user_has_eight_devices_at_most(iam):
    for number in range(8):
        enable_mfa(iam, "alice", f"phone-{number}")
    ninth = Authenticator(new_device(iam))
    assert refused("LimitExceeded", iam.enable_mfa_device, UserName="alice", SerialNumber=ninth.serial, **ninth.codes()) == (
        "Cannot exceed quota for MFADevicesPerUser: 8")
    page = iam.list_mfa_devices(UserName="alice", MaxItems=5)
    rest = iam.list_mfa_devices(UserName="alice", MaxItems=5, Marker=page["Marker"])
    assert (len(page["MFADevices"]), page["IsTruncated"], len(rest["MFADevices"]), rest["IsTruncated"]) == (5, True, 3, False)
    unassigned, = iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]
    assert unassigned["SerialNumber"] == ninth.serial
    listed = [device["SerialNumber"] for page in iam.get_paginator("list_virtual_mfa_devices").paginate(
        PaginationConfig={"PageSize": 4}) for device in page["VirtualMFADevices"]]
    assert len(listed) == 9 and listed == sorted(listed)


def test_the_tags_of_a_device(iam):
    serial = new_device(iam, Tags=[{"Key": "team", "Value": "blue"}])["SerialNumber"]
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "use", "Value": "test"}])
    assert {tag["Key"] for tag in iam.list_mfa_device_tags(SerialNumber=serial)["Tags"]} == {"team", "use"}
    iam.untag_mfa_device(SerialNumber=serial, TagKeys=["team"])
    assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == [{"Key": "use", "Value": "test"}]
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=policy("iam:*"))
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    assert refused("NoSuchEntity", iam.list_mfa_device_tags, SerialNumber=serial)
    assert iam.list_mfa_device_tags(SerialNumber=new_device(iam)["SerialNumber"])["Tags"] == []


def test_seeds_follow_the_domain_key(coffer, iam):
    """A rotation re-wraps them; the device goes on."""
    device = in_use(iam, Authenticator(new_device(iam)))
    coffer.command("domain-key", "rotate")
    iam.resync_mfa_device(UserName="alice", SerialNumber=device.serial, **device.codes())
