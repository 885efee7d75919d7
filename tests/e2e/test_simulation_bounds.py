# SPDX-License-Identifier: Apache-2.0
"""Can a caller of the policy simulator keep the installation busy, or fill its memory?"""
import json
import time
from pathlib import Path

POLICY = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


def memory(coffer):
    """The most that apid ever had, in MiB."""
    status = Path(f"/proc/{coffer.daemons()['coffer-apid']}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


def test_many_actions_on_many_resources_are_answered_page_by_page(shared_coffer):
    iam = shared_coffer.client("iam")
    actions = [f"s3:Get{number}" for number in range(1_500)]
    resources = [f"arn:aws:s3:::bucket-{number}" for number in range(1_500)]
    before = memory(shared_coffer)
    answer = iam.simulate_custom_policy(PolicyInputList=[POLICY], ActionNames=actions, ResourceArns=resources, MaxItems=3)
    asked = [(result["EvalActionName"], result["EvalResourceName"]) for result in answer["EvaluationResults"]]
    assert asked == [(actions[0], resource) for resource in resources[:3]] and answer["IsTruncated"]
    more = iam.simulate_custom_policy(PolicyInputList=[POLICY], ActionNames=actions, ResourceArns=resources, MaxItems=3,
                                      Marker=answer["Marker"])
    assert [result["EvalResourceName"] for result in more["EvaluationResults"]] == resources[3:6]
    assert memory(shared_coffer) - before < 100


def test_large_policies_are_asked_fewer_questions_in_a_call(shared_coffer):
    large = json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "*", "Resource": [f"arn:aws:s3:::bucket-{number}/" + "a*" * 60 for number in range(800)]}})
    actions = [f"s3:Get{number}" for number in range(100)]
    results, marker = [], {}
    while True:
        answer = shared_coffer.client("iam").simulate_custom_policy(PolicyInputList=[large], ActionNames=actions, **marker)
        results += answer["EvaluationResults"]
        if not answer["IsTruncated"]:
            break
        assert len(answer["EvaluationResults"]) < 100
        marker = {"Marker": answer["Marker"]}
    assert [result["EvalActionName"] for result in results] == actions


def test_a_policy_of_many_condition_keys_takes_no_time(shared_coffer):
    keys = {f"aws:RequestTag/{number}": "x" for number in range(4_000)}
    policy = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
                                                                 "Condition": {"StringEquals": keys}}})
    start = time.monotonic()
    found = shared_coffer.client("iam").get_context_keys_for_custom_policy(PolicyInputList=[policy])["ContextKeyNames"]
    assert sorted(found) == sorted(keys)
    assert time.monotonic() - start < 5
