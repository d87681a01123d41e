//! Listings.

use crate::kit::{S3, code, element, elements};

const KEYS: [&str; 9] =
    ["a.txt", "photos/1.jpg", "photos/2.jpg", "photos/raw/1", "photos/raw/2", "photos0", "sets/x/1", "sets/y/1", "z"];

async fn filled() -> S3 {
    let s3 = S3::new().await;
    for key in KEYS {
        s3.put(key, key).await;
    }
    s3
}

/// Keys, common prefixes with a star, and `more` if there is more.
fn shown(xml: &str) -> String {
    let contents = elements(xml, "Contents").into_iter().map(|c| element(c, "Key").to_owned());
    let prefixes = elements(xml, "CommonPrefixes").into_iter().map(|p| format!("{}*", element(p, "Prefix")));
    let more = (element(xml, "IsTruncated") == "true").then(|| "more".to_owned());
    contents.chain(prefixes).chain(more).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn prefixes_and_delimiters() {
    let s3 = filled().await;
    let table = [
        ("", KEYS.join(" ")),
        ("&prefix=photos/", "photos/1.jpg photos/2.jpg photos/raw/1 photos/raw/2".into()),
        ("&delimiter=/", "a.txt photos0 z photos/* sets/*".into()),
        ("&prefix=photos/&delimiter=/", "photos/1.jpg photos/2.jpg photos/raw/*".into()),
        ("&prefix=photos&delimiter=/", "photos0 photos/*".into()),
        ("&prefix=sets/&delimiter=/", "sets/x/* sets/y/*".into()),
        ("&delimiter=raw", "a.txt photos/1.jpg photos/2.jpg photos0 sets/x/1 sets/y/1 z photos/raw*".into()),
        ("&start-after=photos/raw/2", "photos0 sets/x/1 sets/y/1 z".into()),
        ("&start-after=photos/&delimiter=/", "photos0 z sets/*".into()),
        ("&start-after=photos/2.jpg&delimiter=/", "photos0 z photos/* sets/*".into()),
        ("&prefix=none", "".into()),
        ("&max-keys=0", "".into()),
        ("&max-keys=2", "a.txt photos/1.jpg more".into()),
        ("&max-keys=9", KEYS.join(" ")),
        ("&max-keys=4&delimiter=/", "a.txt photos0 photos/* sets/* more".into()),
        ("&max-keys=5&delimiter=/", "a.txt photos0 z photos/* sets/*".into()),
    ];
    for (query, expected) in table {
        let xml = s3.ok(&format!("GET /photos?list-type=2{query}"), &[], "").await.text();
        assert_eq!(shown(&xml), expected, "{query}");
        let count = elements(&xml, "Contents").len() + elements(&xml, "CommonPrefixes").len();
        assert_eq!(element(&xml, "KeyCount"), count.to_string(), "{query}");
    }
    assert_eq!(s3.code("GET /photos?list-type=2&max-keys=-1", &[], "").await, "400 InvalidArgument");
    assert_eq!(s3.code("GET /nowhere?list-type=2", &[], "").await, "404 NoSuchBucket");
}

#[tokio::test]
async fn an_entry_says_what_it_is() {
    let s3 = S3::new().await;
    s3.put("a", "abc").await;
    let xml = s3.ok("GET /photos?list-type=2&fetch-owner=true", &[], "").await.text();
    assert!(xml.contains("<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"), "{xml}");
    let entry = element(&xml, "Contents");
    assert_eq!(element(entry, "LastModified"), "2026-11-24T00:00:00.000Z");
    assert_eq!(element(entry, "ETag"), "&quot;900150983cd24fb0d6963f7d28e17f72&quot;");
    assert_eq!((element(entry, "Size"), element(entry, "StorageClass")), ("3", "STANDARD"));
    assert_eq!((element(entry, "ChecksumAlgorithm"), element(entry, "ChecksumType")), ("CRC64NVME", "FULL_OBJECT"));
    assert_eq!(element(entry, "ID").len(), 64);
    assert_eq!((element(&xml, "Name"), element(&xml, "MaxKeys")), ("photos", "1000"));
    let without = s3.ok("GET /photos?list-type=2", &[], "").await.text();
    assert!(!without.contains("<Owner>"));
}

#[tokio::test]
async fn pages_join_into_the_whole() {
    let s3 = filled().await;
    for (query, expected) in [("", KEYS.join(" ")), ("&delimiter=/", "a.txt photos/* photos0 sets/* z".into())] {
        for max_keys in 1..=5 {
            let (mut all, mut token, mut marker) = (Vec::new(), String::new(), String::new());
            loop {
                let line = format!("GET /photos?list-type=2&max-keys={max_keys}{query}{token}");
                let xml = s3.ok(&line, &[], "").await.text();
                let old = s3.ok(&format!("GET /photos?max-keys={max_keys}{query}{marker}"), &[], "").await.text();
                assert_eq!(shown(&xml), shown(&old), "{line}");
                all.extend(shown(&xml).split(' ').filter(|key| *key != "more").map(str::to_owned));
                match element(&xml, "NextContinuationToken") {
                    "" => break,
                    next => token = format!("&continuation-token={next}"),
                }
                // Without a delimiter there is no NextMarker: the last key is it.
                let next = match element(&old, "NextMarker") {
                    "" => elements(&old, "Key").last().map(|key| (*key).to_owned()).unwrap_or_default(),
                    next => next.to_owned(),
                };
                marker = format!("&marker={next}");
            }
            all.sort_by_key(|key| key.trim_end_matches('*').to_owned());
            assert_eq!(all.join(" "), expected, "{query} by {max_keys}");
        }
    }
    assert_eq!(s3.code("GET /photos?list-type=2&continuation-token=made-up", &[], "").await, "400 InvalidArgument");
}

#[tokio::test]
async fn large_prefixes_are_skipped_not_read() {
    let s3 = S3::new().await;
    for folder in ["a", "b", "c"] {
        for i in 0..120 {
            s3.put(&format!("{folder}/{i:03}"), "").await;
        }
    }
    for i in 0..60 {
        s3.put(&format!("d{i:02}"), "").await;
    }
    let cx = s3.kit.cx(&service::testing::Kit::root(), "s3").unwrap();
    let entry = s3::service().operations.iter().find(|entry| entry.facts.name == "ListObjectsV2").unwrap();
    let service::Run::Tx(run) = &entry.run else { unreachable!() };
    let mut input = (entry.input)();
    let document = r#"{"Bucket":"photos","Delimiter":"/"}"#;
    let read = wire::protocol::read_document(input.as_mut(), &serde_json::from_str(document).unwrap());
    assert!(read.unwrap().is_empty());
    let mut tx = s3.kit.platform.begin().await.unwrap();
    let output = run(&cx, &mut tx, input.as_ref()).await.unwrap();
    let document = wire::protocol::write_document(output.as_ref());
    assert_eq!(document["KeyCount"], 63);
    let reads = tx.counts().reads;
    assert!(reads < 160, "{reads} rows read for 63 entries over 420 objects");
}

#[tokio::test]
async fn keys_may_be_asked_for_encoded() {
    let s3 = S3::new().await;
    s3.put("a%20b%2B%26%01/c", "").await;
    let line = "GET /photos?list-type=2&encoding-type=url&prefix=a%20&delimiter=/&start-after=a%20";
    let xml = s3.ok(line, &[], "").await.text();
    assert_eq!(element(element(&xml, "CommonPrefixes"), "Prefix"), "a+b%2B%26%01/");
    assert_eq!((element(&xml, "EncodingType"), element(&xml, "StartAfter")), ("url", "a+"));
    let all = s3.ok("GET /photos?encoding-type=url", &[], "").await.text();
    assert_eq!(element(element(&all, "Contents"), "Key"), "a+b%2B%26%01/c");
    assert_eq!(s3.code("GET /photos?encoding-type=base64", &[], "").await, "400 InvalidArgument");
}

#[tokio::test]
async fn neighbours_do_not_show() {
    let s3 = S3::new().await;
    s3.ok("PUT /photos-2", &[], "").await;
    s3.put("a", "").await;
    s3.ok("PUT /photos-2/b", &[], "").await;
    assert_eq!(shown(&s3.ok("GET /photos?list-type=2", &[], "").await.text()), "a");
    assert_eq!(shown(&s3.ok("GET /photos-2?list-type=2", &[], "").await.text()), "b");
    assert_eq!(code(&s3.send("GET /photos-3?list-type=2", &[], "").await), "404 NoSuchBucket");
}

#[tokio::test]
async fn numbers_that_are_none() {
    let s3 = S3::new().await;
    for (query, expected) in [
        ("max-keys=abc", "Provided max-keys not an integer or within integer range"),
        ("max-keys=99999999999", "Provided max-keys not an integer or within integer range"),
        ("list-type=2&max-keys=1.5", "Provided max-keys not an integer or within integer range"),
        ("max-keys=-1", "Argument maxKeys must be an integer between 0 and 2147483647"),
    ] {
        let refused = s3.send(&format!("GET /photos?{query}"), &[], "").await;
        assert_eq!(code(&refused), "400 InvalidArgument", "{query}");
        assert_eq!(element(&refused.text(), "Message"), expected, "{query}");
    }
    assert_eq!(element(&s3.ok("GET /photos?max-keys=", &[], "").await.text(), "MaxKeys"), "1000");
    assert_eq!(s3.code("GET /photos?list-type=2&continuation-token=", &[], "").await, "200");
    assert_eq!(s3.code("GET /photos?list-type=2&continuation-token=x", &[], "").await, "400 InvalidArgument");
}

#[tokio::test]
async fn keys_that_xml_cannot_carry_are_references() {
    let s3 = S3::new().await;
    s3.put("a%01b%0Dc", "").await;
    let listed = s3.ok("GET /photos", &[], "").await.text();
    assert_eq!(elements(&listed, "Key"), ["a&#x1;b&#13;c"]);
    let listed = s3.ok("GET /photos?encoding-type=url", &[], "").await.text();
    assert_eq!(elements(&listed, "Key"), ["a%01b%0Dc"]);
}

#[tokio::test]
async fn a_bucket_that_is_not_there_lists_nothing() {
    let s3 = S3::new().await;
    for line in ["GET /none", "GET /none?list-type=2"] {
        assert_eq!(s3.code(line, &[], "").await, "404 NoSuchBucket", "{line}");
    }
}
