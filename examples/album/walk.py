"""Walks through a deployed album once, as a phone would, and says what to try:

python3 walk.py --data-dir .clearsky --binary target/release/clearsky

Deploys first. The server of the data directory must run.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

HERE = pathlib.Path(__file__).parent
PICTURE = HERE / "picture.jpg"


def request(method, url, body=None, headers=None):
    """The status, headers and body of one HTTP request."""
    asked = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return answer.status, answer.headers, answer.read()


def say(method, url, body=None):
    """A request to the API, shown, with its JSON answer."""
    text = json.dumps(body).encode() if body else None
    status, _, text = request(method, url, text, {"content-type": "application/json"})
    print(f"  {method} {url} -> {status}")
    return json.loads(text)


def walk(endpoint):
    """Creates an album, uploads a picture by URL, lists, reads the picture back. Returns the album's id."""
    album = say("POST", f"{endpoint}/albums", {"title": "Summer"})["album"]
    asked = say("POST", f"{endpoint}/albums/{album}/pictures", {"name": "meadow.jpg", "type": "image/jpeg"})
    picture = PICTURE.read_bytes()
    status, _, _ = request("PUT", asked["upload"], picture, asked["headers"])
    print(f"  PUT <presigned URL> ({len(picture)} bytes) -> {status}")
    listed = say("GET", f"{endpoint}/albums/{album}")["pictures"]
    assert [p["name"] for p in listed] == ["meadow.jpg"], listed
    status, headers, read = request("GET", listed[0]["url"])
    assert read == picture and headers["content-type"] == "image/jpeg"
    print(f"  GET <presigned URL> -> {status}, {len(read)} bytes, the same")
    status, headers, page = request("GET", f"{endpoint}/")
    assert b"<title>Album</title>" in page and headers["content-type"].startswith("text/html")
    print(f"  GET {endpoint}/ -> {status}, the page")
    return album


def environment(binary, data_dir):
    """The variables that `clearsky env` prints."""
    shown = subprocess.run([binary, "env", "--data-dir", data_dir], check=True, capture_output=True, text=True).stdout
    exports = [line.removeprefix("export ").split("=", 1) for line in shown.splitlines() if line.startswith("export ")]
    return {name: value.strip("'") for name, value in exports}


def runtime(binary, data_dir, family):
    """The newest runtime of a family that functions of this host can use."""
    listed = subprocess.run([binary, "runtimes", "list", "--data-dir", data_dir], check=True, capture_output=True, text=True)
    names = [line.split()[0] for line in listed.stdout.splitlines() if line.startswith(family) and "not usable" not in line]
    if not names:
        sys.exit(f"the album needs a {family} on this host:\n{listed.stdout}")
    return max(names, key=lambda name: int("".join(c for c in name.removeprefix(family) if c.isdigit())))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", default=".clearsky")
    parser.add_argument("--binary", default="clearsky")
    options = parser.parse_args()
    variables = environment(options.binary, options.data_dir)
    python, node = (runtime(options.binary, options.data_dir, family) for family in ("python3", "nodejs"))
    print(f"deploying the album ({python}, {node}) ...")
    deploy = [sys.executable, HERE / "deploy.py", "--python", python, "--node", node]
    done = subprocess.run(deploy, check=True, capture_output=True, text=True, env=os.environ | variables)
    endpoint = json.loads(done.stdout)["endpoint"]
    print("walking through it:")
    album = walk(endpoint)
    print(f"""
Try it:
  in a browser          {endpoint}/
  curl                  curl {endpoint}/albums/{album}
  any AWS client        eval "$({options.binary} env --data-dir {options.data_dir})"
                        aws lambda list-functions
                        aws logs filter-log-events --log-group-name /aws/lambda/album-api
                        aws dynamodb scan --table-name album""")


if __name__ == "__main__":
    main()
