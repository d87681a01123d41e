"""DynamoDB's secondary indexes by boto3: waiters, paginators, a live table, a restart and a killed server."""
import concurrent.futures
import time
import uuid

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from server import KEY, REGION, SECRET, Server, wait_until


def clients(server):
    """The client and the resource."""
    settings = {
        "region_name": REGION,
        "endpoint_url": server.url,
        "aws_access_key_id": KEY,
        "aws_secret_access_key": SECRET,
    }
    return boto3.client("dynamodb", **settings), boto3.resource("dynamodb", **settings)


@pytest.fixture
def own(tmp_path):
    """A server that a test may restart and kill."""
    server = Server(tmp_path / "data")
    yield server
    server.stop()


def keys(*names):
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"))]


def create(resource, indexed=True):
    """A table of photos, with an index of each album by time and one of all by place, or without."""
    attributes = {"pk": "S", "sk": "N"} | ({"taken": "S", "place": "S"} if indexed else {})
    by_time = {"IndexName": "by-time", "KeySchema": keys("pk", "taken"), "Projection": {"ProjectionType": "KEYS_ONLY"}}
    places = {"IndexName": "places", "KeySchema": keys("place", "taken"), "Projection": {"ProjectionType": "ALL"}}
    table = resource.create_table(
        TableName=f"t-{uuid.uuid4().hex[:12]}",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=keys("pk", "sk"),
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in attributes.items()],
        **({"LocalSecondaryIndexes": [by_time], "GlobalSecondaryIndexes": [places]} if indexed else {}),
    )
    table.wait_until_exists()
    return table


def in_step(table, index, attribute):
    """The index holds exactly the items that have the attribute, as they are. Answers how many."""

    def scan(**more):
        pages = table.meta.client.get_paginator("scan").paginate(TableName=table.name, **more)
        return sorted((item for page in pages for item in page["Items"]), key=lambda item: (item["pk"], item["sk"]))

    items = [item for item in scan() if attribute in item]
    assert scan(IndexName=index) == items
    return len(items)


def test_photos_are_found_by_place_and_by_time(server):
    client, resource = clients(server)
    table = create(resource)
    with table.batch_writer() as batch:
        for n in range(60):
            batch.put_item(
                Item={
                    "pk": f"album{n % 3}",
                    "sk": n,
                    "taken": f"2026-{n:02}",
                    "place": "rome" if n % 2 else "oslo",
                    "note": "x" * n,
                }
            )
        batch.put_item(Item={"pk": "album0", "sk": 100, "note": "neither taken nor anywhere"})
    rome = table.query(IndexName="places", KeyConditionExpression=Key("place").eq("rome"), ScanIndexForward=False)
    assert [item["sk"] for item in rome["Items"]] == list(range(59, 0, -2))
    late = Key("place").eq("oslo") & Key("taken").gte("2026-50")
    assert [i["sk"] for i in table.query(IndexName="places", KeyConditionExpression=late)["Items"]] == [50, 52, 54, 56, 58]
    paginator = client.get_paginator("query").paginate(
        TableName=table.name,
        IndexName="by-time",
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "album0"}},
        PaginationConfig={"PageSize": 3},
    )
    of_album = [item for page in paginator for item in page["Items"]]
    assert len(of_album) == 20 and all(set(item) == {"pk", "sk", "taken"} for item in of_album)
    fetched = table.query(
        IndexName="by-time",
        KeyConditionExpression=Key("pk").eq("album0"),
        FilterExpression=Attr("note").size().gte(50),
        ProjectionExpression="note",
        ConsistentRead=True,
        ReturnConsumedCapacity="INDEXES",
    )
    assert [len(item["note"]) for item in fetched["Items"]] == [51, 54, 57]
    consumed = fetched["ConsumedCapacity"]
    assert consumed["Table"]["CapacityUnits"] == 20 and consumed["LocalSecondaryIndexes"]["by-time"]["CapacityUnits"] == 1
    assert in_step(table, "places", "place") == 60

    put = table.put_item(
        Item={"pk": "a", "sk": 1, "place": "rome", "taken": "1"},
        ReturnItemCollectionMetrics="SIZE",
        ReturnConsumedCapacity="INDEXES",
    )
    assert put["ItemCollectionMetrics"]["ItemCollectionKey"] == {"pk": "a"}
    assert put["ConsumedCapacity"]["CapacityUnits"] == 3
    with pytest.raises(ClientError) as refused:
        table.put_item(Item={"pk": "a", "sk": 1, "place": 1})
    assert refused.value.response["Error"]["Message"] == (
        "One or more parameter values were invalid: Type mismatch for Index Key place Expected: S Actual: N IndexName: places"
    )


def add_places(client, table):
    client.update_table(
        TableName=table.name,
        AttributeDefinitions=[{"AttributeName": "place", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[
            {"Create": {"IndexName": "places", "KeySchema": keys("place"), "Projection": {"ProjectionType": "ALL"}}}
        ],
    )


def index_status(client, table):
    indexes = client.describe_table(TableName=table.name)["Table"].get("GlobalSecondaryIndexes", [])
    return [index["IndexStatus"] for index in indexes]


def await_index(client, table):
    wait_until("the filling of the index", lambda: index_status(client, table) == ["ACTIVE"], seconds=60)


def test_an_index_comes_and_goes_while_its_table_is_written_to(server):
    client, resource = clients(server)
    table = create(resource, indexed=False)
    with table.batch_writer() as batch:
        for n in range(1500):
            batch.put_item(Item={"pk": f"p{n % 7}", "sk": n, "place": f"city{n % 5}"})

    def write(n):
        client.put_item(TableName=table.name, Item={"pk": {"S": "new"}, "sk": {"N": str(n)}, "place": {"S": "city0"}})
        key = {"pk": {"S": f"p{n % 7}"}, "sk": {"N": str(n)}}
        if n % 2:
            client.delete_item(TableName=table.name, Key=key)
        else:
            place = {":p": {"S": "moved"}}
            client.update_item(TableName=table.name, Key=key, UpdateExpression="SET place = :p", ExpressionAttributeValues=place)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(write, n) for n in range(300)]
        add_places(client, table)
        for done in writes:
            done.result()
    await_index(client, table)
    assert in_step(table, "places", "place") == 1500 + 300 - 150
    client.update_table(TableName=table.name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "places"}}])
    assert index_status(client, table) == []
    add_places(client, table)
    await_index(client, table)
    assert in_step(table, "places", "place") == 1650


def test_a_killed_server_has_every_index_in_step_and_fills_on(own):
    client, resource = clients(own)
    table, filling = create(resource), create(resource, indexed=False)
    with filling.batch_writer() as batch:
        for n in range(3000):
            batch.put_item(Item={"pk": "p", "sk": n, "place": f"city{n % 5}", "note": "x" * 200})
    acknowledged = []

    def write(worker):
        mine, _ = clients(own)
        for n in range(10_000):
            key = {"pk": {"S": f"w{worker}"}, "sk": {"N": str(n % 20)}}
            more = {"place": {"S": f"city{n % 3}"}, "taken": {"S": "now"}, "n": {"N": str(n)}}
            try:
                if n % 5 == 4:
                    mine.delete_item(TableName=table.name, Key=key)
                else:
                    mine.put_item(TableName=table.name, Item=key | more)
            except Exception:
                return
            acknowledged.append((worker, n))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for worker in range(8):
            pool.submit(write, worker)
        while len(acknowledged) < 200:
            time.sleep(0.01)
        add_places(client, filling)
        own.kill()
    own.start()
    assert in_step(table, "places", "place") > 0
    await_index(client, filling)
    assert in_step(filling, "places", "place") == 3000
    last = {worker: n for worker, n in sorted(acknowledged)}
    for worker, n in last.items():
        item = table.get_item(Key={"pk": f"w{worker}", "sk": n % 20}).get("Item")
        assert item is None if n % 5 == 4 else item["n"] == n, (worker, n, item)
