"""The rule by which a bucket removes the parts of cut uploads stands in the documentation as a store takes it."""

from __future__ import annotations

import json
import os
import re
import subprocess

from tests.conftest import REPOSITORY
from tests.s3_server import BUCKET, SERVER, S3Server, environment

TELL = """
import json, sys, boto3
client, bucket = boto3.client("s3"), sys.argv[1]
client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=json.loads(sys.argv[2]))
print(json.dumps(client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]))
"""


def test_the_store_takes_the_documented_rule(s3: S3Server) -> None:
    [rule] = re.findall(r"```json\n(.*?)```", (REPOSITORY / "docs" / "scaling.md").read_text(), re.DOTALL)
    told = subprocess.run(
        [SERVER.with_name("python"), "-c", TELL, BUCKET, rule],
        env=os.environ | environment(s3.address) | {"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == json.loads(rule)["Rules"]
