//! `cargo xtask models`: the facts of the botocore models, without their prose.

use std::path::Path;
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
];

/// Unpacks a model and drops what is not a fact.
const STRIP: &str = include_str!("models.py");

pub fn run(root: &Path) -> anyhow::Result<()> {
    let folder = root.join("target/models");
    std::fs::create_dir_all(&folder)?;
    let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target"];
    let status = Command::new("python3").args(pip).arg(&folder).arg(BOTOCORE).status();
    ensure!(status.context("python3 is needed")?.success(), "pip could not fetch {BOTOCORE}");
    for (house, model, source) in MODELS {
        let from = folder.join("botocore/data").join(source).join("service-2.json.gz");
        let to = root.join("services").join(house).join("model");
        std::fs::create_dir_all(&to)?;
        let to = to.join(format!("{model}.json"));
        let status = Command::new("python3").args(["-c", STRIP]).arg(&from).arg(&to).status()?;
        ensure!(status.success(), "could not strip {}", from.display());
        println!("{}", to.strip_prefix(root)?.display());
    }
    Ok(())
}
