"""CloudWatch Logs by boto3 and the aws-cli."""
import itertools
import json
import time

import pytest
from botocore.exceptions import ClientError

groups = (f"/tests/logs-{n}" for n in itertools.count())


@pytest.fixture(scope="module")
def logs(client):
    return client("logs")


@pytest.fixture
def group(logs):
    name = next(groups)
    logs.create_log_group(logGroupName=name)
    yield name
    logs.delete_log_group(logGroupName=name)


def put(logs, group, stream, messages, start=None):
    try:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    except logs.exceptions.ResourceAlreadyExistsException:
        pass
    start = start or int(time.time() * 1000)
    events = [{"timestamp": start + n, "message": message} for n, message in enumerate(messages)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    return start


def test_events_come_back_in_order_with_pages(logs, group):
    put(logs, group, "s", [f"line {n}" for n in range(10)])
    read = {"logGroupName": group, "logStreamName": "s"}
    first = logs.get_log_events(limit=4, startFromHead=True, **read)
    assert [e["message"] for e in first["events"]] == ["line 0", "line 1", "line 2", "line 3"]
    second = logs.get_log_events(limit=4, startFromHead=True, nextToken=first["nextForwardToken"], **read)
    assert [e["message"] for e in second["events"]] == ["line 4", "line 5", "line 6", "line 7"]
    newest = logs.get_log_events(limit=2, **read)
    assert [e["message"] for e in newest["events"]] == ["line 8", "line 9"]
    end = logs.get_log_events(startFromHead=True, nextToken=newest["nextForwardToken"], **read)
    assert end["events"] == [] and end["nextForwardToken"] == newest["nextForwardToken"]


@pytest.mark.parametrize(
    "pattern, found",
    [
        (None, ["ERROR disk full", "INFO disk fine", "ERROR net down"]),
        ("", ["ERROR disk full", "INFO disk fine", "ERROR net down"]),
        ("ERROR", ["ERROR disk full", "ERROR net down"]),
        ("ERROR disk", ["ERROR disk full"]),
        ('"disk fine"', ["INFO disk fine"]),
        ("disk -ERROR", ["INFO disk fine"]),
        ("error", []),
    ],
)
def test_plain_patterns(logs, group, pattern, found):
    start = put(logs, group, "a", ["ERROR disk full", "INFO disk fine"])
    put(logs, group, "b", ["ERROR net down"], start + 5)
    parameters = {"logGroupName": group} | ({} if pattern is None else {"filterPattern": pattern})
    events = [e for page in logs.get_paginator("filter_log_events").paginate(**parameters) for e in page["events"]]
    assert [e["message"] for e in events] == found


def test_groups_and_streams_are_listed_in_pages(logs):
    names = [f"/paged/{n}" for n in range(5)]
    for name in names:
        logs.create_log_group(logGroupName=name)
    paginator = logs.get_paginator("describe_log_groups")
    pages = list(paginator.paginate(logGroupNamePrefix="/paged/", PaginationConfig={"PageSize": 2}))
    assert [g["logGroupName"] for page in pages for g in page["logGroups"]] == names and len(pages) == 3
    for name in ("y", "x", "z"):
        logs.create_log_stream(logGroupName=names[0], logStreamName=name)
    pages = list(
        logs.get_paginator("describe_log_streams").paginate(logGroupName=names[0], PaginationConfig={"PageSize": 2})
    )
    assert [s["logStreamName"] for page in pages for s in page["logStreams"]] == ["x", "y", "z"]


def test_what_is_not_there_has_its_error(logs, group):
    def refusal(call, **parameters):
        with pytest.raises(ClientError) as refused:
            call(**parameters)
        error = refused.value.response["Error"]
        return error["Code"], error["Message"]

    absent = ("ResourceNotFoundException", "The specified log group does not exist.")
    assert refusal(logs.describe_log_streams, logGroupName="/none") == absent
    assert refusal(logs.filter_log_events, logGroupName="/none") == absent
    absent = ("ResourceNotFoundException", "The specified log stream does not exist.")
    assert refusal(logs.get_log_events, logGroupName=group, logStreamName="none") == absent
    assert refusal(logs.create_log_group, logGroupName=group)[0] == "ResourceAlreadyExistsException"
    json_pattern = "{ $.level = \"error\" }"
    code, message = refusal(logs.filter_log_events, logGroupName=group, filterPattern=json_pattern)
    assert code == "NotImplemented" and "$.level" in message


def test_retention_and_tags_as_tools_set_them(logs, client, group):
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert found["retentionInDays"] == 1
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = int(time.time() * 1000)
    events = [{"timestamp": now - 2 * 86_400_000 + 1, "message": "old"}]
    answer = logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    logs.tag_resource(resourceArn=found["logGroupArn"], tags={"team": "a", "env": "test"})
    logs.untag_resource(resourceArn=found["logGroupArn"], tagKeys=["env"])
    assert logs.list_tags_for_resource(resourceArn=found["logGroupArn"])["tags"] == {"team": "a"}


def test_the_cli(logs, aws, server, group):
    put(logs, group, "s", ["by boto3"])
    done = aws("--endpoint-url", server.url, "logs", "filter-log-events", "--log-group-name", group)
    assert [e["message"] for e in json.loads(done.stdout)["events"]] == ["by boto3"]
