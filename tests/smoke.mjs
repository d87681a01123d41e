// The AWS SDK for JavaScript v3 against the server that the AWS_* variables name; prints one JSON object.
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { paginateGetParametersByPath, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { Readable } from "node:stream";

const said = {};

const sts = new STSClient({});
said.account = (await sts.send(new GetCallerIdentityCommand({}))).Account;

const s3 = new S3Client({ forcePathStyle: true });
const Bucket = "from-javascript";
await s3.send(new CreateBucketCommand({ Bucket }));
await s3.send(new PutObjectCommand({ Bucket, Key: "whole", Body: "by the JavaScript SDK" }));
// A stream goes out as aws-chunked with a checksum behind it.
const pieces = Array.from({ length: 40 }, (_, i) => Buffer.alloc(5000, i));
await s3.send(new PutObjectCommand({ Bucket, Key: "streamed", Body: Readable.from(pieces), ContentLength: 200000 }));
const got = await s3.send(new GetObjectCommand({ Bucket, Key: "streamed" }));
said.streamed = Buffer.concat(pieces).equals(Buffer.from(await got.Body.transformToByteArray()));
said.listed = (await s3.send(new ListObjectsV2Command({ Bucket }))).Contents.map((object) => object.Key);
const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "whole" }), { expiresIn: 60 });
said.presigned = await (await fetch(url)).text();
said.missing = await s3.send(new GetObjectCommand({ Bucket, Key: "none" })).catch((error) => error.name);

const db = new DynamoDBClient({});
const TableName = "from-javascript";
await db.send(new CreateTableCommand({
  TableName,
  BillingMode: "PAY_PER_REQUEST",
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
}));
await db.send(new PutItemCommand({ TableName, Item: { pk: { S: "a" }, n: { N: "12345678901234567890.5" } } }));
const item = await db.send(new GetItemCommand({ TableName, Key: { pk: { S: "a" } } }));
said.number = item.Item.n.N;
const once = { TableName, Item: { pk: { S: "a" } }, ConditionExpression: "attribute_not_exists(pk)" };
said.condition = await db.send(new PutItemCommand(once)).catch((error) => error.name);

const lambda = new LambdaClient({});
const absent = new InvokeCommand({ FunctionName: "nobody" });
said.absent = await lambda.send(absent).catch((error) => error.name);

const ssm = new SSMClient({});
for (const [name, Value] of [["host", "db.local"], ["port", "5432"]]) {
  await ssm.send(new PutParameterCommand({ Name: `/from-javascript/${name}`, Value, Type: "SecureString" }));
}
said.parameters = {};
const path = { Path: "/from-javascript", WithDecryption: true };
for await (const page of paginateGetParametersByPath({ client: ssm, pageSize: 1 }, path)) {
  for (const { Name, Value } of page.Parameters) said.parameters[Name] = Value;
}

console.log(JSON.stringify(said));
