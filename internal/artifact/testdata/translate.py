"""Prints what AWS SAM makes of each template of the command line, as JSON."""

import json
import sys

import cfnlint.decode.cfn_yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


def translate(file):
    template = json.loads(json.dumps(cfnlint.decode.cfn_yaml.load(file)))
    for resource in template["Resources"].values():
        if "CodeUri" in resource.get("Properties", {}):
            resource["Properties"]["CodeUri"] = "s3://bucket/key"  # as after sam package
    return Translator({}, Parser()).translate(template, {})


json.dump([translate(file) for file in sys.argv[1:]], sys.stdout)
