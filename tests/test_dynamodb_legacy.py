"""DynamoDB's parameters from before there were expressions, by boto3."""
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def ddb(client):
    return client("dynamodb")


@pytest.fixture(scope="module")
def table(ddb):
    name = f"t-{uuid.uuid4().hex[:12]}"
    ddb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
            {"AttributeName": "place", "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "places",
                "KeySchema": [{"AttributeName": "place", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return name


def key(sk):
    return {"pk": {"S": "a"}, "sk": {"N": str(sk)}}


def test_an_old_application_goes_on(ddb, table):
    absent = {"pk": {"Exists": False}}
    for sk in range(6):
        item = key(sk) | {"place": {"S": f"city{sk % 2}"}, "visits": {"N": "0"}, "tags": {"SS": ["all", f"t{sk}"]}}
        ddb.put_item(TableName=table, Item=item, Expected=absent)
    with pytest.raises(ddb.exceptions.ConditionalCheckFailedException):
        ddb.put_item(TableName=table, Item=key(1), Expected=absent)

    changed = ddb.update_item(
        TableName=table,
        Key=key(1),
        AttributeUpdates={
            "visits": {"Action": "ADD", "Value": {"N": "3"}},
            "tags": {"Action": "DELETE", "Value": {"SS": ["all"]}},
            "title": {"Action": "PUT", "Value": {"S": "Rome"}},
        },
        Expected={"visits": {"ComparisonOperator": "LT", "AttributeValueList": [{"N": "1"}]}},
        ReturnValues="ALL_NEW",
    )["Attributes"]
    assert (changed["visits"], changed["tags"], changed["title"]) == ({"N": "3"}, {"SS": ["t1"]}, {"S": "Rome"})

    equals = lambda value: {"ComparisonOperator": "EQ", "AttributeValueList": [value]}
    late = {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "2"}, {"N": "4"}]}
    pages = ddb.get_paginator("query").paginate(
        TableName=table,
        KeyConditions={"pk": equals({"S": "a"}), "sk": late},
        QueryFilter={"tags": {"ComparisonOperator": "CONTAINS", "AttributeValueList": [{"S": "all"}]}},
        AttributesToGet=["sk"],
        PaginationConfig={"PageSize": 2},
    )
    assert [item for page in pages for item in page["Items"]] == [{"sk": {"N": str(n)}} for n in (2, 3, 4)]
    of_city = {"TableName": table, "IndexName": "places", "KeyConditions": {"place": equals({"S": "city1"})}}
    assert ddb.query(**of_city, Select="COUNT")["Count"] == 3
    found = ddb.scan(
        TableName=table,
        ScanFilter={"title": {"ComparisonOperator": "NOT_NULL"}, "sk": equals({"N": "5"})},
        ConditionalOperator="OR",
    )
    assert sorted(item["sk"]["N"] for item in found["Items"]) == ["1", "5"]
    got = ddb.batch_get_item(RequestItems={table: {"Keys": [key(0)], "AttributesToGet": ["visits"]}})
    assert got["Responses"][table] == [{"visits": {"N": "0"}}]
    ddb.delete_item(TableName=table, Key=key(5), Expected={"visits": {"Value": {"N": "0"}}})
    with pytest.raises(ClientError) as refused:
        ddb.get_item(TableName=table, Key=key(1), AttributesToGet=["sk"], ProjectionExpression="sk")
    assert refused.value.response["Error"]["Message"] == (
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
        "{AttributesToGet} Expression parameters: {ProjectionExpression}"
    )
