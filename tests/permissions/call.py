# SPDX-License-Identifier: Apache-2.0
"""How an operation is called, and what that needs."""


class Call:
    """A call with `parameters` that needs each of `needs`: a resource, for the operation's own action; or an action and a
    resource, for what it depends on. Without any, everybody may call it.

    by: who calls, where that is not the installation's own account (made.Account).
    ends, because: the service error with which it ends for those who may, and why that is as far as a test gets."""

    def __init__(self, *needs, by=None, ends=None, because=None, **parameters):
        assert (ends is None) == (because is None), "a call that ends with an error says why"
        self.needs, self.by, self.ends, self.parameters = needs, by, ends, parameters

    def permissions(self, service, operation):
        """(action, resource), each once."""
        own = f"{service}:{operation}"
        return list(dict.fromkeys((own, need) if isinstance(need, str) else need for need in self.needs))


def on_nothing(**parameters):
    """Of an operation that is about no resource."""
    return lambda made: Call("*", **parameters)
