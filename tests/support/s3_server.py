"""A real HTTP server that speaks S3 and checks signatures; run by a Python that has `moto`.

    python s3_server.py

One line of JSON: its address, a bucket, a user's two keys. Then for each line on stdin the objects of
the bucket, as {name: [text, metadata]}. It ends with its stdin.
"""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

import json
import os
import sys
from typing import Any
from urllib.request import Request, urlopen

# Whoever makes the user is not asked who they are.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "1000000"
REGION = "eu-central-1"
BUCKET = "feedback"


def main() -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    server: Any = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    root = {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
    iam: Any = boto3.client("iam", endpoint_url=url, region_name=REGION, **root)
    iam.create_user(UserName="team")
    keys = iam.create_access_key(UserName="team")["AccessKey"]
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="team", PolicyName="all", PolicyDocument=policy)
    given = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
    }
    s3: Any = boto3.client("s3", endpoint_url=url, region_name=REGION, **given)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    every = {"Content-Type": "text/plain"}  # from here on every signature is checked
    urlopen(Request(f"{url}/moto-api/reset-auth", data=b"0", headers=every)).close()
    about = {"url": url, "bucket": BUCKET, "region": REGION}
    about |= {"id": given["aws_access_key_id"], "secret": given["aws_secret_access_key"]}
    say(about)
    for _ in sys.stdin:
        found: dict[str, Any] = {}
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        for row in [row for page in pages for row in page.get("Contents", [])]:
            answer = s3.get_object(Bucket=BUCKET, Key=row["Key"])
            found[row["Key"]] = [answer["Body"].read().decode("utf-8"), answer["Metadata"]]
        say(found)
    server.stop()


def say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
