# SPDX-License-Identifier: Apache-2.0
"""Generates the C++ of one service: model.h, model.cc and tables.cc, from AWS's model as botocore ships it.

Example: generate.py kms --operations operations/kms.txt --overlay overlay/kms.json --output build/generated/kms
"""
import argparse
import sys
from pathlib import Path

from emit_model import emit_header, emit_source
from emit_tables import emit_tables
from service_model import ModelError, botocore_data, load


def write_if_changed(path, text):
    # An untouched file spares the compiler a rebuild of all that includes it.
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("service", help="name of the service's folder in botocore's data: kms, ec2")
    parser.add_argument("--operations", type=Path, required=True, help="list of operations")
    parser.add_argument("--overlay", type=Path, required=True, help="what is newer than the package")
    parser.add_argument("--output", type=Path, required=True, help="folder to write to")
    parser.add_argument("--models", type=Path, help="botocore's data folder, if not the installed one")
    parser.add_argument("--depfile", type=Path, help="where to write the dependency on the model's file")
    options = parser.parse_args(arguments)
    try:
        model, model_file = load(options.service, options.operations, options.overlay,
                                 options.models or botocore_data())
        files = {"model.h": emit_header(model), "model.cc": emit_source(model), "tables.cc": emit_tables(model)}
    except (ModelError, OSError) as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 1
    options.output.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_if_changed(options.output / name, text)
    if options.depfile:
        options.depfile.write_text(f"{options.output / 'model.h'}: {model_file}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
