//! `cargo xtask models`: the facts of the botocore models, without their prose.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// The botocore release whose models we keep.
const BOTOCORE: &str = "botocore==1.44.5";

/// House, model, botocore's folder.
const MODELS: &[(&str, &str, &str)] = &[
    ("iam", "iam", "iam/2010-05-08"),
    ("iam", "sts", "sts/2011-06-15"),
    ("lambda", "lambda", "lambda/2015-03-31"),
    ("apigateway", "apigatewayv2", "apigatewayv2/2018-11-29"),
    ("s3", "s3", "s3/2006-03-01"),
    ("dynamodb", "dynamodb", "dynamodb/2012-08-10"),
    ("logs", "logs", "logs/2014-03-28"),
    ("ssm", "ssm", "ssm/2014-11-06"),
    ("cloudwatch", "cloudwatch", "cloudwatch/2010-08-01"),
];

/// Unpacks a model and drops what is not a fact.
const STRIP: &str = include_str!("models.py");

pub fn run(root: &Path) -> anyhow::Result<()> {
    let botocore = fetch(root)?;
    for (house, model, source) in MODELS {
        let folder = root.join("services").join(house).join("model");
        std::fs::create_dir_all(&folder)?;
        let to = folder.join(format!("{model}.json"));
        strip(&botocore.join(source), &to)?;
        println!("{}", to.strip_prefix(root)?.display());
    }
    Ok(())
}

/// Installs botocore, unless it is there already, and answers where its models are.
pub fn fetch(root: &Path) -> anyhow::Result<PathBuf> {
    let folder = root.join("target/models");
    std::fs::create_dir_all(&folder)?;
    let installed = folder.join(format!("{}.dist-info", BOTOCORE.replace("==", "-")));
    if !installed.is_dir() {
        let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target"];
        let status = Command::new("python3").args(pip).arg(&folder).arg(BOTOCORE).status();
        ensure!(status.context("python3 is needed")?.success(), "pip could not fetch {BOTOCORE}");
    }
    Ok(folder.join("botocore/data"))
}

/// Writes the facts of the model in a folder of botocore's.
pub fn strip(folder: &Path, to: &Path) -> anyhow::Result<()> {
    let from = folder.join("service-2.json.gz");
    let status = Command::new("python3").args(["-c", STRIP]).arg(&from).arg(to).status();
    ensure!(status.context("python3 is needed")?.success(), "could not strip {}", from.display());
    Ok(())
}
