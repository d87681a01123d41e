"""The album's API: albums and pictures, kept in a table and a bucket."""
import base64
import json
import os
import re
import uuid
from datetime import datetime, timezone

import boto3
from boto3.dynamodb.conditions import Key
from botocore.config import Config

TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])
BUCKET = os.environ["BUCKET"]
S3 = boto3.client("s3", config=Config(signature_version="s3v4"))

URL_LIFETIME_S = 900
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")


class Refused(Exception):
    """The request is not right: its status and text go to the client."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status, self.text = status, text


def create_album(event):
    title = body(event).get("title", "").strip()
    if not 0 < len(title) <= 100:
        raise Refused(400, "title: 1 to 100 characters")
    album = {"pk": "albums", "sk": uuid.uuid4().hex, "title": title, "created": now()}
    TABLE.put_item(Item=album, ConditionExpression="attribute_not_exists(pk)")
    return 201, {"album": album["sk"], "title": title}


def list_albums(_event):
    found = TABLE.query(KeyConditionExpression=Key("pk").eq("albums"))["Items"]
    return 200, {"albums": [{"album": a["sk"], "title": a["title"], "created": a["created"]} for a in found]}


def get_album(event):
    album = find(event)
    found = TABLE.query(KeyConditionExpression=Key("pk").eq(f"album#{album['sk']}"))["Items"]
    pictures = []
    for picture in found:
        key = f"{album['sk']}/{picture['sk']}"
        url = S3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": key}, URL_LIFETIME_S)
        pictures.append({"name": picture["sk"], "type": picture["type"], "url": url})
    return 200, {"album": album["sk"], "title": album["title"], "pictures": pictures}


def add_picture(event):
    album, asked = find(event), body(event)
    name, content_type = asked.get("name", ""), asked.get("type", "image/jpeg")
    if not NAME.match(name):
        raise Refused(400, "name: letters, digits, dot, dash and underscore, up to 100")
    if not content_type.startswith("image/"):
        raise Refused(400, "type: an image type")
    TABLE.update_item(
        Key={"pk": f"album#{album['sk']}", "sk": name},
        UpdateExpression="SET #t = :t, asked = :now ADD versions :one",
        ExpressionAttributeNames={"#t": "type"},
        ExpressionAttributeValues={":t": content_type, ":now": now(), ":one": 1},
    )
    parameters = {"Bucket": BUCKET, "Key": f"{album['sk']}/{name}", "ContentType": content_type}
    url = S3.generate_presigned_url("put_object", parameters, URL_LIFETIME_S)
    return 201, {"name": name, "upload": url, "headers": {"Content-Type": content_type}}


ROUTES = {
    "POST /albums": create_album,
    "GET /albums": list_albums,
    "GET /albums/{album}": get_album,
    "POST /albums/{album}/pictures": add_picture,
}


def handler(event, _context):
    route = event["routeKey"]
    try:
        status, answer = ROUTES[route](event)
    except Refused as refused:
        status, answer = refused.status, {"message": refused.text}
    print(json.dumps({"route": route, "status": status}))
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(answer)}


def find(event):
    key = {"pk": "albums", "sk": event["pathParameters"]["album"]}
    album = TABLE.get_item(Key=key, ConsistentRead=True).get("Item")
    if album is None:
        raise Refused(404, "no such album")
    return album


def body(event):
    text = event.get("body") or "{}"
    try:
        # API Gateway encodes what it does not take for text: a plain `curl -d` sends a form's type.
        parsed = json.loads(base64.b64decode(text) if event["isBase64Encoded"] else text)
    except ValueError:
        raise Refused(400, "the body is not JSON") from None
    if not isinstance(parsed, dict):
        raise Refused(400, "the body is not a JSON object")
    return parsed


def now():
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
