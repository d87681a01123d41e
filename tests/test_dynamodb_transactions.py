"""DynamoDB's transactions by boto3 (client and resource): all or nothing, reasons, tokens, many writers at once."""
import concurrent.futures
import random
import uuid

import pytest
from botocore.exceptions import ClientError

from test_dynamodb import create, ddb, plain, refused, resource  # noqa: F401 (fixtures)


def put(table, pk, **more):
    return {"Put": {"TableName": table, "Item": {"pk": {"S": pk}}, **more}}


def adding(table, pk, by, condition=None):
    update = {
        "TableName": table,
        "Key": {"pk": {"S": pk}},
        "UpdateExpression": "ADD n :by",
        "ExpressionAttributeValues": {":by": {"N": str(by)}},
    }
    if condition:
        update["ConditionExpression"] = condition
        update["ExpressionAttributeValues"][":least"] = {"N": str(-by)}
    return {"Update": update}


def number(ddb, table, pk):
    return ddb.get_item(TableName=table, Key={"pk": {"S": pk}}, ConsistentRead=True)["Item"]["n"]["N"]


def test_the_resource_writes_and_reads_several_tables(ddb, resource, plain):
    other = create(ddb, "id:N")
    client = resource.meta.client
    client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": plain, "Item": {"pk": "a", "tags": {"x", "y"}}}},
            {"Put": {"TableName": other, "Item": {"id": 1, "of": "a"}, "ConditionExpression": "attribute_not_exists(id)"}},
            {"ConditionCheck": {"TableName": plain, "Key": {"pk": "b"}, "ConditionExpression": "attribute_not_exists(pk)"}},
        ]
    )
    got = client.transact_get_items(
        TransactItems=[
            {"Get": {"TableName": other, "Key": {"id": 1}}},
            {"Get": {"TableName": plain, "Key": {"pk": "none"}}},
            {"Get": {"TableName": plain, "Key": {"pk": "a"}, "ProjectionExpression": "tags"}},
        ]
    )
    assert got["Responses"] == [{"Item": {"id": 1, "of": "a"}}, {}, {"Item": {"tags": {"x", "y"}}}]


def test_a_cancelled_transaction_says_why_for_each_action(ddb, plain):
    ddb.put_item(TableName=plain, Item={"pk": {"S": "there"}})
    fresh = {"ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    with pytest.raises(ddb.exceptions.TransactionCanceledException) as caught:
        ddb.transact_write_items(TransactItems=[put(plain, "new", **fresh), put(plain, "there", **fresh)])
    answer = caught.value.response
    assert answer["Error"]["Message"].endswith("for specific reasons [None, ConditionalCheckFailed]")
    none, failed = answer["CancellationReasons"]
    assert none == {"Code": "None"} and failed["Item"] == {"pk": {"S": "there"}}
    assert (failed["Code"], failed["Message"]) == ("ConditionalCheckFailed", "The conditional request failed")
    assert "Item" not in ddb.get_item(TableName=plain, Key={"pk": {"S": "new"}})


def test_tokens_make_requests_happen_once(ddb, plain):
    token = str(uuid.uuid4())
    for _ in range(3):
        ddb.transact_write_items(TransactItems=[adding(plain, "a", 1)], ClientRequestToken=token)
    assert number(ddb, plain, "a") == "1"
    with pytest.raises(ddb.exceptions.IdempotentParameterMismatchException):
        ddb.transact_write_items(TransactItems=[adding(plain, "a", 2)], ClientRequestToken=token)
    ddb.transact_write_items(TransactItems=[adding(plain, "a", 1)])
    assert number(ddb, plain, "a") == "2"


def test_limits_of_transactions(ddb, plain):
    write = ddb.transact_write_items
    write(TransactItems=[put(plain, str(n)) for n in range(100)])
    refused(write, "ValidationException", "less than or equal to 100", TransactItems=[put(plain, str(n)) for n in range(101)])
    refused(write, "ValidationException", "multiple operations on one item", TransactItems=[put(plain, "a"), put(plain, "a")])
    big = [{"Put": {"TableName": plain, "Item": {"pk": {"S": str(n)}, "x": {"S": "x" * 100_000}}}} for n in range(50)]
    refused(write, "ValidationException", "size cannot exceed", TransactItems=big)
    write(TransactItems=big[:30])
    refused(write, "ValidationException", "clientRequestToken", TransactItems=[put(plain, "a")], ClientRequestToken="x" * 37)
    gets = [{"Get": {"TableName": plain, "Key": {"pk": {"S": str(n)}}}} for n in range(101)]
    refused(ddb.transact_get_items, "ValidationException", "less than or equal to 100", TransactItems=gets)
    assert len(ddb.transact_get_items(TransactItems=gets[30:100])["Responses"]) == 70


def test_transfers_between_accounts_keep_the_sum(client, ddb, plain):
    accounts = [f"account-{n}" for n in range(5)]
    ddb.transact_write_items(TransactItems=[adding(plain, account, 100) for account in accounts])
    gets = [{"Get": {"TableName": plain, "Key": {"pk": {"S": account}}}} for account in accounts]

    def work(seed):
        mine, choice = client("dynamodb"), random.Random(seed)
        for _ in range(5):
            of, to = choice.sample(accounts, 2)
            try:
                mine.transact_write_items(
                    TransactItems=[adding(plain, of, -30, "n >= :least"), adding(plain, to, 30)]
                )
            except mine.exceptions.TransactionCanceledException as error:
                assert [reason["Code"] for reason in error.response["CancellationReasons"]] == ["ConditionalCheckFailed", "None"]
            read = mine.transact_get_items(TransactItems=gets)["Responses"]
            assert sum(int(got["Item"]["n"]["N"]) for got in read) == 500

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))


def test_conditional_increments_lose_nothing(client, ddb, plain):
    key = {"pk": {"S": "counter"}}
    ddb.put_item(TableName=plain, Item=key | {"n": {"N": "0"}})

    def work(_):
        mine, done = client("dynamodb"), 0
        while done < 2:
            seen = mine.get_item(TableName=plain, Key=key, ConsistentRead=True)["Item"]["n"]
            values = {":one": {"N": "1"}, ":seen": seen}
            try:
                mine.update_item(
                    TableName=plain, Key=key, UpdateExpression="SET n = n + :one", ConditionExpression="n = :seen",
                    ExpressionAttributeValues=values,
                )
                done += 1
            except ClientError as error:
                assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        list(pool.map(work, range(50)))
    assert number(ddb, plain, "counter") == "100"


def test_what_an_update_of_nothing_leaves(ddb, plain):
    key = {"TableName": plain, "Key": {"pk": {"S": "none"}}}
    assert "Attributes" not in ddb.update_item(**key, UpdateExpression="REMOVE x", ReturnValues="ALL_NEW")
    assert "Item" not in ddb.get_item(**key)
    ddb.update_item(**key)
    assert ddb.get_item(**key)["Item"] == {"pk": {"S": "none"}}
    text = "Number overflow. Attempting to store a number with magnitude larger than supported range"
    values = {":a": {"N": "1e50"}, ":b": {"N": "1"}}
    refused(ddb.update_item, "ValidationException", text, **key, UpdateExpression="SET n = :a - :b", ExpressionAttributeValues=values)
    sets = {"texts": {"SS": ["", "a"]}, "blobs": {"BS": [b"", b"a"]}}
    ddb.put_item(TableName=plain, Item={"pk": {"S": "none"}} | sets)
    assert ddb.get_item(**key)["Item"] == {"pk": {"S": "none"}} | sets
