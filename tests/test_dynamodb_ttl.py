"""DynamoDB's time to live by boto3."""
import time
import uuid

import pytest
from botocore.exceptions import ClientError

from server import wait_until


def test_items_go_within_a_minute_of_their_time(client):
    ddb = client("dynamodb")
    name = f"t-{uuid.uuid4().hex[:12]}"
    ddb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "place")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "places",
                "KeySchema": [{"AttributeName": "place", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    now = int(time.time())
    put = lambda pk, until: ddb.put_item(
        TableName=name, Item={"pk": {"S": pk}, "place": {"S": "rome"}, "until": {"N": str(until)}}
    )
    put("before", now - 10)
    until = {"Enabled": True, "AttributeName": "until"}
    answer = ddb.update_time_to_live(TableName=name, TimeToLiveSpecification=until)
    assert answer["TimeToLiveSpecification"] == until
    described = lambda: ddb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    wait_until("enabling", lambda: described() == {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"})
    put("after", now - 10)
    put("stays", now + 3600)
    keys = lambda **more: sorted(item["pk"]["S"] for item in ddb.scan(TableName=name, **more)["Items"])
    wait_until("expiry", lambda: keys() == ["stays"], seconds=60)
    assert keys(IndexName="places") == ["stays"]
    with pytest.raises(ClientError) as refused:
        ddb.update_time_to_live(TableName=name, TimeToLiveSpecification=until)
    assert refused.value.response["Error"]["Message"] == "TimeToLive is already enabled"
    ddb.update_time_to_live(TableName=name, TimeToLiveSpecification=until | {"Enabled": False})
    assert described() == {"TimeToLiveStatus": "DISABLED"}
