# SPDX-License-Identifier: Apache-2.0
"""Of each operation that is served: how it is called, and the permissions that it needs. A file a service.

`OPERATIONS` maps an operation's name to a function that takes the fixtures (made.py) and gives a Call (call.py). A new
operation needs an entry before tests/e2e/test_negative_matrix.py passes. What is needed, and on which ARNs, is from AWS's
Service Authorization Reference, not from what Coffer does."""
