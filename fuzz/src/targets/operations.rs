//! Every operation of every house, as what a request is decoded into.

use std::sync::LazyLock;

use service::{Entry, Service};
use wire::Model;

use crate::random::Random;
use crate::sample::Sample;

/// One operation.
pub struct Operation {
    pub model: &'static Model,
    pub entry: &'static Entry,
}

/// All of them, in the order of the houses.
pub static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let of = |service: Service| {
        let Service { model, operations, .. } = service;
        operations.iter().map(move |entry| Operation { model, entry })
    };
    services().into_iter().flat_map(of).collect()
});

fn services() -> Vec<Service> {
    let mut services = iam::services();
    services.extend([
        lambda::service(),
        apigateway::service(),
        dynamodb::service(),
        s3::service(),
        logs::service(),
        clearsky_api::service(),
        ssm::service(),
        cloudwatch::service(),
    ]);
    services
}

/// The operation that the first two bytes choose, and the rest.
pub fn chosen(data: &[u8]) -> Option<(&'static Operation, &[u8])> {
    let (head, body) = data.split_at_checked(2)?;
    let number = head.iter().fold(0, |number, byte| number * 256 + usize::from(*byte));
    let operation = OPERATIONS.get(number % OPERATIONS.len().max(1))?;
    Some((operation, body))
}

/// For each operation some bytes that choose it, with inputs written by `write`.
pub fn samples(write: impl Fn(&Operation, &dyn wire::Structure) -> Option<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut random = Random::new(1);
    let mut found = Vec::new();
    for (number, operation) in OPERATIONS.iter().enumerate() {
        for _ in 0..2 {
            let mut input = (operation.entry.input)();
            let filled = wire::Reader::structure(&mut Sample::new(&mut random), input.as_mut());
            if let Some(written) = filled.ok().and_then(|()| write(operation, input.as_ref())) {
                let choice = [(number / 256) as u8, (number % 256) as u8];
                found.push([choice.as_slice(), &written].concat());
            }
        }
    }
    found
}
