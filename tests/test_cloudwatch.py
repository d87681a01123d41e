"""CloudWatch's metrics by boto3 in each protocol, the aws-cli, query, JSON and CBOR by hand; functions' metrics; what Prometheus scrapes."""
import datetime
import gzip
import io
import itertools
import json
import re
import struct
import time

import boto3
import botocore.loaders
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.parsers import RpcV2CBORParser

from conftest import client_of
from packages import package
from server import ACCOUNT, KEY, REGION, SECRET, Server, wait_until

MINUTE = datetime.timedelta(minutes=1)
names = (f"Tests{n}" for n in itertools.count())


def now():
    return datetime.datetime.now(datetime.timezone.utc)


PROTOCOLS = {"smithy-rpc-v2-cbor": "application/cbor", "json": "application/x-amz-json-1.0", "query": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def cloudwatch(client):
    """A client as boto3 makes it."""
    return client("cloudwatch")


@pytest.fixture(scope="module", params=PROTOCOLS)
def speaking(request, server, tmp_path_factory):
    """A client for each protocol of the model: its data says that there is no other."""
    session = boto3.Session(KEY, SECRET, region_name=REGION)
    shared = session._session.get_component("data_loader")
    model = shared.load_service_model("cloudwatch", "service-2")
    model["metadata"] |= {"protocols": [request.param], "protocol": request.param}
    place = tmp_path_factory.mktemp("models")
    (place / "cloudwatch" / "2010-08-01").mkdir(parents=True)
    (place / "cloudwatch" / "2010-08-01" / "service-2.json.gz").write_bytes(gzip.compress(json.dumps(model).encode()))
    session._session.register_component("data_loader", botocore.loaders.Loader([str(place), *shared.search_paths]))
    client = session.client("cloudwatch", endpoint_url=server.url, config=Config(retries={"total_max_attempts": 1}))
    types = []
    client.meta.events.register("before-send.cloudwatch", lambda request, **_: types.append(request.headers["Content-Type"]))
    yield client
    assert {kind.decode().split(";")[0] for kind in types} == {PROTOCOLS[request.param]}


@pytest.fixture
def namespace():
    return next(names)


def statistics(cloudwatch, namespace, name, *wanted, period=60, **further):
    points = cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName=name, StartTime=now() - 60 * MINUTE, EndTime=now() + 5 * MINUTE, Period=period,
        Statistics=wanted or ["Sum"], **further,
    )["Datapoints"]
    return sorted(points, key=lambda point: point["Timestamp"])


def total(cloudwatch, namespace, name, statistic="Sum", **further):
    return sum(point[statistic] for point in statistics(cloudwatch, namespace, name, statistic, **further))


def refusal(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"]


def test_all_forms_of_data(speaking, namespace):
    at = now().replace(second=0, microsecond=0) - 2 * MINUTE
    where = [{"Name": "host", "Value": "a"}]
    common = {"MetricName": "n", "Timestamp": at, "Unit": "Seconds", "Dimensions": where}
    speaking.put_metric_data(Namespace=namespace, MetricData=[
        common | {"Value": 1.5},
        common | {"Values": [2, 4], "Counts": [3, 1]},
        common | {"StatisticValues": {"SampleCount": 2, "Sum": 5, "Minimum": 0.5, "Maximum": 4.5}},
    ])
    [point] = statistics(speaking, namespace, "n", "SampleCount", "Sum", "Minimum", "Maximum", "Average", Dimensions=where)
    assert point == {
        "Timestamp": at, "Unit": "Seconds", "SampleCount": 7, "Sum": 16.5, "Minimum": 0.5, "Maximum": 4.5, "Average": 16.5 / 7,
    }
    assert statistics(speaking, namespace, "n") == []


def test_percentiles(speaking, namespace):
    for part in range(10):
        values = [float(n) for n in range(1 + part * 100, 101 + part * 100)]
        speaking.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "n", "Values": values}])
    wanted = ["p0", "p50", "p90", "p99.9", "p100"]
    points = speaking.get_metric_statistics(
        Namespace=namespace, MetricName="n", StartTime=now() - 60 * MINUTE, EndTime=now() + 60 * MINUTE, Period=7200,
        ExtendedStatistics=wanted,
    )["Datapoints"]
    found = points[0]["ExtendedStatistics"]
    assert [found[name] for name in wanted] == pytest.approx([1, 500, 900, 999, 1000], rel=0.0101)


def test_large_requests_come_packed(speaking, namespace):
    packed = []
    speaking.meta.events.register("before-send.cloudwatch.PutMetricData", lambda request, **_: packed.append(request.headers.get("Content-Encoding")))
    data = [{"MetricName": f"n{n:04}", "Value": n, "Dimensions": [{"Name": f"d{d}", "Value": "v"} for d in range(3)]} for n in range(1000)]
    speaking.put_metric_data(Namespace=namespace, MetricData=data)
    assert packed[-1] in (b"gzip", "gzip")
    listed = [m["MetricName"] for page in speaking.get_paginator("list_metrics").paginate(Namespace=namespace) for m in page["Metrics"]]
    assert listed == [f"n{n:04}" for n in range(1000)]
    assert refusal(speaking.put_metric_data, Namespace=namespace, MetricData=data + data[:1]) in ("InvalidParameterValue", "InvalidParameterValueException")


def test_metric_data_pages_and_computes(speaking, namespace):
    start = now().replace(second=0, microsecond=0) - 20 * MINUTE
    data = [{"MetricName": "n", "Value": n, "Timestamp": start + n * MINUTE} for n in range(10)]
    speaking.put_metric_data(Namespace=namespace, MetricData=data)
    metric = {"Namespace": namespace, "MetricName": "n"}
    queries = [
        {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}},
        {"Id": "b", "Expression": "a * 100 / (a + 1)", "Label": "percent"},
    ]
    span = {"StartTime": start, "EndTime": start + 10 * MINUTE}
    pages = speaking.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, **span, ScanBy="TimestampAscending", PaginationConfig={"PageSize": 7}
    )
    values = {"a": [], "percent": []}
    for page in pages:
        for result in page["MetricDataResults"]:
            values["a" if result["Id"] == "a" else result["Label"]] += result["Values"]
    assert values == {"a": list(range(10)), "percent": [100 * n / (n + 1) for n in range(10)]}
    newest_first = speaking.get_metric_data(MetricDataQueries=queries[:1], **span)["MetricDataResults"][0]
    assert newest_first["Timestamps"] == [start + n * MINUTE for n in reversed(range(10))]
    assert newest_first["StatusCode"] == "Complete"
    with pytest.raises(ClientError, match="not implemented") as refused:
        speaking.get_metric_data(MetricDataQueries=queries[:1] + [{"Id": "c", "Expression": "SUM(METRICS())"}], **span)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_what_is_not_there_says_so(speaking):
    for call, parameters in [
        (speaking.describe_alarms, {}),
        (speaking.list_dashboards, {}),
        (speaking.describe_anomaly_detectors, {}),
    ]:
        with pytest.raises(ClientError, match="not implemented") as refused:
            call(**parameters)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_the_cli(aws, cloudwatch, namespace):
    aws("cloudwatch", "put-metric-data", "--namespace", namespace, "--metric-name", "n", "--value", "7", "--unit", "Count", "--dimensions", "a=b")
    listed = json.loads(aws("cloudwatch", "list-metrics", "--namespace", namespace).stdout)["Metrics"]
    assert listed == [{"Namespace": namespace, "MetricName": "n", "Dimensions": [{"Name": "a", "Value": "b"}]}]
    start, end = (now() - 10 * MINUTE).isoformat(), (now() + MINUTE).isoformat()
    told = aws(
        "cloudwatch", "get-metric-statistics", "--namespace", namespace, "--metric-name", "n", "--start-time", start, "--end-time", end,
        "--period", "3600", "--statistics", "Maximum", "SampleCount", "--dimensions", "Name=a,Value=b",
    )
    [point] = json.loads(told.stdout)["Datapoints"]
    assert (point["Maximum"], point["SampleCount"], point["Unit"]) == (7, 1, "Count")


@pytest.fixture(scope="module")
def post(server):
    def send(path, body, headers):
        request = AWSRequest("POST", server.url + path, data=body, headers=headers)
        SigV4Auth(Credentials(KEY, SECRET), "monitoring", REGION).add_auth(request)
        return requests.post(server.url + path, data=body, headers=dict(request.headers), timeout=30)

    return send


def test_query_by_hand(post, cloudwatch, namespace):
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    put = f"Action=PutMetricData&Version=2010-08-01&Namespace={namespace}&MetricData.member.1.MetricName=n&MetricData.member.1.Value=2"
    answer = post("/", put, form)
    assert answer.status_code == 200 and b"<PutMetricDataResponse" in answer.content, answer.content
    answer = post("/", gzip.compress(put.encode()), form | {"content-encoding": "gzip"})
    assert answer.status_code == 200, answer.content
    assert total(cloudwatch, namespace, "n") == 4
    answer = post("/", f"Action=ListMetrics&Version=2010-08-01&Namespace={namespace}", form)
    assert re.search(rb"<Metrics><member>.*<MetricName>n</MetricName>.*</member></Metrics>", answer.content), answer.content
    answer = post("/", f"Action=PutMetricData&Version=2010-08-01&Namespace={namespace}", form)
    assert answer.status_code == 400 and b"<Code>MissingParameter</Code>" in answer.content


def test_json_by_hand(post, cloudwatch, namespace):
    target = "GraniteServiceVersion20100801."
    headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": target + "PutMetricData"}
    put = {"Namespace": namespace, "MetricData": [{"MetricName": "n", "Value": 2.5, "Timestamp": time.time()}]}
    assert post("/", json.dumps(put), headers).status_code == 200
    packed = gzip.compress(json.dumps(put).encode())
    assert post("/", packed, headers | {"content-encoding": "gzip"}).status_code == 200
    assert post("/", packed[:20], headers | {"content-encoding": "gzip"}).status_code == 400
    assert total(cloudwatch, namespace, "n") == 5
    answer = post("/", json.dumps({"Namespace": namespace}), headers | {"x-amz-target": target + "ListMetrics"})
    assert answer.json() == {"Metrics": [{"Namespace": namespace, "MetricName": "n", "Dimensions": []}]}
    answer = post("/", json.dumps({"Namespace": namespace}), headers)
    assert answer.headers["x-amzn-query-error"] == "MissingParameter;Sender"


def text(value):
    """A CBOR text by hand (RFC 8949)."""
    return struct.pack(">BB", 0x78, len(value.encode())) + value.encode()


def test_cbor_by_hand(post, cloudwatch, namespace):
    headers = {"smithy-protocol": "rpc-v2-cbor", "accept": "application/cbor", "content-type": "application/cbor"}
    path = "/service/GraniteServiceVersion20100801/operation/"
    datum = b"\xa2" + text("MetricName") + text("n") + text("Value") + b"\xfb" + struct.pack(">d", 1.25)
    put = b"\xa2" + text("Namespace") + text(namespace) + text("MetricData") + b"\x81" + datum
    answer = post(path + "PutMetricData", put, headers)
    assert (answer.status_code, answer.headers["smithy-protocol"]) == (200, "rpc-v2-cbor"), answer.content
    assert total(cloudwatch, namespace, "n") == 1.25
    answer = post(path + "ListMetrics", b"\xa1" + text("Namespace") + text(namespace), headers)
    listed = RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(answer.content)))
    assert [metric["MetricName"] for metric in listed["Metrics"]] == ["n"]


def test_what_was_put_survives(tmp_path, namespace):
    server = Server(tmp_path / "data")
    put = {"Namespace": namespace, "MetricData": [{"MetricName": "n", "Value": 1}]}
    try:
        cloudwatch = client_of(server, "cloudwatch")
        for _ in range(20):
            cloudwatch.put_metric_data(**put)
        server.kill()
        server.start()
        cloudwatch = client_of(server, "cloudwatch")
        assert total(cloudwatch, namespace, "n") == 20
        cloudwatch.put_metric_data(**put)
        # Merged into rows or not: it is counted once.
        until = time.monotonic() + 1
        while time.monotonic() < until:
            assert total(cloudwatch, namespace, "n", period=300) == 21
    finally:
        server.stop()


EMBEDDED = """
import json
def handler(event, context):
    if event.get("fail"):
        raise ValueError("so be it")
    metrics = [{"Name": "orders", "Unit": "Count"}, {"Name": "latency", "Unit": "Milliseconds"}]
    about = {"Timestamp": event["at"], "CloudWatchMetrics": [{"Namespace": event["namespace"], "Dimensions": [["shop"]], "Metrics": metrics}]}
    print(json.dumps({"_aws": about, "shop": "a", "orders": 3, "latency": [1.5, 2.5], "note": "hello"}))
    return 1
"""


@pytest.fixture(scope="module")
def function(client, role, runtimes, isolation):
    functions = client("lambda")
    runtime = runtimes["python"] or pytest.skip("no Python on this host")
    functions.create_function(
        FunctionName="measured", Runtime=runtime, Handler="app.handler", Role=role, Code={"ZipFile": package(app__py=EMBEDDED)}
    )

    def invoke(**event):
        return functions.invoke(FunctionName="measured", Payload=json.dumps(event)).get("FunctionError")

    yield invoke
    functions.delete_function(FunctionName="measured")


def test_functions_are_measured(function, cloudwatch, namespace):
    event = {"namespace": namespace, "at": int(time.time() * 1000)}
    assert [function(**event), function(**event), function(fail=True)] == [None, None, "Unhandled"]
    of = {"Dimensions": [{"Name": "FunctionName", "Value": "measured"}]}
    wait_until("the invocations are counted", lambda: total(cloudwatch, "AWS/Lambda", "Invocations", **of) == 3)
    assert total(cloudwatch, "AWS/Lambda", "Errors", **of) == 1
    assert total(cloudwatch, "AWS/Lambda", "Throttles", **of) == 0
    assert total(cloudwatch, "AWS/Lambda", "ColdStarts", **of) >= 1
    assert total(cloudwatch, "AWS/Lambda", "Duration", "SampleCount", **of) == 3
    assert total(cloudwatch, "AWS/Lambda", "BilledMilliseconds", **of) >= 3
    assert total(cloudwatch, "AWS/Lambda", "GBSeconds", **of) > 0
    assert statistics(cloudwatch, "AWS/Lambda", "MemoryUsed", "Maximum", **of)[0]["Maximum"] > 1
    assert statistics(cloudwatch, "AWS/Lambda", "ConcurrentExecutions", "Maximum", **of)[0]["Maximum"] == 1
    shop = {"Dimensions": [{"Name": "shop", "Value": "a"}]}
    wait_until("the embedded metrics are there", lambda: total(cloudwatch, namespace, "orders", **shop) == 6)
    assert total(cloudwatch, namespace, "latency", **shop) == 8
    put = {"Namespace": "AWS/Lambda", "MetricData": [{"MetricName": "Invocations", "Value": 1}]}
    assert refusal(cloudwatch.put_metric_data, **put) in ("InvalidParameterValue", "InvalidParameterValueException")


def samples(text):
    """The samples of a Prometheus text; every line is one, or a comment."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# "):
            assert re.fullmatch(r"# (HELP \w+ .+|TYPE \w+ (counter|gauge|summary|histogram))", line), line
            continue
        matched = re.fullmatch(r'(\w+)(?:\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)', line)
        assert matched, line
        name, labels, value = matched.groups()
        found[name, tuple(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""))] = float(value)
    return found


def test_prometheus(function, server):
    function(namespace="Scraped", at=int(time.time() * 1000))
    url = f"{server.url}/_clearsky/metrics"
    assert requests.get(url, timeout=10).status_code == 401
    assert requests.get(url, auth=(KEY, "wrong"), timeout=10).status_code == 401
    answer = requests.get(url, auth=(KEY, SECRET), timeout=10)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(answer.text)
    of = (("account", ACCOUNT), ("region", REGION), ("function", "measured"))
    assert found["clearsky_function_invocations_total", of] >= 1
    assert found["clearsky_function_duration_seconds_count", of] == found["clearsky_function_invocations_total", of]
    assert found["clearsky_function_concurrent_executions", of] == 0
    assert found["clearsky_function_environments", ()] >= 1
    assert any(name == "clearsky_pool_blanks" for name, _ in found)
    request = (("service", "lambda"), ("operation", "Invoke"), ("status", "200"))
    assert found["clearsky_request_duration_seconds_count", request] >= 1
    assert found["clearsky_request_duration_seconds_bucket", (*request, ("le", "+Inf"))] >= 1


def test_permissions_are_asked_for(client, server, namespace):
    iam = client("iam")
    iam.create_user(UserName="metrics")
    key = iam.create_access_key(UserName="metrics")["AccessKey"]
    pair = (key["AccessKeyId"], key["SecretAccessKey"])
    theirs = client_of(server, "cloudwatch", key=pair[0], secret=pair[1])
    put = {"MetricData": [{"MetricName": "n", "Value": 1}]}
    assert refusal(theirs.put_metric_data, Namespace=namespace, **put) == "AccessDenied"
    assert requests.get(f"{server.url}/_clearsky/metrics", auth=pair, timeout=10).status_code == 403
    allowed = {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*", "Condition": {"StringEquals": {"cloudwatch:namespace": namespace}}}
    scrape = {"Effect": "Allow", "Action": "cloudwatch:GetMetricData", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed, scrape]})
    iam.put_user_policy(UserName="metrics", PolicyName="metrics", PolicyDocument=policy)
    theirs.put_metric_data(Namespace=namespace, **put)
    assert refusal(theirs.put_metric_data, Namespace="Other", **put) == "AccessDenied"
    assert requests.get(f"{server.url}/_clearsky/metrics", auth=pair, timeout=10).status_code == 200
