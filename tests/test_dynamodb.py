"""DynamoDB by boto3 (client and resource) and aws-cli."""
import concurrent.futures
import decimal
import json
import uuid

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from server import ACCOUNT, KEY, REGION, SECRET, Server


@pytest.fixture(scope="module")
def ddb(client):
    return client("dynamodb")


@pytest.fixture(scope="module")
def resource(server):
    return boto3.resource(
        "dynamodb",
        region_name=REGION,
        endpoint_url=server.url,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
    )


def create(ddb, *keys, name=None, **more):
    """A table whose keys are given as "name:type"; answers its name."""
    name = name or f"t-{uuid.uuid4().hex[:12]}"
    pairs = [key.split(":") for key in keys]
    ddb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in pairs],
        KeySchema=[{"AttributeName": n, "KeyType": kind} for (n, _), kind in zip(pairs, ("HASH", "RANGE"))],
        **({"BillingMode": "PAY_PER_REQUEST"} | more),
    )
    return name


@pytest.fixture
def plain(ddb):
    return create(ddb, "pk:S")


@pytest.fixture
def sorted_table(ddb, resource):
    return resource.Table(create(ddb, "pk:S", "sk:N"))


def refused(call, code, text=None, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    if text is not None:
        assert text in error["Message"], error
    return caught.value.response


def test_tables_live_and_die(ddb):
    name = create(ddb, "pk:S", "sk:B")
    ddb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"MaxAttempts": 1})
    table = ddb.describe_table(TableName=name)["Table"]
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
    assert (table["TableName"], table["TableStatus"], table["TableArn"]) == (name, "ACTIVE", arn)
    assert table["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert uuid.UUID(table["TableId"])
    assert ddb.describe_table(TableName=arn)["Table"]["TableId"] == table["TableId"]
    refused(lambda: create(ddb, "pk:S", name=name), "ResourceInUseException", f"Table already exists: {name}")

    ddb.put_item(TableName=name, Item={"pk": {"S": "a"}, "sk": {"B": b"1"}})
    assert ddb.delete_table(TableName=name)["TableDescription"]["TableStatus"] == "DELETING"
    ddb.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"MaxAttempts": 1})
    text = f"Requested resource not found: Table: {name} not found"
    refused(ddb.describe_table, "ResourceNotFoundException", text, TableName=name)
    refused(ddb.scan, "ResourceNotFoundException", "Requested resource not found", TableName=name)
    create(ddb, "pk:S", "sk:B", name=name)
    assert ddb.scan(TableName=name)["Count"] == 0


def test_tables_are_listed_in_pages(ddb):
    names = sorted(create(ddb, "pk:S") for _ in range(5))
    pages = list(ddb.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 2}))
    listed = [name for page in pages for name in page["TableNames"]]
    assert listed == sorted(listed) and set(names) <= set(listed)
    assert all(len(page["TableNames"]) <= 2 for page in pages)


def test_provisioned_tables_say_so(ddb):
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    name = create(ddb, "pk:S", BillingMode="PROVISIONED", ProvisionedThroughput=units)
    table = ddb.describe_table(TableName=name)["Table"]
    assert units.items() <= table["ProvisionedThroughput"].items() and "BillingModeSummary" not in table
    ddb.update_table(TableName=name, DeletionProtectionEnabled=True)
    refused(ddb.delete_table, "ValidationException", "protected against deletion", TableName=name)
    ddb.update_table(TableName=name, DeletionProtectionEnabled=False)
    ddb.delete_table(TableName=name)


@pytest.mark.parametrize(
    "change, text",
    [
        ({"AttributeDefinitions": [{"AttributeName": "x", "AttributeType": "S"}]}, "Keys: [pk], AttributeDefinitions: [x]"),
        ({"KeySchema": [{"AttributeName": "pk", "KeyType": "RANGE"}]}, "The first KeySchemaElement is not a HASH"),
        ({"BillingMode": "PROVISIONED"}, "must both be specified when BillingMode is PROVISIONED"),
        ({"TableName": "no"}, "Member must have length greater than or equal to 3"),
        ({"TableName": "a/b/c"}, "regular expression pattern: [a-zA-Z0-9_.-]+"),
    ],
)
def test_bad_tables_are_refused(ddb, change, text):
    good = {
        "TableName": "good-one",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    refused(ddb.create_table, "ValidationException", text, **(good | change))


def test_what_is_not_there_says_so(ddb):
    refused(ddb.list_backups, "NotImplemented", "ListBackups")
    refused(lambda: create(ddb, "pk:S", StreamSpecification={"StreamEnabled": True}), "NotImplemented", "Stream")


def test_every_type_comes_back(resource, plain):
    table = resource.Table(plain)
    item = {
        "pk": "all",
        "text": "grüße \u0000 🌍",
        "empty": "",
        "number": decimal.Decimal("-12345678901234567890123456789012345.678"),
        "small": decimal.Decimal("1E-130"),
        "bytes": boto3.dynamodb.types.Binary(b"\x00\xff"),
        "yes": True,
        "nothing": None,
        "list": [1, "two", [None, {"three": decimal.Decimal("3.5")}]],
        "map": {"a": {"b": {"c": []}}, "": {}},
        "texts": {"x", "y"},
        "numbers": {decimal.Decimal(1), decimal.Decimal("2.5")},
        "blobs": {boto3.dynamodb.types.Binary(b"1")},
    }
    table.put_item(Item=item)
    assert table.get_item(Key={"pk": "all"}, ConsistentRead=True)["Item"] == item
    assert "Item" not in table.get_item(Key={"pk": "none"})


def test_numbers_keep_38_digits(ddb, plain):
    digits = "9" * 38
    ddb.put_item(TableName=plain, Item={"pk": {"S": "n"}, "n": {"N": digits}, "set": {"NS": ["1.0", "2e2"]}})
    item = ddb.get_item(TableName=plain, Key={"pk": {"S": "n"}})["Item"]
    assert item["n"] == {"N": digits} and sorted(item["set"]["NS"]) == ["1", "200"]
    text = "Attempting to store more than 38 significant digits in a Number"
    refused(ddb.put_item, "ValidationException", text, TableName=plain, Item={"pk": {"S": "n"}, "n": {"N": digits + "9"}})


@pytest.mark.parametrize(
    "item, text",
    [
        ({"x": {"S": "1"}}, "Missing the key pk in the item"),
        ({"pk": {"N": "1"}}, "Type mismatch for key pk expected: S actual: N"),
        ({"pk": {"S": ""}}, "cannot contain an empty string value. Key: pk"),
        ({"pk": {"S": "a"}, "x": {}}, "Supplied AttributeValue is empty"),
        ({"pk": {"S": "a"}, "x": {"S": "1", "N": "1"}}, "Supplied AttributeValue has more than one datatypes set"),
        ({"pk": {"S": "a"}, "x": {"SS": []}}, "set  may not be empty"),
        ({"pk": {"S": "a"}, "x": {"SS": ["a", "a"]}}, "Input collection [a, a] contains duplicates."),
        ({"pk": {"S": "a"}, "x": {"N": "one"}}, "cannot be converted to a numeric value: one"),
        ({"pk": {"S": "a"}, "x": {"L": [{"M": {"y": {"NULL": False}}}]}}, "must have the value of true"),
        ({"pk": {"S": "a"}, "x": {"S": "x" * 410_000}}, "Item size has exceeded the maximum allowed size"),
    ],
)
def test_bad_items_are_refused(ddb, plain, item, text):
    refused(ddb.put_item, "ValidationException", text, TableName=plain, Item=item)
    assert ddb.scan(TableName=plain, Select="COUNT")["Count"] == 0


def test_conditions_guard_writes(resource, plain):
    table = resource.Table(plain)
    table.put_item(Item={"pk": "a", "n": 1}, ConditionExpression=Attr("pk").not_exists())
    answer = refused(
        table.put_item,
        "ConditionalCheckFailedException",
        "The conditional request failed",
        Item={"pk": "a", "n": 2},
        ConditionExpression=Attr("pk").not_exists(),
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert answer["Item"] == {"pk": {"S": "a"}, "n": {"N": "1"}}
    old = table.put_item(Item={"pk": "a", "n": 3}, ConditionExpression=Attr("n").lt(2), ReturnValues="ALL_OLD")
    assert old["Attributes"] == {"pk": "a", "n": 1}
    refused(table.delete_item, "ConditionalCheckFailedException", Key={"pk": "a"}, ConditionExpression=Attr("n").eq(1))
    gone = table.delete_item(Key={"pk": "a"}, ConditionExpression=Attr("n").eq(3), ReturnValues="ALL_OLD")
    assert gone["Attributes"]["n"] == 3
    assert "Attributes" not in table.delete_item(Key={"pk": "a"}, ReturnValues="ALL_OLD")
    refused(table.put_item, "ValidationException", "ALL_OLD or NONE", Item={"pk": "a"}, ReturnValues="ALL_NEW")


def test_updates_change_in_place(resource, plain):
    table = resource.Table(plain)
    update = lambda expression, returned="ALL_NEW", **more: table.update_item(
        Key={"pk": "a"}, UpdateExpression=expression, ReturnValues=returned, **more
    ).get("Attributes")
    values = {":one": 1, ":list": [1], ":set": {"x", "y"}, ":map": {"in": {}}}
    new = update("SET n = :one, l = :list, m = :map ADD s :set", ExpressionAttributeValues=values)
    assert new == {"pk": "a", "n": 1, "l": [1], "m": {"in": {}}, "s": {"x", "y"}}
    new = update(
        "SET n = n + :one, l = list_append(l, :list), #m.#in.deep = if_not_exists(nope, :one) DELETE s :x",
        "UPDATED_NEW",
        ExpressionAttributeNames={"#m": "m", "#in": "in"},
        ExpressionAttributeValues={":one": 1, ":list": [2], ":x": {"x"}},
    )
    assert new == {"n": 2, "l": [1, 2], "m": {"in": {"deep": 1}}, "s": {"y"}}
    assert update("SET n = :v", "UPDATED_OLD", ExpressionAttributeValues={":v": 9}) == {"n": 2}
    assert update("REMOVE l[0], m.#in", "ALL_OLD", ExpressionAttributeNames={"#in": "in"})["l"] == [1, 2]
    assert update("SET n = :v", "NONE", ExpressionAttributeValues={":v": 0}) is None
    assert table.get_item(Key={"pk": "a"})["Item"] == {"pk": "a", "n": 0, "l": [2], "m": {}, "s": {"y"}}

    values = {":v": 1}
    refused(update, "ValidationException", "part of the key", expression="SET pk = :v", ExpressionAttributeValues=values)
    refused(update, "ValidationException", 'Syntax error; token: "="', expression="SET = :v", ExpressionAttributeValues=values)
    refused(update, "ValidationException", "unused in expressions", expression="REMOVE n", ExpressionAttributeValues=values)
    refused(update, "ValidationException", "reserved keyword: name", expression="SET name = :v", ExpressionAttributeValues=values)
    refused(update, "ValidationException", "incorrect data type", expression="SET n = s + :v", ExpressionAttributeValues=values)
    refused(
        update, "ConditionalCheckFailedException", expression="SET n = :v", ConditionExpression="n > :v",
        ExpressionAttributeValues=values,
    )


def test_counters_lose_nothing_under_many_writers(client, plain):
    def work(_):
        ddb = client("dynamodb")
        for _ in range(10):
            ddb.update_item(
                TableName=plain,
                Key={"pk": {"S": "counter"}},
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    item = client("dynamodb").get_item(TableName=plain, Key={"pk": {"S": "counter"}})["Item"]
    assert item["n"] == {"N": "80"}


def test_queries_walk_a_partition_in_order(sorted_table):
    table = sorted_table
    numbers = [-100, -1.5, 0, 0.25, 3, 20, 1000]
    with table.batch_writer() as batch:
        for n in numbers:
            batch.put_item(Item={"pk": "a", "sk": decimal.Decimal(str(n)), "even": n % 2 == 0, "padding": {"x": 1}})
            batch.put_item(Item={"pk": "ab", "sk": decimal.Decimal(str(n))})

    def keys(**arguments):
        return [float(item["sk"]) for item in table.query(**arguments)["Items"]]

    of = Key("pk").eq("a")
    assert keys(KeyConditionExpression=of) == numbers
    assert keys(KeyConditionExpression=of, ScanIndexForward=False) == numbers[::-1]
    assert keys(KeyConditionExpression=of & Key("sk").between(-2, 3)) == [-1.5, 0, 0.25, 3]
    assert keys(KeyConditionExpression=of & Key("sk").lt(0)) == [-100, -1.5]
    assert keys(KeyConditionExpression=of & Key("sk").gte(20), ConsistentRead=True) == [20, 1000]
    assert keys(KeyConditionExpression=of & Key("sk").eq(3)) == [3]

    filtered = table.query(KeyConditionExpression=of, FilterExpression=Attr("even").eq(True), Limit=4)
    assert (filtered["Count"], filtered["ScannedCount"]) == (2, 4)
    assert filtered["LastEvaluatedKey"] == {"pk": "a", "sk": decimal.Decimal("0.25")}
    rest = table.query(KeyConditionExpression=of, ExclusiveStartKey=filtered["LastEvaluatedKey"])
    assert [float(item["sk"]) for item in rest["Items"]] == [3, 20, 1000] and "LastEvaluatedKey" not in rest
    counted = table.query(KeyConditionExpression=of, Select="COUNT")
    assert counted["Count"] == 7 and "Items" not in counted
    shown = table.query(KeyConditionExpression=of, Limit=1, ProjectionExpression="padding.x, sk")
    assert shown["Items"] == [{"padding": {"x": 1}, "sk": -100}]

    refused(table.query, "ValidationException", "must be specified in the request.")
    refused(table.query, "ValidationException", "missed key schema element: pk", KeyConditionExpression=Key("sk").eq(1))
    refused(
        table.query, "ValidationException", "Primary key attribute: sk",
        KeyConditionExpression=of, FilterExpression=Attr("sk").eq(1),
    )
    outside = "The provided starting key is outside query boundaries based on provided conditions"
    refused(table.query, "ValidationException", outside, KeyConditionExpression=of, ExclusiveStartKey={"pk": "b", "sk": 1})


def test_strings_begin_with(ddb):
    name = create(ddb, "pk:S", "sk:S")
    for sk in ["2024-01", "2024-02", "2025-01", "2024"]:
        ddb.put_item(TableName=name, Item={"pk": {"S": "p"}, "sk": {"S": sk}})
    found = ddb.query(
        TableName=name,
        KeyConditionExpression="pk = :p AND begins_with(sk, :y)",
        ExpressionAttributeValues={":p": {"S": "p"}, ":y": {"S": "2024"}},
    )["Items"]
    assert [item["sk"]["S"] for item in found] == ["2024", "2024-01", "2024-02"]


def test_pages_end_at_a_megabyte(ddb, plain):
    for n in range(10):
        ddb.put_item(TableName=plain, Item={"pk": {"S": str(n)}, "padding": {"S": "x" * 300_000}})
    first = ddb.scan(TableName=plain, ReturnConsumedCapacity="TOTAL")
    assert first["Count"] == 3 and first["LastEvaluatedKey"].keys() == {"pk"}
    assert first["ConsumedCapacity"] == {"TableName": plain, "CapacityUnits": 110.0}
    # What a filter drops counts for the page too.
    nothing = ddb.scan(TableName=plain, FilterExpression="attribute_not_exists(padding)")
    assert (nothing["Count"], nothing["ScannedCount"]) == (0, 3) and "LastEvaluatedKey" in nothing
    pages = list(ddb.get_paginator("scan").paginate(TableName=plain, ProjectionExpression="pk"))
    assert sorted(item["pk"]["S"] for page in pages for item in page["Items"]) == [str(n) for n in range(10)]
    assert 4 <= len(pages)


def test_segments_share_a_table_out(sorted_table):
    with sorted_table.batch_writer() as batch:
        for n in range(200):
            batch.put_item(Item={"pk": f"p{n // 2}", "sk": n})
    seen = []
    for segment in range(4):
        keys, start = [], {}
        while start is not None:
            page = sorted_table.scan(Segment=segment, TotalSegments=4, Limit=7, **start)
            keys += [int(item["sk"]) for item in page["Items"]]
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]} if "LastEvaluatedKey" in page else None
        assert 20 <= len(keys) <= 80
        seen += keys
    assert sorted(seen) == list(range(200))
    refused(sorted_table.scan, "ValidationException", "is not less than TotalSegments: 4", Segment=4, TotalSegments=4)


def test_capacity_is_counted_in_units(ddb, plain):
    item = {"pk": {"S": "a"}, "padding": {"S": "x" * 5000}}
    used = lambda answer: answer["ConsumedCapacity"]["CapacityUnits"]
    assert used(ddb.put_item(TableName=plain, Item=item, ReturnConsumedCapacity="TOTAL")) == 5
    get = lambda **more: ddb.get_item(TableName=plain, Key={"pk": {"S": "a"}}, **more)
    assert used(get(ReturnConsumedCapacity="TOTAL")) == 1
    assert used(get(ReturnConsumedCapacity="TOTAL", ConsistentRead=True)) == 2
    indexes = get(ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert indexes == {"TableName": plain, "CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}}
    assert "ConsumedCapacity" not in get(ReturnConsumedCapacity="NONE")


def test_batches(ddb, resource, plain):
    other = create(ddb, "id:N")
    puts = lambda n: [{"PutRequest": {"Item": {"pk": {"S": str(i)}}}} for i in range(n)]
    answer = ddb.batch_write_item(
        RequestItems={plain: puts(20), other: [{"PutRequest": {"Item": {"id": {"N": "1"}}}}]}
    )
    assert answer["UnprocessedItems"] == {}
    ddb.batch_write_item(RequestItems={plain: [{"DeleteRequest": {"Key": {"pk": {"S": "3"}}}}]})
    keys = [{"pk": {"S": str(i)}} for i in range(5)]
    got = ddb.batch_get_item(RequestItems={plain: {"Keys": keys}, other: {"Keys": [{"id": {"N": "1"}}]}})
    assert sorted(item["pk"]["S"] for item in got["Responses"][plain]) == ["0", "1", "2", "4"]
    assert got["Responses"][other] == [{"id": {"N": "1"}}] and got["UnprocessedKeys"] == {}
    refused(ddb.batch_write_item, "ValidationException", RequestItems={plain: puts(26)})
    text = "Provided list of item keys contains duplicates"
    refused(ddb.batch_write_item, "ValidationException", text, RequestItems={plain: puts(1) * 2})
    refused(ddb.batch_get_item, "ValidationException", text, RequestItems={plain: {"Keys": keys[:1] * 2}})


def test_the_cli(aws, ddb):
    table = f"cli-{uuid.uuid4().hex[:8]}"
    aws(
        "dynamodb", "create-table", "--table-name", table, "--billing-mode", "PAY_PER_REQUEST",
        "--attribute-definitions", "AttributeName=pk,AttributeType=S",
        "--key-schema", "AttributeName=pk,KeyType=HASH",
    )
    aws("dynamodb", "wait", "table-exists", "--table-name", table)
    aws("dynamodb", "put-item", "--table-name", table, "--item", '{"pk":{"S":"a"},"n":{"N":"1"}}')
    aws(
        "dynamodb", "update-item", "--table-name", table, "--key", '{"pk":{"S":"a"}}',
        "--update-expression", "SET n = n + :i", "--expression-attribute-values", '{":i":{"N":"41"}}',
    )
    found = aws(
        "dynamodb", "query", "--table-name", table, "--key-condition-expression", "pk = :p",
        "--expression-attribute-values", '{":p":{"S":"a"}}',
    )
    assert json.loads(found.stdout)["Items"] == [{"pk": {"S": "a"}, "n": {"N": "42"}}]
    failed = aws("dynamodb", "get-item", "--table-name", "absent", "--key", '{"pk":{"S":"a"}}', check=False)
    assert "(ResourceNotFoundException)" in failed.stderr
    aws("dynamodb", "delete-table", "--table-name", table)


@pytest.fixture
def session(client):
    """A client of a role that may do what one statement says."""

    def make(**statement):
        iam, name = client("iam"), f"reader-{uuid.uuid4().hex[:8]}"
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        document = lambda statement: json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
        allow = {"Effect": "Allow"} | statement
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(allow))
        keys = client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
        named = {"key": "AccessKeyId", "secret": "SecretAccessKey", "token": "SessionToken"}
        return client("dynamodb", **{ours: keys[theirs] for ours, theirs in named.items()})

    return make


def test_permissions_are_per_table(session, ddb, plain):
    other, absent, key = create(ddb, "pk:S"), "absent-table", {"pk": {"S": "a"}}
    table_arn = ddb.describe_table(TableName=plain)["Table"]["TableArn"]
    reader = session(Action=["dynamodb:GetItem", "dynamodb:BatchGetItem"], Resource=table_arn)
    assert "Item" not in reader.get_item(TableName=plain, Key=key)
    text = f"is not authorized to perform: dynamodb:PutItem on resource: {table_arn}"
    refused(reader.put_item, "AccessDeniedException", text, TableName=plain, Item=key)
    refused(reader.get_item, "AccessDeniedException", TableName=other, Key=key)
    refused(reader.get_item, "AccessDeniedException", TableName=absent, Key=key)
    both = {plain: {"Keys": [key]}, other: {"Keys": [key]}}
    refused(reader.batch_get_item, "AccessDeniedException", other, RequestItems=both)
    refused(reader.list_tables, "AccessDeniedException", "dynamodb:ListTables")


def test_permissions_can_end_at_a_partition(session, ddb):
    table = create(ddb, "pk:S", "sk:N")
    mine, theirs = ({"pk": {"S": owner}, "sk": {"N": "1"}} for owner in ("me", "them"))
    only_mine = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["me"]}}
    me = session(Action="dynamodb:*", Resource=f"arn:aws:dynamodb:*:*:table/{table}", Condition=only_mine)
    query = lambda owner: {
        "KeyConditionExpression": "pk = :o", "ExpressionAttributeValues": {":o": {"S": owner}}, "TableName": table
    }
    me.put_item(TableName=table, Item=mine)
    me.update_item(TableName=table, Key=mine, UpdateExpression="REMOVE x")
    assert me.get_item(TableName=table, Key=mine)["Item"] == mine and me.query(**query("me"))["Count"] == 1
    for call, arguments in [
        (me.put_item, {"Item": theirs}),
        (me.get_item, {"Key": theirs}),
        (me.update_item, {"Key": theirs}),
        (me.delete_item, {"Key": theirs}),
        (me.query, query("them")),
    ]:
        refused(call, "AccessDeniedException", **({"TableName": table} | arguments))
    refused(me.batch_get_item, "AccessDeniedException", RequestItems={table: {"Keys": [mine, theirs]}})
    puts = [{"PutRequest": {"Item": item}} for item in (mine, theirs)]
    refused(me.batch_write_item, "AccessDeniedException", RequestItems={table: puts})
    me.delete_item(TableName=table, Key=mine)
    assert ddb.scan(TableName=table)["Count"] == 0


def test_permissions_can_end_at_attributes(session, ddb, plain):
    key, secret = {"pk": {"S": "a"}}, {"pk": {"S": "a"}, "open": {"S": "o"}, "secret": {"S": "s"}}
    ddb.put_item(TableName=plain, Item=secret)
    conditions = {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "open"]},
        "StringEqualsIfExists": {
            "dynamodb:Select": ["SPECIFIC_ATTRIBUTES", "COUNT"],
            "dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"],
        },
    }
    me = session(Action="dynamodb:*", Resource="*", Condition=conditions)
    table = {"TableName": plain}
    assert me.scan(**table, ProjectionExpression="#o", ExpressionAttributeNames={"#o": "open"})["Items"] == [{"open": {"S": "o"}}]
    assert me.get_item(**table, Key=key, ProjectionExpression="pk")["Item"] == key
    for call, arguments in [
        (me.scan, {}),
        (me.scan, {"Select": "COUNT", "FilterExpression": "attribute_exists(secret)"}),
        (me.get_item, {"Key": key}),
        (me.get_item, {"Key": key, "ProjectionExpression": "secret"}),
        (me.put_item, {"Item": secret}),
        (me.delete_item, {"Key": key, "ReturnValues": "ALL_OLD"}),
        (me.delete_item, {"Key": key, "ConditionExpression": "attribute_exists(secret)"}),
        (me.update_item, {"Key": key, "UpdateExpression": "SET #o = secret", "ExpressionAttributeNames": {"#o": "open"}}),
    ]:
        refused(call, "AccessDeniedException", **table, **arguments)
    refused(me.batch_get_item, "AccessDeniedException", RequestItems={plain: {"Keys": [key]}})


def test_acknowledged_means_on_disk(tmp_path):
    from conftest import client_of

    server = Server(tmp_path / "data")
    try:
        ddb = client_of(server, "dynamodb")
        name = create(ddb, "pk:S")
        for n in range(50):
            ddb.put_item(TableName=name, Item={"pk": {"S": str(n)}})
        server.kill()
        server.start()
        assert client_of(server, "dynamodb").scan(TableName=name, Select="COUNT")["Count"] == 50
    finally:
        server.kill()
