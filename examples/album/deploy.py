"""Deploys the album with plain boto3 calls and prints where it is: python3 deploy.py [--name album]

Endpoint, keys and region come from the AWS_* variables, as for any client. Run again, it updates the code.
"""
import argparse
import io
import json
import pathlib
import sys
import zipfile

import boto3
from botocore.exceptions import ClientError

HERE = pathlib.Path(__file__).parent
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
ROUTES = {
    "POST /albums": "api",
    "GET /albums": "api",
    "GET /albums/{album}": "api",
    "POST /albums/{album}/pictures": "api",
    "$default": "page",
}


def package(folder):
    """A deployment package of everything in a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((HERE / "functions" / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(HERE / "functions" / folder))
    return buffer.getvalue()


def unless(code, call, **arguments):
    """Calls, and takes it that the thing exists already where AWS says so."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
        return None


class Album:
    def __init__(self, name, python, node):
        self.name, self.runtimes = name, {"api": python, "page": node}
        self.iam, self.s3, self.dynamodb = boto3.client("iam"), boto3.client("s3"), boto3.client("dynamodb")
        self.functions, self.api = boto3.client("lambda"), boto3.client("apigatewayv2")
        self.account = boto3.client("sts").get_caller_identity()["Account"]
        self.region = self.functions.meta.region_name
        self.bucket = f"{name}-pictures-{self.account}"

    def backends(self):
        key = [("pk", "HASH"), ("sk", "RANGE")]
        unless(
            "ResourceInUseException",
            self.dynamodb.create_table,
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n, _ in key],
            KeySchema=[{"AttributeName": n, "KeyType": k} for n, k in key],
        )
        self.dynamodb.get_waiter("table_exists").wait(TableName=self.name)
        unless("BucketAlreadyOwnedByYou", self.s3.create_bucket, Bucket=self.bucket)

    def role(self):
        """A role that may do what the API does, and nothing else."""
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        unless(
            "EntityAlreadyExists",
            self.iam.create_role,
            RoleName=self.name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        table = f"arn:aws:dynamodb:{self.region}:{self.account}:table/{self.name}"
        actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"]
        statements = [
            {"Effect": "Allow", "Action": actions, "Resource": table},
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{self.bucket}/*"},
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.iam.put_role_policy(RoleName=self.name, PolicyName="album", PolicyDocument=document)
        self.iam.attach_role_policy(RoleName=self.name, PolicyArn=BASIC)
        return self.iam.get_role(RoleName=self.name)["Role"]["Arn"]

    def function(self, part, handler, role):
        name, code = f"{self.name}-{part}", package(part)
        created = unless(
            "ResourceConflictException",
            self.functions.create_function,
            FunctionName=name,
            Runtime=self.runtimes[part],
            Handler=handler,
            Role=role,
            Timeout=15,
            MemorySize=256,
            Environment={"Variables": {"TABLE": self.name, "BUCKET": self.bucket}},
            Code={"ZipFile": code},
        )
        if created is None:
            created = self.functions.update_function_code(FunctionName=name, ZipFile=code)
        self.functions.get_waiter("function_active_v2").wait(FunctionName=name)
        return created["FunctionArn"]

    def http_api(self, arns):
        known = [api for api in self.api.get_apis()["Items"] if api["Name"] == self.name]
        if known:
            return known[0]
        api = self.api.create_api(Name=self.name, ProtocolType="HTTP")
        integrations = {}
        for part, arn in arns.items():
            integrations[part] = self.api.create_integration(
                ApiId=api["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
            )["IntegrationId"]
            unless(
                "ResourceConflictException",
                self.functions.add_permission,
                FunctionName=f"{self.name}-{part}",
                StatementId=f"api-{api['ApiId']}",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=f"arn:aws:execute-api:{self.region}:{self.account}:{api['ApiId']}/*",
            )
        for route, part in ROUTES.items():
            self.api.create_route(ApiId=api["ApiId"], RouteKey=route, Target=f"integrations/{integrations[part]}")
        self.api.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
        return api

    def deploy(self):
        self.backends()
        role = self.role()
        arns = {"api": self.function("api", "app.handler", role), "page": self.function("page", "index.handler", role)}
        return self.http_api(arns)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="album")
    parser.add_argument("--python", default=f"python3.{sys.version_info.minor}", help="the Lambda runtime of the API")
    parser.add_argument("--node", default="nodejs20.x", help="the Lambda runtime of the page")
    options = parser.parse_args()
    api = Album(options.name, options.python, options.node).deploy()
    print(json.dumps({"api": api["ApiId"], "endpoint": api["ApiEndpoint"]}))


if __name__ == "__main__":
    main()
