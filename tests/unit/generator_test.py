# SPDX-License-Identifier: Apache-2.0
"""Does the generator turn today's lists into code, and does it stop when the models no longer hold what they name?"""
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

WIRE = Path(__file__).resolve().parents[2] / "src" / "wire"
sys.path.insert(0, str(WIRE / "generator"))

from names import literal, snake_case  # noqa: E402
from service_model import ModelError, botocore_data, load, merge_overlay, newest_model_file, read_operations  # noqa: E402

SERVICES = sorted(path.stem for path in (WIRE / "operations").glob("*.txt"))


def run(service, output, operations=None, overlay=None, models=None):
    command = ["/usr/bin/python3", "-B", str(WIRE / "generator" / "generate.py"), service,
               "--operations", str(operations or WIRE / "operations" / f"{service}.txt"),
               "--overlay", str(overlay or WIRE / "overlay" / f"{service}.json"), "--output", str(output)]
    if models:
        command += ["--models", str(models)]
    return subprocess.run(command, capture_output=True, text=True)


def raw_model(service):
    return json.loads(newest_model_file(botocore_data(), service).read_text())


def copy_of_models(folder, service, model):
    target = folder / "models" / service / "2099-01-01"
    target.mkdir(parents=True)
    (target / "service-2.json").write_text(json.dumps(model))
    return folder / "models"


def test_every_service_has_a_list_and_an_overlay():
    assert SERVICES
    assert SERVICES == sorted(path.stem for path in (WIRE / "overlay").glob("*.json"))


@pytest.mark.parametrize("service", SERVICES)
def test_generates_todays_lists(service, tmp_path):
    done = run(service, tmp_path)
    assert done.returncode == 0, done.stderr
    header = (tmp_path / "model.h").read_text()
    tables = (tmp_path / "tables.cc").read_text()
    for operation in read_operations(WIRE / "operations" / f"{service}.txt"):
        assert f"> {snake_case(operation)}(Call& call, " in header
        assert f'{{.name = "{operation}", .input = ' in tables


@pytest.mark.parametrize("service", SERVICES)
def test_every_listed_operation_exists(service):
    model = raw_model(service)
    merge_overlay(model, json.loads((WIRE / "overlay" / f"{service}.json").read_text()))
    listed = read_operations(WIRE / "operations" / f"{service}.txt")
    assert listed and set(listed) <= set(model["operations"])


@pytest.mark.parametrize("service", SERVICES)
def test_overlay_reaches_the_code(service, tmp_path):
    assert run(service, tmp_path).returncode == 0
    header = (tmp_path / "model.h").read_text()
    overlay = json.loads((WIRE / "overlay" / f"{service}.json").read_text())
    added = [(shape, member) for shape, entry in overlay["shapes"].items() if not entry.get("exception")
             for member in entry.get("members", {})]
    marked = [shape for shape, entry in overlay["shapes"].items() if "sensitive" in entry or "optional" in entry]
    values = [value for entry in overlay["shapes"].values() for value in entry.get("enum", [])]
    assert added or marked or values
    tables = (tmp_path / "tables.cc").read_text()
    assert [value for value in values if f'"{value}"' not in tables] == []
    for shape, member in added:
        body = re.search(rf"^struct {shape} {{$(.*?)^}};$", header, re.MULTILINE | re.DOTALL)
        assert body and re.search(rf" {snake_case(member)}( =|;)", body.group(1)), (shape, member)


def test_output_is_the_same_every_time(tmp_path):
    for name in ("one", "two"):
        assert run("kms", tmp_path / name).returncode == 0
    for file in ("model.h", "model.cc", "tables.cc"):
        assert (tmp_path / "one" / file).read_text() == (tmp_path / "two" / file).read_text()


def test_an_unchanged_file_is_not_touched(tmp_path):
    assert run("kms", tmp_path).returncode == 0
    before = (tmp_path / "model.h").stat().st_mtime_ns
    assert run("kms", tmp_path).returncode == 0
    assert (tmp_path / "model.h").stat().st_mtime_ns == before


def test_an_operation_that_the_model_lost_stops_the_build(tmp_path):
    model = raw_model("kms")
    del model["operations"]["DescribeKey"]
    done = run("kms", tmp_path / "out", models=copy_of_models(tmp_path, "kms", model))
    assert done.returncode == 1
    assert "kms has no operation DescribeKey" in done.stderr
    assert not (tmp_path / "out" / "model.h").exists()


def test_an_unknown_operation_in_the_list_stops_the_build(tmp_path):
    listed = tmp_path / "kms.txt"
    listed.write_text("DescribeKey\nMakeCoffee  # not yet\n")
    done = run("kms", tmp_path, operations=listed)
    assert done.returncode == 1
    assert "MakeCoffee" in done.stderr and "not yet" not in done.stderr


def test_a_repeated_operation_stops_the_build(tmp_path):
    listed = tmp_path / "kms.txt"
    listed.write_text("DescribeKey\nDescribeKey\n")
    assert "lists twice: DescribeKey" in run("kms", tmp_path, operations=listed).stderr


def model_of(members):
    return {"operations": {}, "shapes": {"Text": {"type": "string"}, "Thing": {"type": "structure", "members": members}}}


def test_overlay_adds_members_shapes_and_operations():
    model = model_of({"A": {"shape": "Text"}})
    merge_overlay(model, {"shapes": {"Thing": {"members": {"B": {"shape": "Text"}}, "required": ["B"]},
                                     "New": {"type": "string"}},
                          "operations": {"DoIt": {"name": "DoIt", "input": {"shape": "Thing"}}}})
    assert list(model["shapes"]["Thing"]["members"]) == ["A", "B"]
    assert model["shapes"]["Thing"]["required"] == ["B"]
    assert "New" in model["shapes"] and "DoIt" in model["operations"]


def test_overlay_marks_what_is_secret_and_what_may_be_absent():
    model = model_of({"A": {"shape": "Text"}})
    model["shapes"]["Thing"]["required"] = ["A"]
    merge_overlay(model, {"shapes": {"Thing": {"optional": ["A"]}, "Text": {"sensitive": True}}})
    assert model["shapes"]["Thing"]["required"] == [] and model["shapes"]["Text"]["sensitive"] is True
    with pytest.raises(ModelError):
        merge_overlay(model, {"shapes": {"Thing": {"optional": ["B"]}}})


def test_overlay_may_say_again_what_the_model_has_come_to_say():
    model = model_of({"A": {"shape": "Text", "documentation": "…"}})
    merge_overlay(model, {"shapes": {"Thing": {"members": {"A": {"shape": "Text"}}}}})
    assert model["shapes"]["Thing"]["members"]["A"]["documentation"] == "…"


@pytest.mark.parametrize("overlay", [
    {"shapes": {"Thing": {"members": {"A": {"shape": "Other"}}}}},
    {"shapes": {"Thing": {"type": "string"}}},
    {"shapes": {"Missing": {"members": {}}}},
    {"operations": {"Missing": {"errors": []}}},
    {"shape": {}},
])
def test_overlay_that_contradicts_the_model_is_refused(overlay):
    with pytest.raises(ModelError):
        merge_overlay(model_of({"A": {"shape": "Text"}}), overlay)


def test_structures_that_contain_each_other_are_refused(tmp_path):
    model = raw_model("kms")
    model["shapes"]["Tag"]["members"]["Key"] = {"shape": "CreateKeyRequest"}
    model["shapes"]["CreateKeyRequest"]["members"]["Tag"] = {"shape": "Tag"}
    done = run("kms", tmp_path / "out", models=copy_of_models(tmp_path, "kms", model))
    assert done.returncode == 1 and "contain each other" in done.stderr


def test_a_structure_follows_what_it_holds_even_in_a_cycle_through_a_list(tmp_path):
    model = raw_model("kms")
    model["shapes"]["Tag"]["members"]["Origin"] = {"shape": "CreateKeyRequest"}
    done = run("kms", tmp_path / "out", models=copy_of_models(tmp_path, "kms", model))
    assert done.returncode == 0, done.stderr
    header = (tmp_path / "out" / "model.h").read_text()
    assert header.index("struct CreateKeyRequest {") < header.index("struct Tag {")
    compiled = subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-I", str(WIRE.parent), "-x", "c++", "-"],
                              input=header, capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stderr


def test_rest_bindings_are_generated(tmp_path):
    assert run("ebs", tmp_path).returncode == 0
    tables = (tmp_path / "tables.cc").read_text()
    assert ('.http = {.method = "PUT", .uri = "/snapshots/{snapshotId}/blocks/{blockIndex}", .status = 201}, '
            '.unsigned_payload = true}') in tables
    assert ".location = wire::Location::kHeader" in tables and '.payload = "BlockData"' in tables
    assert run("kms", tmp_path).returncode == 0
    assert ".http = " not in (tmp_path / "tables.cc").read_text()


@pytest.mark.parametrize("change, complaint", [
    (lambda shapes: shapes["GetSnapshotBlockRequest"]["members"]["BlockToken"].update(location="headers"),
     "location headers is not known"),
    (lambda shapes: shapes["GetSnapshotBlockRequest"]["members"]["BlockToken"].update(shape="Tags", location="header"),
     "a list cannot stand in location header"),
    (lambda shapes: shapes["GetSnapshotBlockRequest"]["members"]["BlockToken"].update(shape="Tags"),
     "a list cannot stand in location querystring"),
    (lambda shapes: shapes["TimeStamp"].update(timestampFormat="iso8601"), "no timestampFormat"),
])
def test_a_binding_that_the_protocol_does_not_speak_stops_the_build(change, complaint, tmp_path):
    model = raw_model("ebs")
    change(model["shapes"])
    done = run("ebs", tmp_path / "out", models=copy_of_models(tmp_path, "ebs", model))
    assert done.returncode == 1 and complaint in done.stderr
    assert not (tmp_path / "out" / "model.h").exists()


def test_only_reachable_shapes_are_generated(tmp_path):
    listed = tmp_path / "kms.txt"
    listed.write_text("ListKeys\n")
    model, _ = load("kms", listed, WIRE / "overlay" / "kms.json", botocore_data())
    assert "KeyListEntry" in model.shapes and "KeyMetadata" not in model.shapes


@pytest.mark.parametrize("name, snake", [
    ("KmsKeyId", "kms_key_id"), ("AWSAccountId", "aws_account_id"), ("XksKeyId", "xks_key_id"), ("Iops", "iops"),
    ("MultiAttachEnabled", "multi_attach_enabled"), ("Default", "default_"), ("Ipv6CidrBlock", "ipv6_cidr_block"),
])
def test_snake_case(name, snake):
    assert snake_case(name) == snake


def test_literals_are_ascii():
    assert literal('a"\\b\n\u00e9') == '"a\\"\\\\b\\012\\303\\251"'
