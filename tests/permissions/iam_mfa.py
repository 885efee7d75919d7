# SPDX-License-Identifier: Apache-2.0
"""AWS IAM: MFA devices. (A part of iam.py's table.)"""
from authenticator import Authenticator
from permissions.call import Call
from permissions.made import ACCOUNT, name

IAM = f"arn:aws:iam::{ACCOUNT}"


def new_device(made):
    return Authenticator(made.iam.create_virtual_mfa_device(VirtualMFADeviceName=name("device"))["VirtualMFADevice"])


def on_device(**parameters):
    def entry(made):
        serial = new_device(made).serial
        return Call(serial, SerialNumber=serial, **parameters)
    return entry


def create_virtual_mfa_device(_):
    called = name("device")
    serial = f"{IAM}:mfa/{called}"
    return Call(serial, ("iam:TagMFADevice", serial), VirtualMFADeviceName=called, Tags=[{"Key": "a", "Value": "1"}])


def enable_mfa_device(made):
    (user, arn), device = made.user(), new_device(made)
    return Call(arn, UserName=user, SerialNumber=device.serial, **device.codes())


def enabled(made):
    """A new user's name and ARN, and the authenticator in use."""
    (user, arn), device = made.user(), new_device(made)
    made.iam.enable_mfa_device(UserName=user, SerialNumber=device.serial, **device.codes())
    return user, arn, device


def of_user(made):
    user, arn, device = enabled(made)
    return Call(arn, UserName=user, SerialNumber=device.serial)


def resync_mfa_device(made):
    user, arn, device = enabled(made)
    return Call(arn, UserName=user, SerialNumber=device.serial, **device.codes())


def list_mfa_devices(made):
    user, arn = made.user()
    return Call(arn, UserName=user)


OPERATIONS = {
    "CreateVirtualMFADevice": create_virtual_mfa_device,
    "DeactivateMFADevice": of_user,
    "DeleteVirtualMFADevice": on_device(),
    "EnableMFADevice": enable_mfa_device,
    "GetMFADevice": of_user,
    "ListMFADeviceTags": on_device(),
    "ListMFADevices": list_mfa_devices,
    "ListVirtualMFADevices": lambda made: Call(f"{IAM}:mfa/*"),
    "ResyncMFADevice": resync_mfa_device,
    "TagMFADevice": on_device(Tags=[{"Key": "a", "Value": "1"}]),
    "UntagMFADevice": on_device(TagKeys=["a"]),
}
